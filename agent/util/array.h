/*
 * Arrays that grow by one item at a time, and the search in sorted ones.
 */
#ifndef UTIL_ARRAY_H
#define UTIL_ARRAY_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/*
 * Appends a zeroed item and returns it. array is the address of the pointer to the items, which
 * begins as NULL with *n = 0. NULL: no memory, and nothing changed. The memory doubles when *n is a
 * power of two, so no capacity is stored.
 */
static inline void *array_append(void *array, size_t *n, size_t size)
{
	char *items, *more;

	memcpy(&items, array, sizeof(items));
	if ((*n & (*n - 1)) == 0) {
		more = reallocarray(items, *n ? *n * 2 : 1, size);
		if (!more)
			return NULL;
		items = more;
		memcpy(array, &items, sizeof(items));
	}
	return memset(items + (*n)++ * size, 0, size);
}

/* As array_append(), but at index 0 .. *n: the items from there on move up by one. */
static inline void *array_insert(void *array, size_t *n, size_t size, size_t at)
{
	char *items;

	if (!array_append(array, n, size))
		return NULL;
	memcpy(&items, array, sizeof(items));
	memmove(items + (at + 1) * size, items + at * size, (*n - 1 - at) * size);
	return memset(items + at * size, 0, size);
}

/*
 * The first i of 0 .. n - 1 for which the condition, an expression about i, is true; n: there is
 * none. If the condition is true for one i, it must be true for every larger one.
 */
#define first_where(i, n, condition)                                                               \
	__extension__({                                                                            \
		size_t low_ = 0, high_ = (n);                                                      \
		while (low_ < high_) {                                                             \
			size_t i = low_ + (high_ - low_) / 2;                                      \
			if (condition)                                                             \
				high_ = i;                                                         \
			else                                                                       \
				low_ = i + 1;                                                      \
		}                                                                                  \
		low_;                                                                              \
	})

#endif
