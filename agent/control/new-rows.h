/*
 * Rows of ldomTable that managers are making (RFC 2579: notReady, notInService). They are in the
 * snapshot although ldmd has no such domain. A row goes when its domain is made, after ten minutes
 * in which no SET changed it, or when the agent restarts.
 */
#ifndef CONTROL_NEW_ROWS_H
#define CONTROL_NEW_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "control/set-request.h"

#define NEW_ROWS_IDLE_MS 600000
#define NEW_ROWS_MAX	 256

struct domain;
struct refresh;
struct registry;
struct new_rows;

/* refresh and registry are borrowed. -ENOMEM. */
int new_rows_new(struct refresh *refresh, struct registry *registry, struct new_rows **ret);
void new_rows_free(struct new_rows *r);

/* A row that is being made, owned by the snapshot. NULL: none, or ldmd has the domain by now. */
const struct domain *new_rows_find(const struct new_rows *r, uint32_t index);
/*
 * Makes or changes the row. -ERANGE, -EEXIST: its index or name is taken (registry_reserve());
 * -ENOSPC: NEW_ROWS_MAX rows are being made; -ENOMEM, -errno of the disk. After an error the row is
 * as before.
 */
int new_rows_put(struct new_rows *r, const struct set_request *d, uint64_t now_ms);
/* The row as it was before a change that is rolled back; row NULL: removes it. Logs errors. */
void new_rows_restore(
	struct new_rows *r, uint32_t index, const struct domain *row, uint64_t now_ms);

/* Removes the rows whose ten minutes are over and that are not in use. next: when that is due. */
typedef bool new_rows_in_use(void *user, uint32_t index);
void new_rows_turn(struct new_rows *r, uint64_t now_ms, new_rows_in_use *in_use, void *user);
uint64_t new_rows_next(const struct new_rows *r);

#endif
