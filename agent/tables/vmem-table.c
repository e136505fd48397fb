/*
 * ldomVmemTable: the memory of each domain as a whole, one row a domain. Its blocks are in
 * ldomVmemPhysBindTable.
 */
#include "tables/tables.h"

#include "tables/device-table.h"
#include "util/number.h"

static bool seek_vmem(const struct view *v, const uint32_t *index, struct row *ret)
{
	return device_seek(v, LIST_VMEM, index, ret);
}

static void get_blocks(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_unsigned(ret, r->domain->detail->n_memory);
}

static void get_size(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	const struct domain_detail *t = r->domain->detail;
	uint64_t sum = 0;

	for (size_t i = 0; i < t->n_memory; i++)
		sum += t->memory[i].size;
	value_set_unsigned(ret, bytes_to_megabytes(sum));
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVmemIndex"),
	COLUMN_DOMAIN(2, "ldomVmemLdomIndex"),
	COLUMN_MADE(3, "ldomVmemNumofBlocks", VALUE_UNSIGNED, get_blocks, UINT32_MAX),
	COLUMN_MADE(4, "ldomVmemBoundSize", VALUE_UNSIGNED, get_size, UINT32_MAX),
};

const struct table vmem_table = {TABLE_OF("ldomVmemTable", 6, 2), .seek = seek_vmem};
