/*
 * ldomVmemPhysBindTable: the blocks of physical memory behind a domain's memory.
 */
#include "tables/tables.h"

#include <stdio.h>

#include "tables/device-table.h"

/* A uint64_t member as text, "0x84000000". */
static void get_address(const struct cell *c, struct value *ret)
{
	char text[VALUE_INLINE_MAX];
	const char *members = c->row.object;
	const uint64_t *address = (const uint64_t *)(members + c->column->offset);
	int length = snprintf(text, sizeof(text), "0x%llx", (unsigned long long)*address);

	value_set_bytes(ret, text, (size_t)length);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVmemPhysBindIndex"),
	COLUMN_DOMAIN(2, "ldomVmemPhysBindLdomIndex"),
	COLUMN_MEMBER(3, "ldomVmemPhysBind", VALUE_OCTETS, get_address, memory_block,
		physical_address, VALUE_INLINE_MAX),
	COLUMN_MEMBER(4, "ldomVmemPhysBindSize", VALUE_UNSIGNED, column_get_megabytes, memory_block,
		size, UINT32_MAX),
	COLUMN_MEMBER(5, "ldomVmemPhysBindRealAddress", VALUE_OCTETS, get_address, memory_block,
		real_address, VALUE_INLINE_MAX),
};

const struct table vmem_phys_bind_table = {DEVICE_TABLE(7, LIST_MEMORY_BLOCK)};
