/*
 * See read.h. tables/lookup.h finds the cells.
 */
#include "snmp/read.h"

#include "tables/lookup.h"

/* 5.4: type, reserved, name, data */
static void write_exception(struct agentx_writer *w, const struct agentx_oid *name, uint16_t type)
{
	agentx_write_u16(w, type);
	agentx_write_u16(w, 0);
	agentx_write_oid_again(w, name);
}

static void write_cell(struct agentx_writer *w, const struct cell *cell)
{
	uint32_t name[NAME_ARCS_MAX];
	struct value value;

	cell_value(cell, &value);
	agentx_write_u16(w, agentx_value_type(value.type));
	agentx_write_u16(w, 0);
	agentx_write_name(w, cell->mib->root, cell->mib->root_length, name, cell_name(cell, name));
	agentx_write_value(w, &value);
}

/* 7.2.3.1 */
static void answer_get(struct agentx_writer *w, const struct view *v, const struct agentx_oid *name)
{
	struct lookup found;
	enum lookup_result result = LOOKUP_NO_OBJECT;

	for (size_t i = 0; i < v->mibs->n && result == LOOKUP_NO_OBJECT; i++)
		result = lookup_whole_get(v, v->mibs->mibs[i], name->arcs, name->length, &found);
	if (result == LOOKUP_OK)
		write_cell(w, &found.cell);
	else if (result == LOOKUP_NO_INSTANCE)
		write_exception(w, name, AGENTX_NO_SUCH_INSTANCE);
	else
		write_exception(w, name, AGENTX_NO_SUCH_OBJECT);
}

/* Whether the name of the cell lies before the end of a search range. The null OID: no end. */
static bool is_before(const struct cell *cell, const struct agentx_oid *end)
{
	uint32_t name[NAME_ARCS_MAX];

	if (end->length == 0)
		return true;
	int order = mib_compare(cell->mib, end->arcs, end->length);
	if (order != 0)
		return order > 0;
	const uint32_t *below = end->arcs + cell->mib->root_length;
	size_t n = cell_name(cell, name), m = end->length - cell->mib->root_length;
	for (size_t i = 0; i < n && i < m; i++)
		if (name[i] != below[i])
			return name[i] < below[i];
	return n < m;
}

static bool find_next(const struct view *v, const struct agentx_oid *start, struct cell *ret)
{
	for (size_t i = 0; i < v->mibs->n; i++)
		if (lookup_whole_next(
			    v, v->mibs->mibs[i], start->arcs, start->length, start->include, ret))
			return true;
	return false;
}

/* 7.2.3.2. False: nothing is left in the search range, and endOfMibView was written. */
static bool answer_next(struct agentx_writer *w, const struct view *v,
	const struct agentx_oid *start, const struct agentx_oid *end)
{
	struct cell cell;

	if (find_next(v, start, &cell) && is_before(&cell, end)) {
		write_cell(w, &cell);
		return true;
	}
	write_exception(w, start, AGENTX_END_OF_MIB_VIEW);
	return false;
}

static bool read_range(
	struct agentx_reader *r, struct agentx_oid *ret_start, struct agentx_oid *ret_end)
{
	if (r->at == r->end)
		return false;
	agentx_read_oid(r, ret_start);
	agentx_read_oid(r, ret_end);
	return !r->failed;
}

/*
 * 7.2.3.3. Each repetition goes on behind the names of the one before, which are read back from the
 * Response. The last repetition is the one that finds nothing in any range, or for which there is
 * no room.
 */
static void answer_get_bulk(struct agentx_writer *w, const struct view *v, struct agentx_reader *r)
{
	struct agentx_oid start, end;
	uint16_t non_repeaters = agentx_read_u16(r), repetitions = agentx_read_u16(r);

	while (non_repeaters-- > 0 && read_range(r, &start, &end))
		answer_next(w, v, &start, &end);
	const struct agentx_reader repeaters = *r;
	struct agentx_reader before = {0};
	bool more = true;
	for (uint16_t i = 0; i < repetitions && more && !w->full && !r->failed; i++) {
		uint8_t *begin = w->at;
		more = false;
		*r = repeaters;
		while (read_range(r, &start, &end)) {
			if (i > 0)
				agentx_read_varbind_name(&before, &start);
			more |= answer_next(w, v, &start, &end);
		}
		if (w->full && i > 0) {
			w->at = begin;
			w->full = more = false;
		}
		before = (struct agentx_reader){begin, w->at, w->network, false};
	}
}

/* -------------------------------------------------------------------------------------------- */

size_t read_answer(const struct view *v, const uint8_t *request, uint8_t room[AGENTX_PDU_MAX])
{
	const struct agentx_header asked = agentx_header(request);
	struct agentx_reader r = agentx_reader(request);
	struct agentx_writer w =
		agentx_response_writer(room, AGENTX_PDU_MAX, &asked, AGENTX_NO_ERROR);
	struct agentx_oid start, end;

	if (asked.type == AGENTX_GET_BULK)
		answer_get_bulk(&w, v, &r);
	else if (asked.type == AGENTX_GET)
		while (!w.full && read_range(&r, &start, &end))
			answer_get(&w, v, &start);
	else
		while (!w.full && read_range(&r, &start, &end))
			answer_next(&w, v, &start, &end);
	size_t size = agentx_finish(&w);
	if (size > 0 && !r.failed)
		return size;
	w = agentx_response_writer(
		room, AGENTX_RESPONSE_SIZE, &asked, r.failed ? AGENTX_PARSE_ERROR : AGENTX_TOO_BIG);
	return agentx_finish(&w);
}
