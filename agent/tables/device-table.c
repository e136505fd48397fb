/*
 * See device-table.h.
 */
#include "tables/device-table.h"

bool device_seek(struct cell *c, const uint32_t *index)
{
	const struct snapshot *s = c->view->snapshot;
	struct list_row found;

	if (!s || !snapshot_seek_row(s, c->table->list, index[0], index[1], &found))
		return false;
	c->row = (struct row){
		.index = {found.domain->index, found.index},
		.domain = found.domain,
		.object = found.row,
	};
	return true;
}

void device_get_service(const struct cell *c, struct value *ret)
{
	const struct service *s = c->column->service(c);
	const char *members = (const char *)s;

	value_set_unsigned(ret, s ? *(const uint32_t *)(members + c->column->offset) : 0);
}
