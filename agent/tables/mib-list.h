/*
 * The MIB modules that there are, and which of them an agent serves.
 */
#ifndef TABLES_MIB_LIST_H
#define TABLES_MIB_LIST_H

#include "tables/mib.h"

/* LDOMS-MIB alone. */
extern const struct mib_list mib_list_default;
/* LDOMS-MIB and those views (words, NULL-terminated; NULL: none). -EINVAL: no such view. */
int mib_list_make(char *const *views, struct mib_list *ret);
/* NULL: no such view. */
const struct mib *mib_find_view(const char *word);

#endif
