/*
 * One command on one domain, from sending it to knowing what became of it.
 *
 * ldmd may refuse a command and do it, agree and do less, or say nothing and do it minutes later.
 * So the answer only says how long to look; what the domain shows decides.
 *
 *	IDLE -> SLOT -> SENT -> LOOK <-> WAIT -> IDLE (ended() is called)
 *
 * A command that is dropped while the agent looks is ABANDONED until the look has come back.
 */
#ifndef CONTROL_COMMAND_H
#define CONTROL_COMMAND_H

#include "control/port.h"

enum command_state {
	COMMAND_IDLE,
	COMMAND_SLOT, /* waits for one of the COMMANDS_MAX connections */
	COMMAND_SENT,
	COMMAND_LOOK, /* the agent asked how the domain is */
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
	size_t out; /* how many wait for an answer */
	bool kick;  /* something ended: another command may go on */
};

/* The domain that commands are about, as the agent saw it last; or the host. */
struct target {
	struct set_request request;
	bool saved;		     /* of a request to save: a configuration of the name exists */
	const struct domain *domain; /* a reference; NULL: ldmd has none of that name */
	char *message;		     /* what ldmd said, or why something failed; NULL: nothing */
};

void target_clear(struct target *t);
/* Never NULL; of the host it is LOOK_AT_SPCONFIGS. */
const char *target_name(const struct target *t);
/* d: as a look gives it, NULL if there is none; s has the configurations. */
void target_learn(struct target *t, const struct domain *d, const struct snapshot *s);
enum step_progress target_progress(const struct target *t, const struct step *s);
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
	bool forced;	  /* a forced stop in the place of a stop that was sent */
	bool look_failed; /* the last one, since the command was sent */
	bool timed_out;	  /* ldmd refused it because the guest did not go down in time */
	enum command_answer answer;
	void *ticket;
	uint64_t sent_ms;
	uint64_t deadline_ms; /* commandTimeout after it was sent */
	uint64_t force_at_ms; /* a stop becomes a forced one, that one is sent in the other form */
	uint64_t show_until_ms; /* the effect that ldmd reports may show as late as that; 0: not set
				 */
	uint64_t look_at_ms, poll_ms;
};

/* Begins as soon as a connection is free. ended() may be called before this returns. */
void command_begin(struct command *c, struct commands *all, struct target *t, const struct step *s,
	command_ended_cb *ended, void *user, uint64_t now_ms);
/* Gives the command up; the domain stays as it is, and ended() is not called. */
void command_drop(struct command *c);
/* What is due. next: when that is, CLOCK_NEVER where the agent waits for ldmd alone. */
void command_turn(struct command *c, uint64_t now_ms);
uint64_t command_next(const struct command *c);
/* The answer was lost, or ldmd does not tell how the domain is now: the agent only waits to see
 * what the command did. */
bool command_is_uncertain(const struct command *c);
/* A new picture of the host: a command that waits for its next look may have its answer there. */
void command_see(struct command *c, const struct snapshot *s);

#endif
