/*
 * The content of a notification: its number, and its objects with their instances in the MIB's
 * order. Notifications are sent by snmp/notify.c and module/in-master.c.
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
	struct value value; /* octets: borrowed from the change, operation or link, or text */
};

struct notification {
	const struct mib *mib; /* names are below its root; set by the queue */
	uint32_t arc;	       /* below .0 of the module */
	size_t n;
	struct notification_object objects[NOTIFICATION_OBJECTS_MAX];
	char *text; /* ldomTrapDesc; owned */
};

/* Appends an object: a column of a table at an index of index_len numbers. The caller sets the
 * value; there must be room (NOTIFICATION_OBJECTS_MAX). */
struct value *notification_add(
	struct notification *n, const struct table *t, uint32_t column, const uint32_t *index);
/* Appends an object with the table's value; the getter gets the row and an empty view. */
void notification_add_cell(
	struct notification *n, const struct table *t, uint32_t column, const struct row *row);

/*
 * The notifications of LDOMS-MIB; the first two functions are those of its struct mib. Values are
 * borrowed from the argument. The caller clears the result. -ENOMEM.
 */
uint32_t ldoms_notifies(const struct change *c);
int notification_from_change(const struct change *c, struct notification *ret);
int notification_from_operation(const struct operation *o, struct notification *ret);
int notification_from_link(const struct ldm_status *status, struct notification *ret);
void notification_clear(struct notification *n);

#endif
