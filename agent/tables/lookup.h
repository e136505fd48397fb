/*
 * From a name to a cell and from a name to the next cell, over all tables of a MIB module.
 *
 * Names are sub-identifiers below the module's root. A row is found by a binary search, so a
 * varbind costs O(log rows). Only rows that have no instance of the column are passed one by one.
 */
#ifndef TABLES_LOOKUP_H
#define TABLES_LOOKUP_H

#include "tables/mib.h"
#include "tables/table.h"

enum lookup_result {
	LOOKUP_OK,
	LOOKUP_NO_OBJECT,   /* noSuchObject: no accessible object type has that name */
	LOOKUP_NO_INSTANCE, /* noSuchInstance: such an object, but not this instance of it */
};

/*
 * RFC 3416 4.2.1. For LOOKUP_NO_INSTANCE, table and column are set; the row's index holds the
 * index asked for if that has the right length (index_complete): a SET may make that row.
 */
struct lookup {
	struct cell cell;
	bool index_complete;
};
enum lookup_result lookup_get(const struct view *v, const struct mib *m, const uint32_t *name,
	size_t length, struct lookup *ret);

/* RFC 3416 4.2.2; inclusive: the name itself will do (RFC 2741 5.2). false: end of the module. */
bool lookup_next(const struct view *v, const struct mib *m, const uint32_t *name, size_t length,
	bool inclusive, struct cell *ret);

/* The same for a whole name, from the root of all on, which may lie outside of the module. */
enum lookup_result lookup_whole_get(const struct view *v, const struct mib *m, const uint32_t *name,
	size_t length, struct lookup *ret);
bool lookup_whole_next(const struct view *v, const struct mib *m, const uint32_t *name,
	size_t length, bool inclusive, struct cell *ret);

/* The name of a cell below the root; its length. */
size_t cell_name(const struct cell *cell, uint32_t name[NAME_ARCS_MAX]);
void cell_value(const struct cell *cell, struct value *ret);

#endif
