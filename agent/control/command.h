/*
 * One command on one domain, from sending it to knowing what became of it.
 *
 * ldmd may refuse a command and carry it out all the same, report success and do less, or not
 * answer and carry it out minutes later. So the agent reads the domain after each command. What the
 * domain shows decides; ldmd's answer decides only how long the agent goes on reading.
 *
 *	IDLE -> SLOT -> SENT -> LOOK <-> WAIT -> IDLE (ended() is called)
 *
 * A look is one such query. A command that is dropped during a look is ABANDONED until the look's
 * callback has come.
 */
#ifndef CONTROL_COMMAND_H
#define CONTROL_COMMAND_H

#include "control/port.h"

enum command_state {
	COMMAND_IDLE,
	COMMAND_SLOT, /* waits for one of the COMMANDS_MAX connections */
	COMMAND_SENT,
	COMMAND_LOOK, /* the agent reads the domain */
	COMMAND_WAIT, /* until the next look */
	COMMAND_ABANDONED,
	_COMMAND_STATE_MAX,
};

struct command_config {
	uint64_t timeout_ms;	 /* commandTimeout */
	uint64_t force_after_ms; /* forceStopAfter; 0: never */
};

/* What all commands share. */
struct commands {
	struct port port;
	struct command_config config;
	size_t out; /* commands that wait for an answer, at most COMMANDS_MAX */
	bool kick;  /* something changed that another run may wait for: one more executor turn */
};

/* The domain that commands are about, as the agent read it last; or the host. */
struct target {
	struct set_request request;
	bool saved;		     /* the host: a configuration of the name exists */
	const struct domain *domain; /* a reference; NULL: ldmd has no domain of that name */
	char *message;		     /* for the operation row: ldmd's words or ours; NULL: none */
};

void target_clear(struct target *t);
/* What a look asks for: the domain's name, or LOOK_AT_SPCONFIGS for the host. Never NULL. */
const char *target_name(const struct target *t);
/* Keeps what a look found. d NULL: no such domain. s: the snapshot, for the configurations. */
void target_learn(struct target *t, const struct domain *d, const struct snapshot *s);
enum step_progress target_progress(const struct target *t, const struct step *s);
/* NULL: no message. Logs when there is no memory. */
void target_set_message(struct target *t, const char *message);

typedef void command_ended_cb(void *user, enum step_mark mark);

struct command {
	enum command_state state;
	struct commands *all;
	struct target *target;
	command_ended_cb *ended;
	void *user;
	struct step step;
	bool sent;
	bool forced;	  /* a forced stop, after another stop that ldmd may still carry out */
	bool look_failed; /* the last look since the command was sent */
	bool timed_out;	  /* ldmd refused it because the guest did not stop in time */
	enum command_answer answer;
	void *ticket; /* of struct port, for cancel */
	uint64_t sent_ms;
	uint64_t deadline_ms;	/* commandTimeout after it was sent */
	uint64_t force_at_ms;	/* when stop_harder() is due; CLOCK_NEVER: never */
	uint64_t show_until_ms; /* how long a success may take to show; 0: not set yet */
	uint64_t look_at_ms;	/* when the next look is due */
	uint64_t poll_ms;	/* the pause before the look that follows it */
};

/* Sends the step as soon as a connection is free. c must be IDLE; all and t are borrowed. ended()
 * may be called before this returns. */
void command_begin(struct command *c, struct commands *all, struct target *t, const struct step *s,
	command_ended_cb *ended, void *user, uint64_t now_ms);
/* Gives the command up; the domain stays as it is, and ended() is not called. */
void command_drop(struct command *c);
/* Does what is due. next: when that is; CLOCK_NEVER: it waits for ldmd or for a connection. */
void command_turn(struct command *c, uint64_t now_ms);
uint64_t command_next(const struct command *c);
/* The command was sent, and its answer was lost or the last look failed. */
bool command_is_uncertain(const struct command *c);
/* A new snapshot: it may show what a command that waits for its next look would ask for. */
void command_see(struct command *c, const struct snapshot *s);

#endif
