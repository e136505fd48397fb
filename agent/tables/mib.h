/*
 * MIB modules: LDOMS-MIB, and views, which serve the same inventory as a MIB that others defined. A
 * module has a root OID, tables below the root, and notifications. A new view is a descriptor in
 * mib-list.c and a line in ALL_MIBS.
 */
#ifndef TABLES_MIB_H
#define TABLES_MIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct change;
struct notification;
struct table;

struct mib {
	const char *name;     /* of the module, "VM-MIB" */
	const char *view;     /* its word in the configuration; NULL: always served */
	const char *root_oid; /* dotted, for the log */
	const uint32_t *root; /* begins with 1.3.6.1 */
	size_t root_length;
	/* The row in sysORTable (RFC 3418): sysORID and sysORDescr. */
	const uint32_t *capabilities;
	size_t capabilities_length;
	const char *description;
	const struct table *const *tables; /* in the order of their arcs */
	size_t n_tables;
	/* Which notification of the module tells the change: its number below root.0; 0: none. */
	uint32_t (*notifies)(const struct change *c);
	/* Makes that notification. Its values are borrowed from the change. -ENOMEM. */
	int (*notification)(const struct change *c, struct notification *ret);
};

/* clang-format off */
#define ALL_MIBS(X) \
	X(ldoms_mib) \
	X(vm_mib) \
	X(libvirt_mib)
/* clang-format on */

#define DECLARE_MIB(name) extern const struct mib name;
ALL_MIBS(DECLARE_MIB)

#define COUNT_MIB(name) +1
enum { MIBS_MAX = 0 ALL_MIBS(COUNT_MIB) };

/* The modules that an agent serves, in the order of their roots. */
struct mib_list {
	size_t n;
	size_t main; /* position of LDOMS-MIB */
	const struct mib *mibs[MIBS_MAX];
};

/* LDOMS-MIB alone. */
extern const struct mib_list mib_list_default;
/* LDOMS-MIB and the views of these words (NULL-terminated; NULL: none). -EINVAL: unknown word. */
int mib_list_make(char *const *views, struct mib_list *ret);
/* The view of a word in any case; NULL: unknown word. */
const struct mib *mib_find_view(const char *word);

/* < 0: the name lies before the module's root or is the root; 0: below the root; > 0: behind. */
static inline int mib_compare(const struct mib *m, const uint32_t *name, size_t length)
{
	if (length > m->root_length && memcmp(name, m->root, m->root_length * sizeof(name[0])) == 0)
		return 0;
	for (size_t i = 0; i < m->root_length; i++) {
		if (i == length || name[i] < m->root[i])
			return -1;
		if (name[i] > m->root[i])
			return 1;
	}
	return -1;
}

#endif
