/*
 * Misbehaviour on demand: which faults exist, which are switched on, and whether one applies to a
 * request. What a fault does is told by the code that asks for it.
 */
#ifndef LDMD_SIM_FAULTS_H
#define LDMD_SIM_FAULTS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/queue.h>

#include "util.h"

/*
 * When a fault strikes. The first words stand for ACTION in a specification; queries and commands
 * are named by their own actions.
 */
enum fault_moment {
	MOMENT_CONNECT,	 /* a connection was accepted */
	MOMENT_STREAM,	 /* a stream header in the clear is answered */
	MOMENT_TLS,	 /* starttls is answered, and the handshake */
	MOMENT_SASL,	 /* user and password are answered */
	MOMENT_IDLE,	 /* the operator said poke */
	MOMENT_EVENT,	 /* a change is told */
	MOMENT_QUERY,	 /* an action that changes nothing */
	MOMENT_COMMAND,	 /* one that does */
	MOMENT_REGISTER, /* events are registered for */
	MOMENT_MAX,
};

enum fault_kind {
	/* when and whether something is answered and done */
	FAULT_DELAY,
	FAULT_HANG,
	FAULT_HANG_ALL,
	FAULT_REFUSE,
	FAULT_REFUSE_LATE,
	FAULT_FAIL_BUT_DO,
	FAULT_CLOSE_BEFORE,
	FAULT_CLOSE_DURING,
	FAULT_CLOSE_AFTER,
	FAULT_PARTIAL,
	FAULT_STOP_TIMEOUT,
	FAULT_IGNORE_STOP,
	FAULT_ACCEPT_STOP,
	FAULT_OPTION_FORM,
	FAULT_WORK_LATE,
	FAULT_LOST_THEN_DONE,
	FAULT_UNAUTHORISED,
	FAULT_NO_EVENTS,
	/* how the bytes are sent */
	FAULT_CLOSE_MID,
	FAULT_SPLIT,
	FAULT_JOIN,
	FAULT_DRIP,
	FAULT_EVENT_BETWEEN,
	/* legal variants of the documents */
	FAULT_NO_PREFIX,
	FAULT_CHILD_PROPS,
	FAULT_PLAIN_ID,
	FAULT_NO_REFERENCES,
	FAULT_TYPE_LOWER,
	FAULT_WHITESPACE,
	FAULT_XML_DECL,
	FAULT_SHUFFLE,
	FAULT_UNKNOWN_ELEMENTS,
	FAULT_UPPER_STATUS,
	FAULT_POLICY_BESIDE,
	/* hostile */
	FAULT_MALFORMED,
	FAULT_DTD,
	FAULT_ENTITIES,
	FAULT_OVERSIZE,
	FAULT_INSERT,
	FAULT_ATTR_BOMB,
	FAULT_DEEP,
	FAULT_DUP_NAMES,
	FAULT_DUP_UUIDS,
	FAULT_MISSING,
	FAULT_AS_PRINTED,
	FAULT_WRONG_ACTION,
	FAULT_LATE,
	FAULT_EVENT_STORM,
	FAULT_NON_UTF8,
	FAULT_TRUNCATE,
	/* what the lists say of one domain */
	FAULT_NO_UUID,
	FAULT_NAMELESS,
	FAULT_SAME_NET,
	FAULT_STATE_WORD,
	/* TLS */
	FAULT_NO_TLS,
	FAULT_TLS_GARBAGE,
	FAULT_TLS_OLD,
	FAULT_NEW_CERT,
	FAULT_WRONG_CERT,
	FAULT_MAX,
};

struct fault {
	TAILQ_ENTRY(fault) entry;
	enum fault_kind kind;
	char *spec; /* as given, without the count */
	double number;
	char *text;
	char *action; /* patterns; NULL = any */
	char *domain;
	int left;    /* -1 = for ever, 0 = used up */
	bool struck; /* in the document that is being written; counted at its end */
};
TAILQ_HEAD(fault_list, fault);

struct faults {
	struct fault_list list;
};

void faults_init(struct faults *faults);
void faults_free(struct faults *faults);
/* false and a reason (static) for a bad specification. */
bool fault_add(struct faults *faults, const char *spec, const char **ret_why);
/* Removes those with this specification or name; all if NULL. False if there was none. */
bool faults_clear(struct faults *faults, const char *spec);
/* One specification a line. */
void faults_list(const struct faults *faults, struct buf *out);

/*
 * The fault of this kind that applies, or NULL. Counts as one use. action and domain may be NULL
 * for "not about a request". The result stays valid until the faults are cleared.
 */
const struct fault *fault_hit(
	struct faults *faults, enum fault_kind kind, const char *action, const char *domain);

/*
 * As fault_hit(), for the faults of one listed domain: DOMAIN of the specification is the domain
 * listed, and what strikes several domains of a document counts once, when the document ends.
 */
const struct fault *fault_of_listed(
	struct faults *faults, enum fault_kind kind, const char *action, const char *domain);
void faults_end_document(struct faults *faults);

/* What a document is about. */
struct subject {
	const char *action;	  /* NULL: none that a fault could name */
	const char *domain;	  /* NULL: none */
	enum fault_moment moment; /* MOMENT_MAX: it answers a request, which its action says */
};
/* One that names the action, or the moment. */
const struct fault *fault_about(
	struct faults *faults, enum fault_kind kind, const struct subject *subject);

/*
 * The same for a moment that is no request; of the operator's faults those that name it, and those
 * that name nothing if they strike nowhere but before a connection is ready.
 */
const struct fault *fault_at(
	struct faults *faults, enum fault_kind kind, enum fault_moment moment, const char *domain);
/* Whether fault_at() would find one; not counted as a use. */
bool fault_waits(const struct faults *faults, enum fault_kind kind, enum fault_moment moment);

void faults_usage(FILE *out);

#endif
