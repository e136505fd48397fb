/*
 * See value.h.
 */
#include "tables/value.h"

#include <string.h>
#include <time.h>

#include "util/utf8.h"

const void *value_octets(const struct value *v)
{
	return v->octets.data ? v->octets.data : v->octets.bytes;
}

void value_set_integer(struct value *v, int32_t number)
{
	v->type = VALUE_INTEGER;
	v->integer = number;
}

void value_set_unsigned(struct value *v, uint64_t number)
{
	v->type = VALUE_UNSIGNED;
	v->number = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

void value_set_counter(struct value *v, uint64_t number)
{
	v->type = VALUE_COUNTER;
	v->number = (uint32_t)number;
}

void value_set_counter64(struct value *v, uint64_t number)
{
	v->type = VALUE_COUNTER64;
	v->big = number;
}

void value_set_oid(struct value *v, const uint32_t *arcs, size_t length)
{
	v->type = VALUE_OID;
	v->oid.arcs = arcs;
	v->oid.length = length;
}

void value_set_ticks(struct value *v, uint64_t ms)
{
	v->type = VALUE_TIME_TICKS;
	v->number = (uint32_t)(ms / 10);
}

void value_set_text(struct value *v, const char *text, size_t max)
{
	v->type = VALUE_OCTETS;
	v->octets.data = text ? text : "";
	v->octets.length = utf8_cut(v->octets.data, max);
}

void value_set_bytes(struct value *v, const void *data, size_t length)
{
	if (length > VALUE_INLINE_MAX)
		length = VALUE_INLINE_MAX;
	v->type = VALUE_OCTETS;
	v->octets.data = NULL;
	v->octets.length = length;
	if (length)
		memcpy(v->octets.bytes, data, length);
}

void value_set_truth(struct value *v, bool truth)
{
	value_set_integer(v, truth ? 1 : 2);
}

void value_set_bits(struct value *v, uint32_t mask, unsigned int n_bits)
{
	uint8_t bytes[sizeof(mask)] = {0};
	if (n_bits > 32)
		n_bits = 32;
	for (unsigned int i = 0; i < n_bits; i++)
		if (mask & (UINT32_C(1) << i))
			bytes[i / 8] |= 0x80 >> i % 8;
	value_set_bytes(v, bytes, (n_bits + 7) / 8);
}

void value_set_date(struct value *v, uint64_t realtime_ms)
{
	time_t seconds = (time_t)(realtime_ms / 1000);
	struct tm tm;

	if (realtime_ms == 0 || !gmtime_r(&seconds, &tm)) {
		value_set_bytes(v, (const uint8_t[8]){0}, 8);
		return;
	}
	unsigned int year = (unsigned int)tm.tm_year + 1900;
	const uint8_t date[11] = {(uint8_t)(year >> 8), (uint8_t)year, (uint8_t)(tm.tm_mon + 1),
		(uint8_t)tm.tm_mday, (uint8_t)tm.tm_hour, (uint8_t)tm.tm_min, (uint8_t)tm.tm_sec,
		(uint8_t)(realtime_ms % 1000 / 100), '+', 0, 0};
	value_set_bytes(v, date, sizeof(date));
}
