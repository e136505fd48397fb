/*
 * ldomCryptoTable: the crypto units that domains have.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static bool seek_crypto(const struct view *v, const uint32_t *index, struct row *ret)
{
	return device_seek(v, LIST_CRYPTO, index, ret);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomCryptoIndex"),
	COLUMN_DOMAIN(2, "ldomCryptoLdomIndex"),
	COLUMN_TEXT(3, "ldomCryptoCpuSet", crypto_unit, cpuset, TEXT_MAX_OCTETS),
	COLUMN_NUMBER(4, "ldomCryptoID", crypto_unit, id, UINT32_MAX),
};

const struct table crypto_table = {TABLE_OF("ldomCryptoTable", 8, 2), .seek = seek_crypto};
