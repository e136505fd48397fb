/*
 * Runs transactions in the ldm thread, one step of each at a time, different domains side by side.
 *
 * It sees ldmd through a port (send a command, look at a domain), so tests script ldmd in a few
 * lines. After every command, whatever was answered, it looks, and what it sees decides.
 */
#ifndef CONTROL_EXECUTOR_H
#define CONTROL_EXECUTOR_H

#include "control/handover.h"
#include "control/plan.h"
#include "control/transaction.h"

#define EXECUTOR_COMMANDS 4 /* that run at the same time */

struct executor;
struct journal;

/* How a command ended, as far as its connection tells. */
enum command_outcome {
	COMMAND_DONE,	   /* ldmd says success */
	COMMAND_REFUSED,   /* ldmd says failure */
	COMMAND_NOT_SENT,  /* never left us */
	COMMAND_UNCERTAIN, /* sent, no answer: lost, or too late */
};

typedef void command_cb(void *user, enum command_outcome outcome, const char *message);
typedef void look_cb(void *user, int err, const struct domain *domain);

struct executor_port {
	/* One command; cb is called exactly once, later, unless it is cancelled. The step's value
	 * is what to send. *ret_ticket names it for cancel. -ENOMEM and the like: not sent, and
	 * *ret_why says why when there is more to say (static text). */
	int (*command)(void *user, const struct step *step, const struct set_request *request,
		const char *domain, uint64_t timeout_ms, command_cb *cb, void *cb_user,
		void **ret_ticket, const char **ret_why);
	/* Give up waiting for its answer; cb will not be called. */
	void (*cancel)(void *user, void *ticket);
	/* Read one domain afresh; published before cb. err 0 and NULL: ldmd has none. */
	int (*look)(void *user, const char *domain, look_cb *cb, void *cb_user);
	/*
	 * Rows that managers are making. row: what the snapshot has, NULL for none or a domain of
	 * ldmd; borrowed until the next turn. put: makes or changes one as the request says,
	 * -ERANGE and -EEXIST for an index or name that is taken. restore: as it was, NULL takes it
	 * away.
	 */
	const struct domain *(*row)(void *user, uint32_t index);
	int (*put_row)(void *user, const struct set_request *request);
	void (*restore_row)(void *user, uint32_t index, const struct domain *row);
	/* A command changed something at ldmd. */
	void (*changed)(void *user);
	uint64_t (*now)(void *user);
};

struct executor_config {
	uint64_t command_timeout_ms;
	uint64_t force_stop_after_ms; /* 0: never */
	uint64_t settle_ms;	      /* how long an uncertain command may still show; 0: 10000 */
	uint64_t poll_ms;  /* between looks at a domain on its way; 0: 250, rising to 2000 */
	uint64_t begin_ms; /* how long step 0 is tried while ldmd does not answer; 0: 30000 */
	uint64_t keep_ms;  /* how long a finished one can be undone without a word; 0: 600000 */
};

int executor_new(const struct executor_config *config, const struct executor_port *port,
	void *port_user, struct handover *h, struct journal *j, struct executor **ret);
/* What runs is left as it is; the journal tells the next start. */
void executor_free(struct executor *x);
void executor_configure(struct executor *x, const struct executor_config *config);

/* Orders from the handover. */
void executor_start(struct executor *x, struct transaction *t, uint64_t now_ms);
void executor_undo(struct executor *x, uint32_t id, uint64_t now_ms);
void executor_keep(struct executor *x, uint32_t id, uint64_t now_ms);

/* Time. next: when the next turn is due at the latest, UINT64_MAX when nothing waits. */
uint64_t executor_next(const struct executor *x);
void executor_turn(struct executor *x, uint64_t now_ms);
/* A new picture of the host: who waits for a domain of it need not ask for it. */
void executor_see(struct executor *x, const struct snapshot *s);

/* For rows, as in "vcpus=4 memory=2048M crypto=0 state=active"; the caller frees. NULL: none. */
char *executor_describe(const struct domain *d);

/*
 * Nothing new begins, and what has sent nothing yet is over. What runs may go on for grace_ms, then
 * no command is sent any more; the journal settles the rest at the next start. Idle: nothing is
 * being done.
 */
void executor_stop(struct executor *x, uint64_t now_ms, uint64_t grace_ms);
bool executor_idle(const struct executor *x);
/* A transaction about this row waits or runs. */
bool executor_works_on(const struct executor *x, uint32_t index);

#endif
