/*
 * What a list may say wrongly, or not at all, about one domain. The objects are changed, so it
 * holds for both data versions.
 */
#ifndef LDMD_SIM_DISTORT_H
#define LDMD_SIM_DISTORT_H

struct task;

/* Applies the faults of listed domains to the results of a list. */
void distort(struct task *task);

#endif
