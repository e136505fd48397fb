/*
 * The lists below a domain (CPUs, disks, switches, ...) and of the host: what is done with each of
 * them alike, as schema.h describes it. Lists are sorted by the index that each row begins with.
 */
#ifndef INVENTORY_ROWS_H
#define INVENTORY_ROWS_H

#include "inventory/schema.h"

size_t rows_count(const struct row_type *t, const void *owner);
void *rows_at(const struct row_type *t, const void *owner, size_t i);
uint32_t row_index(const void *row);
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
