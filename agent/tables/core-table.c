/*
 * ldomCoreTable: the cores that domains have CPUs of, whole or in part.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomCoreIndex"),
	COLUMN_DOMAIN(2, "ldomCoreLdomIndex"),
	COLUMN_NUMBER(3, "ldomCoreID", core, id, UINT32_MAX),
	COLUMN_TEXT(4, "ldomCoreCpuSet", core, cpuset, TEXT_MAX_OCTETS),
	COLUMN_NUMBER(5, "ldomCoreNumVCPU", core, n_vcpus, UINT32_MAX),
};

const struct table core_table = {DEVICE_TABLE(5, LIST_CORE)};
