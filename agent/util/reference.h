/*
 * Counted references to objects that several owners share, also in different threads.
 */
#ifndef UTIL_REFERENCE_H
#define UTIL_REFERENCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct reference {
	atomic_uint count;
};

/* The only owner at first is the one that made the object. */
static inline void reference_init(struct reference *r)
{
	atomic_init(&r->count, 1);
}

/* One owner more. The caller has a reference, so the count is not 0. */
static inline void reference_take(struct reference *r)
{
	atomic_fetch_add_explicit(&r->count, 1, memory_order_relaxed);
}

/* The caller is the only owner, so it may change the object: nobody else sees the change. No other
 * thread may take a reference from the caller's meanwhile. */
static inline bool reference_is_only(struct reference *r)
{
	return atomic_load_explicit(&r->count, memory_order_acquire) == 1;
}

/* One owner less. True: that was the last one, and the caller frees the object. */
static inline bool reference_drop(struct reference *r)
{
	return atomic_fetch_sub_explicit(&r->count, 1, memory_order_acq_rel) == 1;
}

/* --- objects that are shared --------------------------------------------------------------- */

/*
 * The count stands in front of the object, so that a const pointer to the object is all that a
 * holder needs. The object must not need more than the alignment of 64 bits.
 */
struct shared {
	struct reference references;
	_Alignas(uint64_t) char object[];
};

static inline struct shared *shared_of(const void *object)
{
	return (struct shared *)(void *)((char *)(uintptr_t)object -
					 offsetof(struct shared, object));
}

/* Zeroed, with one owner; NULL: no memory. */
static inline void *shared_new(size_t size)
{
	struct shared *s = calloc(1, sizeof(*s) + size);

	if (!s)
		return NULL;
	reference_init(&s->references);
	return s->object;
}

/* Takes a reference and returns the object. NULL is allowed: then it returns NULL. */
static inline const void *shared_ref(const void *object)
{
	if (object)
		reference_take(&shared_of(object)->references);
	return object;
}

/* One owner less. The last owner gets the object, to clear it and shared_free() it; others NULL. */
static inline void *shared_last(const void *object)
{
	if (!object || !reference_drop(&shared_of(object)->references))
		return NULL;
	return shared_of(object)->object;
}

/* Frees what shared_new() or shared_last() returned. NULL is allowed. */
static inline void shared_free(void *object)
{
	if (object)
		free(shared_of(object));
}

#endif
