/*
 * ldomNameTable: from the name of a domain to its number, so that a manager need not walk ldomTable
 * to find the row. The index is the name itself, octet by octet.
 */
#include "config.h"

#include "tables/tables.h"
#include "util/array.h"

#include <stddef.h>
#include <string.h>

/* The arcs before the index: the root, .1.21.1, the column. */
enum {
	ROOT_LENGTH = sizeof((const uint32_t[]){LDOMS_MIB_ROOT_ARCS}) / sizeof(uint32_t),
	PREFIX_LENGTH = ROOT_LENGTH + TABLE_ARC_MAX + 1,
};

/* The MIB says 114, which is all that the usual root leaves. A longer root leaves less. */
#define INDEX_OCTETS_MAX (NAME_ARCS_MAX - PREFIX_LENGTH < 114 ? NAME_ARCS_MAX - PREFIX_LENGTH : 114)

/* Octet by octet, where an arc may be above 255. A name lies behind its own beginning. */
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

static bool name_seek(struct cell *c, const uint32_t *arcs, size_t n, bool behind)
{
	const struct snapshot *s = c->view->snapshot;

	for (size_t i = s ? lower_bound(s, arcs, n, behind) : 0; s && i < s->n_domains; i++) {
		const struct domain *d = s->by_name[i];

		if (!row_has_name(d) || strnlen(d->name, INDEX_OCTETS_MAX + 1) > INDEX_OCTETS_MAX)
			continue;
		c->row = (struct row){.name = d->name, .domain = d, .object = d};
		return true;
	}
	return false;
}

static const struct column columns[] = {
	{COLUMN_OF(1, "ldomNameKey", VALUE_OCTETS, ACCESS_NONE, NULL, INDEX_OCTETS_MAX)},
	COLUMN_NUMBER(2, "ldomNameIndex", domain, index, INT32_MAX),
};

const struct table name_table = {TABLE_OF(21, 0, columns), .seek_name = name_seek};
