/*
 * What has just been done, so that a manager that asks again because its answer was lost does not
 * restart the guest twice.
 */
#ifndef CONTROL_REPEAT_H
#define CONTROL_REPEAT_H

#include "control/set-request.h"
#include "inventory/snapshot.h"

#define REPEATS_MAX 64

struct repeat {
	struct set_request request;
	uint64_t at_ms;
	const struct domain *domain; /* as it was at the end; NULL: gone */
};

/* Zero it before the first use. */
struct repeats {
	struct repeat list[REPEATS_MAX];
	size_t n, next;
};

/* Only what does something each time: restart, forceStop, createAndGo, destroy. */
void repeats_add(
	struct repeats *r, const struct set_request *d, const struct snapshot *s, uint64_t now_ms);
/* Another change of the row begins. */
void repeats_forget(struct repeats *r, uint32_t index);
void repeats_clear(struct repeats *r);
/* Those younger than within_ms whose domain is as it was left. Borrowed until the next change. */
size_t repeats_valid(const struct repeats *r, const struct snapshot *s, uint64_t now_ms,
	uint64_t within_ms, const struct set_request *ret[REPEATS_MAX]);

#endif
