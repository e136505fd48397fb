/*
 * The order of names: tables by arc, then columns, then rows. RFC 3416 4.2.1 and 4.2.2.
 */
#include "tables/lookup.h"

#include <string.h>

#include "util/array.h"

/* < 0: the name lies before the table's arc or is a part of it; 0: begins with it; > 0: behind. */
static int compare_arc(const struct table *t, const uint32_t *name, size_t length)
{
	for (size_t i = 0; i < t->arc_len; i++) {
		if (i == length || name[i] < t->arc[i])
			return -1;
		if (name[i] > t->arc[i])
			return 1;
	}
	return 0;
}

/* The first table that has names at or behind the name; n_tables: there is none. */
static size_t lower_table(const struct mib *m, const uint32_t *name, size_t length)
{
	/* Most tables are at the position that their arc gives. */
	size_t guess = length > 1 ? (size_t)name[1] - 1 : m->n_tables;

	if (guess < m->n_tables && compare_arc(m->tables[guess], name, length) == 0)
		return guess;
	return first_where(i, m->n_tables, compare_arc(m->tables[i], name, length) <= 0);
}

static bool is_served(const struct column *c)
{
	return c->access >= ACCESS_READ;
}

/* Writes the arcs of a row's index; returns their number. */
static size_t put_index(const struct table *t, const struct row *r, uint32_t *to)
{
	size_t n = 0;

	if (!t->seek_name) {
		memcpy(to, r->index, t->index_len * sizeof(to[0]));
		return t->index_len;
	}
	for (; r->name[n] != '\0'; n++)
		to[n] = (unsigned char)r->name[n];
	return n;
}

static bool has_index(
	const struct table *t, const struct row *r, const uint32_t *index, size_t length)
{
	uint32_t own[NAME_ARCS_MAX];

	return put_index(t, r, own) == length && memcmp(own, index, length * sizeof(own[0])) == 0;
}

/* Makes it the next index of the same length. False: there is none. */
static bool index_successor(uint32_t *index, size_t length)
{
	while (length > 0)
		if (++index[--length] != 0)
			return true;
	return false;
}

/*
 * The least index of full length at or behind a given index of any length (behind it, if not
 * inclusive). A given index that is too short lies before the rows that begin with it; one that is
 * too long, behind the row that it begins with.
 */
static bool first_index(
	const struct table *t, const uint32_t *given, size_t length, bool inclusive, uint32_t *ret)
{
	size_t use = length < t->index_len ? length : t->index_len;
	for (size_t i = 0; i < use; i++)
		ret[i] = given[i];
	for (size_t i = use; i < t->index_len; i++)
		ret[i] = 0;
	if (length < t->index_len || (length == t->index_len && inclusive))
		return true;
	return index_successor(ret, t->index_len);
}

/*
 * Puts into the cell the first row behind a given index of any length (or at it, if inclusive) that
 * has an instance of the column.
 */
static bool seek_row(struct cell *c, const uint32_t *given, size_t length, bool inclusive)
{
	const struct table *t = c->table;
	uint32_t index[TABLE_INDEX_MAX];

	if (t->seek_name)
		return t->seek_name(c, given, length, !inclusive);
	if (!first_index(t, given, length, inclusive, index))
		return false;
	while (t->seek(c, index)) {
		if (!t->has || t->has(c))
			return true;
		memcpy(index, c->row.index, t->index_len * sizeof(index[0]));
		if (!index_successor(index, t->index_len))
			return false;
	}
	return false;
}

enum lookup_result lookup_get(const struct view *v, const struct mib *m, const uint32_t *name,
	size_t length, struct lookup *ret)
{
	*ret = (struct lookup){.cell = {.view = v, .mib = m}};

	size_t i = lower_table(m, name, length);
	if (i == m->n_tables || compare_arc(m->tables[i], name, length) != 0)
		return LOOKUP_NO_OBJECT;
	const struct table *t = m->tables[i];
	if (length == t->arc_len)
		return LOOKUP_NO_OBJECT;
	const struct column *c = table_column(t, name[t->arc_len]);
	if (!c || (!is_served(c) && c->access != ACCESS_ABSENT))
		return LOOKUP_NO_OBJECT;
	ret->cell.table = t;
	ret->cell.column = c;

	const uint32_t *index = name + t->arc_len + 1;
	size_t n = length - t->arc_len - 1;
	ret->index_complete = n == t->index_len;
	if (is_served(c) && seek_row(&ret->cell, index, n, true) &&
		has_index(t, &ret->cell.row, index, n))
		return LOOKUP_OK;
	ret->cell.row = (struct row){0};
	if (ret->index_complete)
		memcpy(ret->cell.row.index, index, n * sizeof(index[0]));
	return LOOKUP_NO_INSTANCE;
}

/* The first instance in the columns from that position on. */
static bool first_cell(const struct table *t, size_t column, struct cell *ret)
{
	ret->table = t;
	for (; column < t->n_columns; column++) {
		ret->column = &t->columns[column];
		if (!is_served(ret->column))
			continue;
		if (seek_row(ret, &(const uint32_t){0}, 0, true))
			return true;
		if (!t->has)
			return false; /* the table has no row */
	}
	return false;
}

/* Finds the next cell in the table whose arc the name begins with. */
static bool next_inside(const struct table *t, const uint32_t *name, size_t length, bool inclusive,
	struct cell *ret)
{
	if (length == t->arc_len)
		return first_cell(t, 0, ret);

	uint32_t id = name[t->arc_len];
	size_t column = table_lower_column(t, id);
	if (column == t->n_columns || t->columns[column].id != id)
		return first_cell(t, column, ret);
	ret->table = t;
	ret->column = &t->columns[column];
	if (is_served(ret->column) &&
		seek_row(ret, name + t->arc_len + 1, length - t->arc_len - 1, inclusive))
		return true;
	return first_cell(t, column + 1, ret);
}

bool lookup_next(const struct view *v, const struct mib *m, const uint32_t *name, size_t length,
	bool inclusive, struct cell *ret)
{
	size_t i = lower_table(m, name, length);

	ret->view = v;
	ret->mib = m;
	if (i < m->n_tables && compare_arc(m->tables[i], name, length) == 0) {
		if (next_inside(m->tables[i], name, length, inclusive, ret))
			return true;
		i++;
	}
	for (; i < m->n_tables; i++)
		if (first_cell(m->tables[i], 0, ret))
			return true;
	return false;
}

enum lookup_result lookup_whole_get(const struct view *v, const struct mib *m, const uint32_t *name,
	size_t length, struct lookup *ret)
{
	if (mib_compare(m, name, length) != 0)
		return LOOKUP_NO_OBJECT;
	return lookup_get(v, m, name + m->root_length, length - m->root_length, ret);
}

bool lookup_whole_next(const struct view *v, const struct mib *m, const uint32_t *name,
	size_t length, bool inclusive, struct cell *ret)
{
	int order = mib_compare(m, name, length);

	if (order == 0)
		return lookup_next(
			v, m, name + m->root_length, length - m->root_length, inclusive, ret);
	return order < 0 && lookup_next(v, m, name, 0, false, ret);
}

size_t cell_name(const struct cell *cell, uint32_t name[NAME_ARCS_MAX])
{
	const struct table *t = cell->table;
	size_t n = 0;

	for (size_t i = 0; i < t->arc_len; i++)
		name[n++] = t->arc[i];
	name[n++] = cell->column->id;
	return n + put_index(t, &cell->row, name + n);
}

void cell_value(const struct cell *cell, struct value *ret)
{
	const struct column *c = cell->column;

	c->get(cell, ret);
	if (c->max && ret->type == VALUE_UNSIGNED && ret->number > c->max)
		ret->number = (uint32_t)c->max;
	if (c->max && ret->type == VALUE_INTEGER && ret->integer > (int64_t)c->max)
		ret->integer = (int32_t)c->max;
}
