/*
 * Rows from the snapshot's lists, and the columns that many of them have.
 */
#include "tables/device-table.h"

#include <stdio.h>
#include <string.h>

#include "util/number.h"

bool device_seek(
	const struct view *v, enum domain_list which, const uint32_t *index, struct row *ret)
{
	struct list_row found;

	if (!v->snapshot || !snapshot_seek_row(v->snapshot, which, index[0], index[1], &found))
		return false;
	*ret = (struct row){
		.index = {found.domain->index, found.index},
		.domain = found.domain,
		.object = found.row,
	};
	return true;
}

void device_get_domain(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_unsigned(ret, r->domain->index);
}

static uint64_t big_member(const struct column *c, const struct row *r)
{
	uint64_t number;

	memcpy(&number, (const char *)r->object + c->offset, sizeof(number));
	return number;
}

void device_get_megabytes(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)v;
	value_set_unsigned(ret, bytes_to_megabytes(big_member(c, r)));
}

void device_get_address(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)v;
	char text[VALUE_INLINE_MAX];
	int length = snprintf(text, sizeof(text), "0x%llx", (unsigned long long)big_member(c, r));

	value_set_bytes(ret, text, (size_t)length);
}

void device_get_percent(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	column_get_u32(c, v, r, ret);
	ret->number = ret->number / 10 + (ret->number % 10 >= 5);
}

void device_set_service_domain(const struct service *s, struct value *ret)
{
	value_set_unsigned(ret, s ? s->domain : 0);
}

void device_set_service_index(const struct service *s, struct value *ret)
{
	value_set_unsigned(ret, s ? s->index : 0);
}

void device_set_clients(const struct service *s, struct value *ret)
{
	value_set_unsigned(ret, s ? s->clients : 0);
}
