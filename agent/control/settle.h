/*
 * At start-up: what became of transactions that the last run left open? Decided by reading the
 * domains; nothing is sent again, nothing is taken back.
 */
#ifndef CONTROL_SETTLE_H
#define CONTROL_SETTLE_H

#include "control/handover.h"
#include "control/journal.h"

struct refresh;
struct settle;

/*
 * Shows the open entries as running rows at once (restoring those that the operation log did not
 * have any more). patience_ms: how long a domain may be on its way before the row says unknown.
 */
int settle_new(struct journal *j, struct handover *h, uint64_t patience_ms, struct settle **ret);
void settle_free(struct settle *s);
/* Does what is due once there is an inventory. */
void settle_turn(struct settle *s, struct refresh *refresh, uint64_t now_ms);
uint64_t settle_next(const struct settle *s);

#endif
