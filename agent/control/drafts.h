/*
 * Rows of ldomTable that managers are making (RFC 2579: notReady, notInService): in the snapshot,
 * but not ldmd's. They live until their domain is made, for ten idle minutes, or until a restart.
 */
#ifndef CONTROL_DRAFTS_H
#define CONTROL_DRAFTS_H

#include <stdbool.h>
#include <stdint.h>

#include "control/desire.h"

#define DRAFTS_IDLE_MS 600000
#define DRAFTS_MAX     256

struct domain;
struct refresh;
struct registry;
struct drafts;

int drafts_new(struct refresh *refresh, struct registry *registry, struct drafts **ret);
void drafts_free(struct drafts *r);

/* As in struct executor_port. put: -ERANGE, -EEXIST, -ENOSPC (too many unfinished rows), -ENOMEM.
 */
const struct domain *drafts_find(const struct drafts *r, uint32_t index);
int drafts_put(struct drafts *r, const struct desire *d, uint64_t now_ms);
void drafts_restore(struct drafts *r, uint32_t index, const struct domain *row, uint64_t now_ms);

/* Lets go of those that nobody touched and that are not in use. next: when that is due. */
typedef bool drafts_in_use(void *user, uint32_t index);
void drafts_turn(struct drafts *r, uint64_t now_ms, drafts_in_use *in_use, void *user);
uint64_t drafts_next(const struct drafts *r);

#endif
