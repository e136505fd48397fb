/*
 * Rows, and lists of them, as schema.h describes them: read from ldmd, compared and freed. The
 * values of a domain are a row, too; the lists are those below a domain (CPUs, disks, switches,
 * ...) and of the host, sorted by the index that each row in them begins with.
 */
#ifndef INVENTORY_ROWS_H
#define INVENTORY_ROWS_H

#include "inventory/schema.h"

/* --- the values of one row ----------------------------------------------------------------- */

/*
 * Reads what is there into the row and leaves the rest alone. A value that makes no sense is as if
 * it were missing. *ret_known gets the known bits of what was read. -ENOMEM.
 */
int fields_read(
	const struct field *table, const struct ldm_resource *from, void *row, uint32_t *ret_known);
void fields_free(const struct field *table, void *row);
/* Gives a plain copy of a row texts of its own. -ENOMEM: some are NULL. */
int fields_own(const struct field *table, void *row);
/* Copies one value from another row, freeing what was there. -ENOMEM. */
int field_take(const struct field *f, const void *from, void *to);
bool fields_same(const struct field *table, const void *a, const void *b, bool with_volatile);

/* --- lists --------------------------------------------------------------------------------- */

size_t rows_count(const struct row_type *t, const void *owner);
void *rows_at(const struct row_type *t, const void *owner, size_t i);
uint32_t row_index(const void *row);
/* The text whose pointer is at that offset of the row; offset 0: NULL. */
const char *row_text(const void *row, size_t offset);
/* NULL when it has none. */
const char *row_name(const struct row_type *t, const void *row);

/*
 * Adds to the list a row for the resource, or for each of its bindings, as the type wants it; one
 * without a name is left out. *budget is counted down. -E2BIG: it is used up; -ENOMEM.
 */
int rows_read(
	const struct row_type *t, const struct ldm_resource *from, void *owner, size_t *budget);
/* Sorts by index. Of two rows with one index the later goes; index 0 stands for no number. */
void rows_sort(const struct row_type *t, void *owner);

/*
 * The cores behind the virtual CPUs, which must be numbered and sorted; before the detail is
 * shared, and once. -ENOMEM: freed with the detail.
 */
int rows_derive_cores(struct domain_detail *d);

/* For all lists of an owner. */
void rows_free(enum row_owner which, void *owner);
bool rows_same(enum row_owner which, const void *a, const void *b, bool with_volatile);

#endif
