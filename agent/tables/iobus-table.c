/*
 * ldomIOBusTable: buses and other physical I/O devices that domains own.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomIOBusIndex"),
	COLUMN_DOMAIN(2, "ldomIOBusLdomIndex"),
	COLUMN_TEXT(3, "ldomIOBusName", iobus, name, NAME_MAX_OCTETS),
	COLUMN_TEXT(4, "ldomIOBusPath", iobus, path, LONG_TEXT_MAX_OCTETS),
	COLUMN_TEXT(5, "ldomIOBusOptions", iobus, options, TEXT_MAX_OCTETS),
	COLUMN_TEXT(6, "ldomIOBusType", iobus, type, TEXT_MAX_OCTETS),
	COLUMN_TRUTH(7, "ldomIOBusIsBus", iobus, is_bus),
	COLUMN_TEXT(8, "ldomIOBusMacAddress", iobus, mac, 17),
	COLUMN_NUMBER(9, "ldomIOBusPortVlanID", iobus, pvid, 4095),
	COLUMN_TEXT(10, "ldomIOBusVlanID", iobus, vid, LONG_TEXT_MAX_OCTETS),
	COLUMN_NUMBER(11, "ldomIOBusMtu", iobus, mtu, UINT32_MAX),
};

const struct table iobus_table = {DEVICE_TABLE(9, LIST_IOBUS)};
