/*
 * Rows of ldomTable that managers are making (RFC 2579: notReady, notInService): in the snapshot,
 * but not ldmd's. They live until their domain is made, for ten idle minutes, or until a restart.
 */
#ifndef CONTROL_ROWS_H
#define CONTROL_ROWS_H

#include <stdint.h>

#include "control/desire.h"

#define ROWS_IDLE_MS 600000
#define ROWS_MAX     256

struct domain;
struct refresh;
struct registry;
struct rows;

int rows_new(struct refresh *refresh, struct registry *registry, struct rows **ret);
void rows_free(struct rows *r);

/* As in struct executor_port. put: -ERANGE, -EEXIST, -ENOSPC (too many unfinished rows), -ENOMEM.
 */
const struct domain *rows_find(const struct rows *r, uint32_t index);
int rows_put(struct rows *r, const struct desire *d, uint64_t now_ms);
void rows_restore(struct rows *r, uint32_t index, const struct domain *row, uint64_t now_ms);

/* Lets go of those that nobody touched. next: when that is due. */
void rows_turn(struct rows *r, uint64_t now_ms);
uint64_t rows_next(const struct rows *r);

#endif
