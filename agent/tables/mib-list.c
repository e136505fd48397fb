/*
 * See mib-list.h.
 */
#include "tables/mib-list.h"

#include <errno.h>
#include <strings.h>

#define ADDRESS_OF(name) &(name),
static const struct mib *const all_mibs[] = {ALL_MIBS(ADDRESS_OF)};

const struct mib_list mib_list_default = {.n = 1, .mibs = {&ldoms_mib}};

const struct mib *mib_find_view(const char *word)
{
	for (size_t i = 0; i < MIBS_MAX; i++)
		if (all_mibs[i]->view && strcasecmp(all_mibs[i]->view, word) == 0)
			return all_mibs[i];
	return NULL;
}

static bool is_in(const struct mib_list *list, const struct mib *m)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->mibs[i] == m)
			return true;
	return false;
}

static void put_in_order(struct mib_list *list, const struct mib *m)
{
	size_t i = list->n++;

	for (; i > 0 && mib_compare(list->mibs[i - 1], m->root, m->root_length) < 0; i--)
		list->mibs[i] = list->mibs[i - 1];
	list->mibs[i] = m;
}

int mib_list_make(char *const *views, struct mib_list *ret)
{
	struct mib_list list = mib_list_default;

	for (; views && *views; views++) {
		const struct mib *m = mib_find_view(*views);

		if (!m)
			return -EINVAL;
		if (!is_in(&list, m))
			put_in_order(&list, m);
	}
	while (list.mibs[list.main] != &ldoms_mib)
		list.main++;
	*ret = list;
	return 0;
}
