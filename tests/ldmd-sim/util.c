/*
 * Memory, strings, buffers, time and random numbers. A simulator that runs out of memory has
 * nothing useful left to do, so allocation failure ends the process here and nowhere else.
 */
#include "util.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void *must(void *p)
{
	if (p == NULL) {
		fprintf(stderr, "ldmd-sim: out of memory\n");
		abort();
	}
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	return must(calloc(count ? count : 1, size));
}

void *xreallocarray(void *old, size_t count, size_t size)
{
	return must(reallocarray(old, count ? count : 1, size));
}

char *xstrdup(const char *s)
{
	return must(strdup(s));
}

char *xstrndup(const char *s, size_t n)
{
	return must(strndup(s, n));
}

char *xmemdup(const char *data, size_t len)
{
	char *copy = xcalloc(len + 1, 1);

	memcpy(copy, data, len);
	return copy;
}

char *xasprintf(const char *format, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, format);
	n = vasprintf(&s, format, ap);
	va_end(ap);
	return must(n < 0 ? NULL : s);
}

void replace_string(char **target, const char *value)
{
	char *copy = value ? xstrdup(value) : NULL;

	free(*target);
	*target = copy;
}

bool str_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool word_in_list(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list && *list) {
		size_t n = strcspn(list, " ,");

		if (n == len && strncmp(list, word, n) == 0)
			return true;
		list += n + strspn(list + n, " ,");
	}
	return false;
}

char *trimmed(const char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	n = strlen(s);
	while (n > 0 && isspace((unsigned char)s[n - 1]))
		n--;
	return xstrndup(s, n);
}

bool parse_count(const char *s, uint64_t max, uint64_t *ret)
{
	unsigned long long value;
	char *end;

	if (s == NULL || !isdigit((unsigned char)*s))
		return false;
	errno = 0;
	value = strtoull(s, &end, 10);
	if (errno || *end || value > max)
		return false;
	*ret = value;
	return true;
}

bool parse_seconds(const char *s, double *ret)
{
	double value;
	char *end;

	if (s == NULL || (!isdigit((unsigned char)*s) && *s != '.'))
		return false;
	value = strtod(s, &end);
	if (*end || !isfinite(value) || value > 1e7)
		return false;
	*ret = value;
	return true;
}

static bool unit_shift(const char *unit, unsigned *ret)
{
	static const char letters[] = "kmgt";
	const char *at;

	*ret = 0;
	if (*unit == '\0' || strcasecmp(unit, "b") == 0)
		return true;
	at = strchr(letters, tolower((unsigned char)*unit));
	if (at == NULL || *at == '\0' || (unit[1] && strcasecmp(unit + 1, "b") != 0))
		return false;
	*ret = 10 * (unsigned)(at - letters + 1);
	return true;
}

bool parse_size(const char *s, uint64_t *ret)
{
	unsigned long long value;
	unsigned shift;
	char *end;

	if (s == NULL || !isdigit((unsigned char)*s))
		return false;
	errno = 0;
	value = strtoull(s, &end, 10);
	if (errno || !unit_shift(end, &shift) || value > (UINT64_MAX >> shift))
		return false;
	*ret = (uint64_t)value << shift;
	return true;
}

char *format_size(uint64_t bytes)
{
	static const char letters[] = " KMG";
	unsigned unit = 0;

	while (bytes && unit < 3 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	if (unit == 0)
		return xasprintf("%llu", (unsigned long long)bytes);
	return xasprintf("%llu%c", (unsigned long long)bytes, letters[unit]);
}

int64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void buf_reserve(struct buf *b, size_t more)
{
	size_t need = b->len + more + 1;

	if (need <= b->size)
		return;
	b->size = need > 2 * b->size ? need : 2 * b->size;
	b->data = xreallocarray(b->data, b->size, 1);
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	buf_reserve(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_add_string(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addf(struct buf *b, const char *format, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, format);
	n = vasprintf(&s, format, ap);
	va_end(ap);
	must(n < 0 ? NULL : s);
	buf_add(b, s, (size_t)n);
	free(s);
}

void buf_drop(struct buf *b, size_t len)
{
	if (len == 0)
		return;
	memmove(b->data, b->data + len, b->len - len);
	b->len -= len;
	b->data[b->len] = '\0';
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

void random_seed(struct random *r, uint64_t seed)
{
	r->state = seed * 0x9e3779b97f4a7c15u + 0x2545f4914f6cdd1du;
	if (r->state == 0)
		r->state = 1;
}

uint32_t random_below(struct random *r, uint32_t limit)
{
	uint64_t x = r->state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	r->state = x;
	return limit ? (uint32_t)((x >> 16) % limit) : 0;
}
