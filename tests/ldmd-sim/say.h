/*
 * Saying what is no answer to a request: the handshake, and events. The faults of that moment
 * decide whether, when and how it is said.
 */
#ifndef LDMD_SIM_SAY_H
#define LDMD_SIM_SAY_H

#include "faults.h"

struct chunk;
struct conn;

struct saying {
	enum fault_moment moment;
	const char *domain; /* NULL: about none */
	/* Said instead, before hanging up, if it refuses, or refuses for lack of rights. */
	const char *refusal, *no_rights;
	const char *wrong; /* said instead by wrong-action */
	const char *more;  /* said in the same write by join */
};

/* The text is used up. */
void say(struct conn *conn, const struct saying *how, struct buf *text);
void say_text(struct conn *conn, const struct saying *how, const char *text);

#endif
