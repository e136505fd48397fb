/*
 * What a notification says: its number and its objects with their instances, in the MIB's order.
 * Pure; how it is sent is snmp/notify.c's.
 */
#ifndef TABLES_NOTIFICATION_H
#define TABLES_NOTIFICATION_H

#include "inventory/diff.h"
#include "inventory/status.h"
#include "tables/lookup.h"

struct operation;

#define NOTIFICATION_OBJECTS_MAX 7

struct notification_object {
	uint32_t name[NAME_ARCS_MAX];
	size_t length;
	struct value value; /* borrowed from what the notification was made of, or from text */
};

struct notification {
	const struct mib *mib; /* whose root the names follow; the queue knows it */
	uint32_t arc;	       /* below .0 of the module */
	size_t n;
	struct notification_object objects[NOTIFICATION_OBJECTS_MAX];
	char *text; /* ldomTrapDesc; owned */
};

/* The next object: a column of a table at an index of index_len numbers. The caller sets the value.
 */
struct value *notification_add(
	struct notification *n, const struct table *t, uint32_t column, const uint32_t *index);
/* The next object, with the value that the table gives it; the getter must need the row only. */
void notification_add_cell(
	struct notification *n, const struct table *t, uint32_t column, const struct row *row);

/* The notification of LDOMS-MIB that a change is; 0: none. */
uint32_t ldoms_notifies(const struct change *c);
/* Values are borrowed from the argument, which must live as long as the result. -ENOMEM. */
int notification_from_change(const struct change *c, struct notification *ret);
int notification_from_operation(const struct operation *o, struct notification *ret);
int notification_from_link(const struct ldm_status *status, struct notification *ret);
void notification_clear(struct notification *n);

#endif
