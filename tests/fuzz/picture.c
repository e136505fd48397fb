/* See picture.h. */
#include "picture.h"

#include <string.h>

#include "fuzz.h"
#include "tables/lookup.h"
#include "tables/tables.h"

/* Far more cells than any input can have. */
#define CELLS_MAX 2000000u

static int compare_names(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
	for (size_t i = 0; i < n && i < m; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return n < m ? -1 : n > m;
}

void picture_check_value(const struct value *v)
{
	FUZZ_CHECK((unsigned)v->type < _VALUE_TYPE_MAX);
	if (v->type != VALUE_OCTETS)
		return;
	FUZZ_CHECK(v->octets.length <= 65535);
	/* All of them are there to be read. */
	for (size_t i = 0; i < v->octets.length; i++) {
		volatile uint8_t octet = ((const uint8_t *)value_octets(v))[i];

		(void)octet;
	}
}

static void check_bounds(const struct column *c, const struct value *v)
{
	FUZZ_CHECK(v->type == c->type);
	if (c->max == 0)
		return;
	if (v->type == VALUE_OCTETS)
		FUZZ_CHECK(v->octets.length <= c->max);
	else if (v->type == VALUE_INTEGER)
		FUZZ_CHECK(v->integer >= 0 && (uint32_t)v->integer <= c->max);
	else
		FUZZ_CHECK(v->number <= c->max);
}

static void check_cell(
	const struct cell *cell, const struct view *v, const uint32_t *name, size_t n)
{
	struct lookup found;
	struct value value;

	cell_value(cell, &value);
	picture_check_value(&value);
	check_bounds(cell->column, &value);
	FUZZ_CHECK(lookup_get(v, &ldoms_mib, name, n, &found) == LOOKUP_OK);
	FUZZ_CHECK(found.cell.column == cell->column);
}

void picture_walk(const struct snapshot *s, const struct oplog_view *operations, uint64_t now_ms)
{
	static const struct ldm_status status = {.link = LINK_UP};
	static const struct agent_facts facts = {.version = "0"};
	const struct view v = {
		.snapshot = s,
		.status = &status,
		.operations = operations,
		.facts = &facts,
		.taken_ms = 1,
		.now_ms = now_ms,
	};
	uint32_t names[2][NAME_ARCS_MAX];
	size_t length = 0;
	struct cell cell;

	for (unsigned n = 0; lookup_next(&v, &ldoms_mib, names[n % 2], length, false, &cell); n++) {
		uint32_t *next = names[(n + 1) % 2];
		size_t next_length = cell_name(&cell, next);

		FUZZ_CHECK(compare_names(names[n % 2], length, next, next_length) < 0);
		FUZZ_CHECK(n < CELLS_MAX);
		check_cell(&cell, &v, next, next_length);
		length = next_length;
	}
}
