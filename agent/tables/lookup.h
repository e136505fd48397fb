/*
 * Finds the cell of a name, and the cell behind a name, in all tables of a MIB module.
 *
 * Names are sub-identifiers below the module's root. A row is found by a binary search, so a
 * varbind costs O(log rows). Rows that have no instance of the column are passed one by one.
 */
#ifndef TABLES_LOOKUP_H
#define TABLES_LOOKUP_H

#include "tables/mib.h"
#include "tables/table.h"

enum lookup_result {
	LOOKUP_OK,
	LOOKUP_NO_OBJECT,   /* noSuchObject: the name is of no object that can be read */
	LOOKUP_NO_INSTANCE, /* noSuchInstance: the object exists without this instance */
};

/*
 * RFC 3416 4.2.1. For LOOKUP_NO_INSTANCE, table and column are set, and so is the row's index if
 * the one in the name has the right length (index_complete): a SET may create that row.
 */
struct lookup {
	struct cell cell;
	bool index_complete;
};
enum lookup_result lookup_get(const struct view *v, const struct mib *m, const uint32_t *name,
	size_t length, struct lookup *ret);

/* RFC 3416 4.2.2. inclusive: the cell of the name itself, if it exists (RFC 2741 5.2). False: no
 * cell is left in the module. */
bool lookup_next(const struct view *v, const struct mib *m, const uint32_t *name, size_t length,
	bool inclusive, struct cell *ret);

/* The same for a whole OID, which may lie outside of the module. */
enum lookup_result lookup_whole_get(const struct view *v, const struct mib *m, const uint32_t *name,
	size_t length, struct lookup *ret);
bool lookup_whole_next(const struct view *v, const struct mib *m, const uint32_t *name,
	size_t length, bool inclusive, struct cell *ret);

/* Writes the name of a cell below the module's root; returns its length. */
size_t cell_name(const struct cell *cell, uint32_t name[NAME_ARCS_MAX]);
void cell_value(const struct cell *cell, struct value *ret);

#endif
