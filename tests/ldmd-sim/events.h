/*
 * Telling registered connections what changed: one document, one write per event. Names and forms
 * are chapter 4 of the protocol.
 */
#ifndef LDMD_SIM_EVENTS_H
#define LDMD_SIM_EVENTS_H

#include "util.h"

struct sim;
struct conn;

enum {
	EVENTS_DOMAIN = 1,
	EVENTS_RESOURCE = 2,
	EVENTS_HARDWARE = 4,
	EVENTS_ALL = 7,
};

void event_domain(struct sim *sim, const char *name, const char *domain);
/* service = NULL for events that name the domain only. */
void event_resource(struct sim *sim, const char *name, const char *domain, const char *type,
	const char *service);
void event_hardware(struct sim *sim, const char *name, const char *spconfig);
void event_progress(struct sim *sim, const char *domain, unsigned percent, const char *status,
	const char *source);

/* Something unasked to all who are connected, for the faults of an idle connection. */
void event_poke(struct sim *sim);

/* Harmless events for faults, whether or not anybody asked: sent, or appended to a document. */
void event_unasked(struct sim *sim, struct conn *conn);
void event_write_unasked(struct sim *sim, struct buf *out);

/* Applies a reg-/unreg- action to a set of categories. */
unsigned events_registration(unsigned mask, const char *action);

#endif
