/*
 * Answers out of a capture of another ldmd (docs/ldm-xml.md, "Captures"): what a host of somebody
 * else said, said again. Nothing can be changed there.
 */
#ifndef LDMD_SIM_REPLAY_H
#define LDMD_SIM_REPLAY_H

#include <stdbool.h>
#include <sys/queue.h>

#include "util.h"

/* A question with its answer, or an event. */
struct record {
	TAILQ_ENTRY(record) entry;
	char *action;	 /* NULL of an event */
	char *domain;	 /* NULL: all, or none */
	bool unanswered; /* ldmd said nothing, or hung up */
	struct buf text; /* of the answer or event */
};
TAILQ_HEAD(record_list, record);

struct replay {
	struct record_list questions;
	struct record_list events;
	char *transport; /* NULL if the file does not say */
	char *data_version;
};

enum replay_result {
	REPLAY_TEXT,	  /* *ret is what to say */
	REPLAY_NO_ANSWER, /* that ldmd did not answer either */
	REPLAY_NOT_ASKED, /* the capture has nothing about it */
	REPLAY_NOT_THERE, /* it has all domains, and this is none of them */
};

/* NULL after telling on stderr what is wrong, and in which line. */
struct replay *replay_load(const char *file);
void replay_free(struct replay *replay);

/* domain NULL: all, or none. The caller frees *ret. */
enum replay_result replay_find(
	const struct replay *replay, const char *action, const char *domain, struct buf *ret);

#endif
