/*
 * One scanner for digits, and a table of unit words for each kind of number.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "util/cleanup.h"
#include "util/number.h"

struct unit {
	const char *word;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{"", 1},
	{"b", 1},
	{"k", UINT64_C(1) << 10},
	{"kb", UINT64_C(1) << 10},
	{"m", UINT64_C(1) << 20},
	{"mb", UINT64_C(1) << 20},
	{"g", UINT64_C(1) << 30},
	{"gb", UINT64_C(1) << 30},
	{"t", UINT64_C(1) << 40},
	{"tb", UINT64_C(1) << 40},
	{NULL, 0},
};

static const struct unit uptime_units[] = {
	{"", 1},
	{"s", 1},
	{"m", 60},
	{"h", 3600},
	{"d", 86400},
	{"w", 604800},
	{"y", 31536000},
	{NULL, 0},
};

static void skip_space(const char **p)
{
	while (isspace((unsigned char)**p))
		(*p)++;
}

static int scan_digits(const char **p, uint64_t *ret)
{
	uint64_t value = 0;
	bool any = false;

	for (; isdigit((unsigned char)**p); (*p)++) {
		if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
			__builtin_add_overflow(value, (uint64_t)(**p - '0'), &value))
			return -ERANGE;
		any = true;
	}
	if (!any)
		return -EINVAL;
	*ret = value;
	return 0;
}

/* The letters at *p, which may be none, as one of the units. */
static int scan_unit(const char **p, const struct unit *units, uint64_t *ret_factor)
{
	size_t len = 0;

	while (isalpha((unsigned char)(*p)[len]))
		len++;
	for (; units->word; units++) {
		if (strlen(units->word) != len || strncasecmp(*p, units->word, len) != 0)
			continue;
		*p += len;
		*ret_factor = units->factor;
		return 0;
	}
	return -EINVAL;
}

static int at_end(const char *p)
{
	skip_space(&p);
	return *p == '\0' ? 0 : -EINVAL;
}

int parse_u64(const char *text, uint64_t *ret)
{
	uint64_t value;
	int r;

	skip_space(&text);
	r = scan_digits(&text, &value);
	if (r == 0)
		r = at_end(text);
	if (r == 0)
		*ret = value;
	return r;
}

int parse_u32(const char *text, uint32_t *ret)
{
	uint64_t value = 0;
	int r = parse_u64(text, &value);

	if (r < 0)
		return r;
	if (value > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)value;
	return 0;
}

/* A number and its unit, white space between them allowed. */
static int scan_quantity(const char **p, const struct unit *units, uint64_t *ret)
{
	uint64_t value, factor;
	int r = scan_digits(p, &value);

	if (r < 0)
		return r;
	skip_space(p);
	r = scan_unit(p, units, &factor);
	if (r < 0)
		return r;
	return __builtin_mul_overflow(value, factor, ret) ? -ERANGE : 0;
}

int parse_size(const char *text, uint64_t *ret_bytes)
{
	uint64_t value;
	int r;

	skip_space(&text);
	r = scan_quantity(&text, size_units, &value);
	if (r == 0)
		r = at_end(text);
	if (r == 0)
		*ret_bytes = value;
	return r;
}

int parse_permille(const char *text, uint32_t *ret_permille)
{
	uint64_t whole;
	uint32_t tenth = 0;
	int r;

	skip_space(&text);
	r = scan_digits(&text, &whole);
	if (r < 0)
		return r;
	if (*text == '.') {
		text++;
		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		tenth = (uint32_t)(*text - '0');
		while (isdigit((unsigned char)*text))
			text++;
	}
	skip_space(&text);
	if (*text == '%')
		text++;
	r = at_end(text);
	if (r < 0)
		return r;
	if (whole > 100 || whole * 10 + tenth > 1000)
		return -ERANGE;
	*ret_permille = (uint32_t)whole * 10 + tenth;
	return 0;
}

int parse_uptime(const char *text, uint64_t *ret_seconds)
{
	uint64_t sum = 0;

	skip_space(&text);
	do {
		uint64_t part;
		int r = scan_quantity(&text, uptime_units, &part);

		if (r < 0)
			return r;
		if (__builtin_add_overflow(sum, part, &sum))
			return -ERANGE;
		skip_space(&text);
	} while (*text);
	*ret_seconds = sum;
	return 0;
}
