/*
 * Counted references to what several owners share, also from different threads.
 */
#ifndef UTIL_REFERENCE_H
#define UTIL_REFERENCE_H

#include <stdatomic.h>
#include <stdbool.h>

struct reference {
	atomic_uint count;
};

/* One owner: who made the object. */
static inline void reference_init(struct reference *r)
{
	atomic_init(&r->count, 1);
}

/* One owner more. The caller has a reference, so the count is not 0. */
static inline void reference_take(struct reference *r)
{
	atomic_fetch_add_explicit(&r->count, 1, memory_order_relaxed);
}

/* The caller is the only owner, so nobody sees a change. Others must not get a reference from it
 * meanwhile. */
static inline bool reference_is_only(struct reference *r)
{
	return atomic_load_explicit(&r->count, memory_order_acquire) == 1;
}

/* One owner less. True: that was the last one, and the caller frees the object. */
static inline bool reference_drop(struct reference *r)
{
	return atomic_fetch_sub_explicit(&r->count, 1, memory_order_acq_rel) == 1;
}

#endif
