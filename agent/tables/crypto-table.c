/*
 * ldomCryptoTable: the crypto units that domains have.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomCryptoIndex"),
	COLUMN_DOMAIN(2, "ldomCryptoLdomIndex"),
	COLUMN_TEXT(3, "ldomCryptoCpuSet", crypto_unit, cpuset, TEXT_MAX_OCTETS),
	COLUMN_NUMBER(4, "ldomCryptoID", crypto_unit, id, UINT32_MAX),
};

const struct table crypto_table = {DEVICE_TABLE(8, LIST_CRYPTO)};
