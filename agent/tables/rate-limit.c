/*
 * One line for each domain and kind that had a notification within the last minute, sorted.
 */
#include "tables/rate-limit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

#define MINUTE_MS 60000

struct line {
	uint64_t key; /* index and kind */
	uint64_t since_ms, count;
};

struct rate_limit {
	uint64_t rate;
	struct line *lines;
	size_t n, allocated;
};

int rate_limit_new(struct rate_limit **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void rate_limit_free(struct rate_limit *d)
{
	if (!d)
		return;
	free(d->lines);
	free(d);
}

void rate_limit_set(struct rate_limit *d, uint64_t per_minute)
{
	d->rate = per_minute;
}

static size_t lower_bound(const struct rate_limit *d, uint64_t key)
{
	return first_where(i, d->n, d->lines[i].key >= key);
}

static void forget_quiet(struct rate_limit *d, uint64_t now_ms)
{
	size_t kept = 0;
	for (size_t i = 0; i < d->n; i++)
		if (now_ms - d->lines[i].since_ms < MINUTE_MS)
			d->lines[kept++] = d->lines[i];
	d->n = kept;
}

static bool make_room(struct rate_limit *d, uint64_t now_ms)
{
	if (d->n < d->allocated)
		return true;
	forget_quiet(d, now_ms);
	if (d->n < d->allocated / 2)
		return true;
	size_t allocated = d->allocated ? d->allocated * 2 : 64;
	struct line *lines = reallocarray(d->lines, allocated, sizeof(*lines));
	if (!lines)
		return false;
	d->lines = lines;
	d->allocated = allocated;
	return true;
}

static struct line *find_or_add(struct rate_limit *d, uint64_t key, uint64_t now_ms)
{
	size_t i = lower_bound(d, key);
	if (i < d->n && d->lines[i].key == key)
		return &d->lines[i];
	if (!make_room(d, now_ms))
		return NULL;
	i = lower_bound(d, key);
	memmove(&d->lines[i + 1], &d->lines[i], (d->n - i) * sizeof(d->lines[0]));
	d->n++;
	d->lines[i] = (struct line){.key = key, .since_ms = now_ms};
	return &d->lines[i];
}

bool rate_limit_pass(struct rate_limit *d, uint32_t index, uint32_t kind, uint64_t now_ms)
{
	uint64_t key = (uint64_t)index << 32 | kind;

	if (d->rate == 0)
		return true;
	struct line *l = find_or_add(d, key, now_ms);
	if (!l)
		return true;
	if (now_ms - l->since_ms >= MINUTE_MS)
		*l = (struct line){.key = key, .since_ms = now_ms};
	return ++l->count <= d->rate;
}
