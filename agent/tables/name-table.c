/*
 * ldomNameTable: from the name of a domain to its number, so that a manager need not walk ldomTable
 * to find the row. The index is the name itself, octet by octet.
 */
#include "config.h"

#include "tables/tables.h"
#include "util/array.h"

#include <stddef.h>
#include <string.h>

/* What stands before the index: the root, .1.21.1, the column. */
enum {
	ROOT_LENGTH = sizeof((const uint32_t[]){LDOMS_MIB_ROOT_ARCS}) / sizeof(uint32_t),
	PREFIX_LENGTH = ROOT_LENGTH + TABLE_ARC_MAX + 1,
};

/* The MIB says 114, which is all that the usual root leaves. A longer root leaves less. */
#define INDEX_OCTETS_MAX (NAME_ARCS_MAX - PREFIX_LENGTH < 114 ? NAME_ARCS_MAX - PREFIX_LENGTH : 114)

/* By octets; an arc may be more than any octet. A name sorts behind what it begins with. */
static int compare(const char *name, const uint32_t *arcs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t octet = (unsigned char)name[i];

		if (octet == 0 || octet < arcs[i])
			return -1;
		if (octet > arcs[i])
			return 1;
	}
	return name[n] != '\0';
}

/* Position of the first domain whose name is not less than the arcs; behind: greater. */
static size_t lower_bound(const struct snapshot *s, const uint32_t *arcs, size_t n, bool behind)
{
	return first_where(
		i, s->n_domains, compare(s->by_name[i]->name, arcs, n) >= (behind ? 1 : 0));
}

static bool name_seek(
	const struct view *v, const uint32_t *arcs, size_t n, bool behind, struct row *ret)
{
	const struct snapshot *s = v->snapshot;

	for (size_t i = s ? lower_bound(s, arcs, n, behind) : 0; s && i < s->n_domains; i++) {
		const struct domain *d = s->by_name[i];

		if (!row_has_name(d) || strnlen(d->name, INDEX_OCTETS_MAX + 1) > INDEX_OCTETS_MAX)
			continue;
		*ret = (struct row){.name = d->name, .domain = d, .object = d};
		return true;
	}
	return false;
}

static const struct column columns[] = {
	{1, "ldomNameKey", VALUE_OCTETS, ACCESS_NONE, NULL, 0, INDEX_OCTETS_MAX},
	{2, "ldomNameIndex", VALUE_UNSIGNED, ACCESS_READ, column_get_u32,
		offsetof(struct domain, index), INT32_MAX},
};

const struct table name_table = {
	.name = "ldomNameTable",
	.arc = {1, 21, 1},
	.arc_len = 3,
	.columns = columns,
	.n_columns = sizeof(columns) / sizeof(columns[0]),
	.seek_name = name_seek,
};
