/*
 * Reads, compares and frees rows and lists of rows by the tables of schema.h.
 *
 * The values of a domain are one row. The lists are those of a domain (CPUs, disks, switches and so
 * on) and of the host. Each row in a list begins with its index, and the list is sorted by it.
 */
#ifndef INVENTORY_ROWS_H
#define INVENTORY_ROWS_H

#include "inventory/schema.h"

/* --- the values of one row ----------------------------------------------------------------- */

/*
 * Reads the values that the resource has into the row and does not touch the others. A value that
 * cannot be parsed counts as missing. *ret_known gets the `known` bits of the fields read. -ENOMEM.
 */
int fields_read(
	const struct field *table, const struct ldm_resource *from, void *row, uint32_t *ret_known);
/* Frees the texts of the row, not the row. */
void fields_free(const struct field *table, void *row);
/* Replaces the texts of a row that was copied bit by bit with copies of its own. -ENOMEM: some
 * texts are NULL, and none belongs to the original. */
int fields_own(const struct field *table, void *row);
/* Copies one value from another row and frees the old text. -ENOMEM: nothing changed. */
int field_take(const struct field *f, const void *from, void *to);
/* with_volatile false: fields with is_volatile are not compared. Indexes are never compared. */
bool fields_same(const struct field *table, const void *a, const void *b, bool with_volatile);

/* --- lists --------------------------------------------------------------------------------- */

size_t rows_count(const struct row_type *t, const void *owner);
void *rows_at(const struct row_type *t, const void *owner, size_t i);
uint32_t row_index(const void *row);
/* The text whose pointer lies at this offset in the row. Offset 0 is the index and gives NULL. */
const char *row_text(const void *row, size_t offset);
/* NULL: the row has no name. Borrowed. */
const char *row_name(const struct row_type *t, const void *row);

/*
 * Adds a row for the resource or, if the type has from_bindings, for each of its bindings. A row
 * that needs a name and has none is left out. Each takes 1 off *budget. -E2BIG: the budget is used
 * up; -ENOMEM.
 */
int rows_read(
	const struct row_type *t, const struct ldm_resource *from, void *owner, size_t *budget);
/* Sorts by index. Of rows with the same index one stays; rows with index 0 (no number) are freed.
 */
void rows_sort(const struct row_type *t, void *owner);

/*
 * Makes the list of cores from the virtual CPUs. Call it once, before the detail is shared.
 * -ENOMEM: the list is cut short, and freed with the detail.
 */
int rows_derive_cores(struct domain_detail *d);

/* Both work on all lists of an owner. */
void rows_free(enum row_owner which, void *owner);
bool rows_same(enum row_owner which, const void *a, const void *b, bool with_volatile);

#endif
