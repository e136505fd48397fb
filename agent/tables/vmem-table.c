/*
 * ldomVmemTable: the memory of each domain as a whole, one row a domain. Its blocks are in
 * ldomVmemPhysBindTable.
 */
#include "tables/tables.h"

#include "tables/device-table.h"
#include "util/number.h"

static void get_blocks(const struct cell *c, struct value *ret)
{
	value_set_unsigned(ret, c->row.domain->detail->n_memory);
}

static void get_size(const struct cell *c, struct value *ret)
{
	const struct domain_detail *t = c->row.domain->detail;
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

const struct table vmem_table = {DEVICE_TABLE(6, LIST_VMEM)};
