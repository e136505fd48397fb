/*
 * ldomVmemPhysBindTable: the blocks of physical memory behind a domain's memory.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static bool seek_vmem_phys_bind(const struct view *v, const uint32_t *index, struct row *ret)
{
	return device_seek(v, LIST_MEMORY_BLOCK, index, ret);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVmemPhysBindIndex"),
	COLUMN_DOMAIN(2, "ldomVmemPhysBindLdomIndex"),
	COLUMN_MEMBER(3, "ldomVmemPhysBind", VALUE_OCTETS, device_get_address, memory_block,
		physical_address, VALUE_INLINE_MAX),
	COLUMN_MEMBER(4, "ldomVmemPhysBindSize", VALUE_UNSIGNED, device_get_megabytes, memory_block,
		size, UINT32_MAX),
	COLUMN_MEMBER(5, "ldomVmemPhysBindRealAddress", VALUE_OCTETS, device_get_address,
		memory_block, real_address, VALUE_INLINE_MAX),
};

const struct table vmem_phys_bind_table = {
	TABLE_OF("ldomVmemPhysBindTable", 7, 2), .seek = seek_vmem_phys_bind};
