/*
 * Counting, failing, and remembering what is open: pointers in a table with open addressing.
 */
#include "allocations.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACES (1u << 18)

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void __wrap_free(void *p);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
int __wrap_vasprintf(char **ret, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
int __wrap_asprintf(char **ret, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap___vasprintf_chk(char **ret, int flag, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));
int __wrap___asprintf_chk(char **ret, int flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static _Thread_local struct {
	size_t left; /* until one fails; 0: none does */
	bool for_good, failed;
} plan;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *places[PLACES];
static size_t n_open;

void allocations_fail(size_t nth, bool for_good)
{
	plan.left = nth;
	plan.for_good = for_good;
	plan.failed = false;
}

bool allocations_stop(void)
{
	plan.left = 0;
	return plan.failed;
}

size_t allocations_open(void)
{
	return n_open;
}

static bool fails(void)
{
	if (plan.left == 0 || --plan.left > 0)
		return false;
	plan.failed = true;
	if (plan.for_good)
		plan.left = 1;
	errno = ENOMEM;
	return true;
}

/* --- what is open ---------------------------------------------------------------------------- */

static size_t place_of(const void *p)
{
	size_t i = ((uintptr_t)p >> 4) * 2654435761u % PLACES;

	while (places[i] && places[i] != p)
		i = (i + 1) % PLACES;
	return i;
}

static void *opened(void *p)
{
	if (!p)
		return NULL;
	pthread_mutex_lock(&lock);
	if (n_open++ >= PLACES / 2)
		abort();
	places[place_of(p)] = p;
	pthread_mutex_unlock(&lock);
	return p;
}

/* Those behind it that were not in their place may move into the gap. */
static void close_gap(size_t gap)
{
	for (size_t i = (gap + 1) % PLACES; places[i]; i = (i + 1) % PLACES) {
		void *p = places[i];

		places[i] = NULL;
		places[place_of(p)] = p;
	}
}

static void closed(const void *p)
{
	pthread_mutex_lock(&lock);
	size_t i = place_of(p);
	/* Not ours if a library made it. */
	if (p && places[i]) {
		places[i] = NULL;
		close_gap(i);
		n_open--;
	}
	pthread_mutex_unlock(&lock);
}

/* --- in the place of the C library's --------------------------------------------------------- */

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : opened(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : opened(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t n)
{
	if (fails())
		return NULL;
	closed(p);
	return opened(__real_realloc(p, n));
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	return __wrap_realloc(p, n * size);
}

void __wrap_free(void *p)
{
	closed(p);
	__real_free(p);
}

char *__wrap_strndup(const char *s, size_t n)
{
	size_t length = strnlen(s, n);
	char *copy = __wrap_malloc(length + 1);

	if (!copy)
		return NULL;
	memcpy(copy, s, length);
	copy[length] = '\0';
	return copy;
}

char *__wrap_strdup(const char *s)
{
	return __wrap_strndup(s, strlen(s));
}

int __wrap_vasprintf(char **ret, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	char *text = n < 0 ? NULL : __wrap_malloc((size_t)n + 1);
	if (!text)
		return -1;
	*ret = text;
	return vsnprintf(text, (size_t)n + 1, format, args);
}

int __wrap_asprintf(char **ret, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = __wrap_vasprintf(ret, format, args);
	va_end(args);
	return n;
}

int __wrap___vasprintf_chk(char **ret, int flag, const char *format, va_list args)
{
	(void)flag;
	return __wrap_vasprintf(ret, format, args);
}

int __wrap___asprintf_chk(char **ret, int flag, const char *format, ...)
{
	va_list args;

	(void)flag;
	va_start(args, format);
	int n = __wrap_vasprintf(ret, format, args);
	va_end(args);
	return n;
}
