/*
 * What cppcheck does not know by itself: the loops of <sys/queue.h>, and that a variable with a
 * cleanup attribute is freed at the end of its scope. A static one is not looked for leaks either.
 */
#define UTIL_CLEANUP_H
#define _cleanup_(f)	 static
#define _cleanup_free_	 static
#define _cleanup_close_	 static
#define _cleanup_fclose_ static
#define DEFINE_CLEANUP(type, f)
#define steal_ptr(p)  stolen(p)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
int steal_fd(int *fd);

#define TAILQ_FOREACH(v, h, f) for ((v) = TAILQ_FIRST(h); (v); (v) = TAILQ_NEXT(v, f))
#define TAILQ_FOREACH_REVERSE(v, h, n, f)                                                          \
	for ((v) = TAILQ_LAST(h, n); (v); (v) = TAILQ_PREV(v, n, f))
