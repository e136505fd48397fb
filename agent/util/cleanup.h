/*
 * Variables that are freed at the end of their scope, so that an early return cannot leak.
 */
#ifndef UTIL_CLEANUP_H
#define UTIL_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Defines f##p(), which frees what a pointer variable points to, for use in _cleanup_(). */
#define DEFINE_CLEANUP(type, f)                                                                    \
	static inline __attribute__((unused)) void f##p(type *p)                                   \
	{                                                                                          \
		if (*p)                                                                            \
			f(*p);                                                                     \
	}

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_free_	 _cleanup_(cleanup_freep)
#define _cleanup_close_	 _cleanup_(cleanup_closep)
#define _cleanup_fclose_ _cleanup_(cleanup_fclosep)

/* Returns the value and leaves NULL (of a descriptor: -1), so that _cleanup_ does not free it. */
#define steal_ptr(p)                                                                               \
	__extension__({                                                                            \
		__typeof__(p) *steal_from_ = &(p);                                                 \
		__typeof__(p) stolen_ = *steal_from_;                                              \
		*steal_from_ = NULL;                                                               \
		stolen_;                                                                           \
	})

static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
