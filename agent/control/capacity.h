/*
 * Is there enough for the takes of a plan? Walks its steps in order over the free pools, so what
 * the PDU releases first counts and what it releases later does not.
 */
#ifndef CONTROL_CAPACITY_H
#define CONTROL_CAPACITY_H

#include "control/judge.h"
#include "control/plan.h"

/*
 * The first step that finds too little; NULL: enough, or ldmd never said what is free. What the
 * pending ones will still take, also to go back, is not free.
 */
const struct step *capacity_short_step(const struct snapshot *s, const struct pending *pending,
	size_t n_pending, const struct plan_input *in, size_t n, const struct plan *plan);

#endif
