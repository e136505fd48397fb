/*
 * Rows of ldomTable that managers are making (RFC 2579: notReady, notInService): in the snapshot,
 * but not ldmd's. They live until their domain is made, for ten idle minutes, or until a restart.
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

int new_rows_new(struct refresh *refresh, struct registry *registry, struct new_rows **ret);
void new_rows_free(struct new_rows *r);

/* As in struct port. put: -ERANGE, -EEXIST, -ENOSPC (too many unfinished rows), -ENOMEM.
 */
const struct domain *new_rows_find(const struct new_rows *r, uint32_t index);
int new_rows_put(struct new_rows *r, const struct set_request *d, uint64_t now_ms);
void new_rows_restore(
	struct new_rows *r, uint32_t index, const struct domain *row, uint64_t now_ms);

/* Lets go of those that nobody touched and that are not in use. next: when that is due. */
typedef bool new_rows_in_use(void *user, uint32_t index);
void new_rows_turn(struct new_rows *r, uint64_t now_ms, new_rows_in_use *in_use, void *user);
uint64_t new_rows_next(const struct new_rows *r);

#endif
