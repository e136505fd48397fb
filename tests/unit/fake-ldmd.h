/*
 * ldmd as far as the executor sees it, in a few lines and with a clock that only tests move: a few
 * domains, commands that take time, and whatever can go wrong with one of them.
 */
#ifndef TESTS_UNIT_FAKE_LDMD_H
#define TESTS_UNIT_FAKE_LDMD_H

#include "control-fixture.h"

#include "control/executor.h"
#include "control/history.h"
#include "control/handover.h"

#define FAKE_DOMAINS 8
#define FAKE_EVENTS  256
#define FAKE_LOG     4096

/* What happens to a command. */
enum fault {
	FAULT_NONE,
	FAULT_REFUSED,
	FAULT_REFUSED_BUT_DONE,
	FAULT_REFUSED_LATER,   /* after a second */
	FAULT_SLOW,	       /* done and told after a second */
	FAULT_GIVES_LESS,      /* success, half way */
	FAULT_REFUSED_HALF,    /* failure, half way */
	FAULT_DOES_NOTHING,    /* success, nothing happens */
	FAULT_LOST_BEFORE,     /* never left */
	FAULT_LOST_NOT_DONE,   /* no answer, not done */
	FAULT_LOST_DONE,       /* no answer, done at once */
	FAULT_LOST_DONE_LATER, /* no answer, done two seconds later */
	FAULT_HANG,	       /* no answer until the time-out, never done */
	FAULT_HANG_DONE,       /* no answer until the time-out, done meanwhile */
	FAULT_TIMES_OUT_STOPS, /* a stop: refused, but the guest goes down */
	FAULT_STAYS_UNDERWAY,  /* success, but the state never settles */
	_FAULT_MAX,
};

struct fake_domain {
	const char *name;
	bool exists;
	uint32_t index;
	enum domain_state state;
	uint32_t vcpus, mb, crypto;
	bool dr, migrating;
	uint32_t whole_core;
};

struct fake_command {
	struct step step;
	char domain[32];
	uint64_t value;
	command_cb *cb;
	void *user;
	enum command_answer outcome;
	bool answered, cancelled;
};

struct fake_event {
	uint64_t at_ms;
	unsigned order;
	struct fake_command *answer, *apply, *half, *settle;
	refresh_domain_cb *look;
	void *look_user;
	char domain[32];
};

struct fake {
	uint64_t now;
	unsigned order;
	struct fake_domain d[FAKE_DOMAINS];
	struct fake_event events[FAKE_EVENTS];
	size_t n_events;
	struct fake_command *commands[FAKE_EVENTS];
	size_t n_commands, out, most_out;
	/* Faults: the nth command of that action (from 0) gets it. */
	struct {
		enum step_action action;
		unsigned nth;
		enum fault fault;
	} faults[8];
	size_t n_faults;
	unsigned seen[_STEP_ACTION_MAX];
	bool deaf;	     /* looks fail */
	const char *deaf_to; /* those at this domain do */
	const char *pending; /* a delayed reconfiguration of this domain waits */
	const char *refusal; /* what refused commands are told; NULL: "ldmd says no" */
	bool drops_cores;    /* the whole-core constraint is lost by set-vcpu */
	bool no_template;    /* add-domain cannot be put together */
	int send_error;	     /* a negative errno: no command can be sent */
	size_t looks;
	uint64_t transition_ms;		 /* how long states are on their way */
	char log[FAKE_LOG];		 /* "set-vcpu a 8, stop-domain a -f" */
	const struct domain *row;	 /* the one row that is being made */
	const struct snapshot *replaced; /* let go of when a row is restored: there is another */
	int put_row_result;
	size_t puts, restores;

	char *directory;
	struct handover *handover;
	struct history *history;
	struct executor *executor;
	struct inbox inbox;
	struct verdict verdicts[16]; /* by transaction id */
	unsigned verdict_count[16];
};

/* A command reaches its domain: all of it, half of it, or it stays on its way. */
void fake_apply(struct fake *f, struct fake_command *c, bool half, bool stay);

void fake_init(struct fake *f, const struct command_config *config);
void fake_clear(struct fake *f);

/* Takes over what was handed to the other side: verdicts and operation rows. */
void fake_receive(struct fake *f);

/* Lets time pass until then, or until nothing is left to happen (the answer: whether there is). */
bool fake_run(struct fake *f, uint64_t for_ms);

/* Hands a PDU over, one domain for each request; the id of the transaction. */
uint32_t fake_set(struct fake *f, const struct set_varbind *v, size_t n);

/* The row of a domain in a transaction. */
const struct operation *fake_operation(struct fake *f, uint32_t id, uint32_t index);

#endif
