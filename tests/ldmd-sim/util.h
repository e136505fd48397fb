/*
 * Small helpers every part of the simulator uses: memory that never fails (the process ends
 * instead), a growing byte buffer, the monotonic clock and a repeatable random number.
 */
#ifndef LDMD_SIM_UTIL_H
#define LDMD_SIM_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* TAILQ_FOREACH_SAFE and friends are missing from glibc's <sys/queue.h>. */
#define LIST_EACH_SAFE(var, head, field, next)                                                     \
	for ((var) = TAILQ_FIRST(head); (var) && ((next) = TAILQ_NEXT(var, field), 1);             \
		(var) = (next))

void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
/* len bytes, NULs included, and a NUL behind them. */
char *xmemdup(const char *data, size_t len);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Frees *target and stores a copy of value, which may be NULL. */
void replace_string(char **target, const char *value);

/* NULL equals NULL only. */
bool str_equal(const char *a, const char *b);

/* True when word is one of the blank- or comma-separated words of list. */
bool word_in_list(const char *list, const char *word);

/* A new string without the white space around s. */
char *trimmed(const char *s);

/* Decimal digits only and at most max; false leaves *ret alone. */
bool parse_count(const char *s, uint64_t max, uint64_t *ret);

/* A non-negative number of seconds, fractions allowed. */
bool parse_seconds(const char *s, double *ret);

/* "4G", "512m", "1048576": bytes. A missing unit means bytes. */
bool parse_size(const char *s, uint64_t *ret);

/* The largest unit that divides the bytes evenly: "4G", "1968M", "5K". */
char *format_size(uint64_t bytes);

/* CLOCK_MONOTONIC in milliseconds. */
int64_t clock_ms(void);

struct buf {
	char *data;
	size_t len;
	size_t size;
};

void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_string(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_drop(struct buf *b, size_t len); /* from the front */
void buf_free(struct buf *b);

/* xorshift generator; the same seed gives the same host on every machine. */
struct random {
	uint64_t state;
};

void random_seed(struct random *r, uint64_t seed);
uint32_t random_below(struct random *r, uint32_t limit);

#endif
