/*
 * ldomVdiskTable: virtual disks, each with its volume and its virtual disk server.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static const struct service *volume_of(const struct cell *c)
{
	const struct vdisk *disk = c->row.object;

	return links_find(c->view->snapshot->links, SERVICE_VOLUME, disk->service, disk->volume);
}

static const struct service *server_of(const struct cell *c)
{
	const struct vdisk *disk = c->row.object;

	return links_find(c->view->snapshot->links, SERVICE_VDS, disk->service, NULL);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVdiskIndex"),
	COLUMN_DOMAIN(2, "ldomVdiskLdomIndex"),
	COLUMN_SERVICE(3, "ldomVdiskVdsDevIndex", volume_of, index, INT32_MAX),
	COLUMN_TEXT(4, "ldomVdiskName", vdisk, name, NAME_MAX_OCTETS),
	COLUMN_NUMBER(5, "ldomVdiskTimeout", vdisk, timeout, UINT32_MAX),
	COLUMN_NUMBER(6, "ldomVdiskID", vdisk, id, UINT32_MAX),
	COLUMN_SERVICE(7, "ldomVdiskVdsLdomIndex", server_of, domain, INT32_MAX),
	COLUMN_SERVICE(8, "ldomVdiskVdsIndex", server_of, index, INT32_MAX),
	COLUMN_TEXT(9, "ldomVdiskServiceName", vdisk, service, NAME_MAX_OCTETS),
	COLUMN_TEXT(10, "ldomVdiskVolumeName", vdisk, volume, NAME_MAX_OCTETS),
	COLUMN_TEXT(11, "ldomVdiskMPGroup", vdisk, mpgroup, NAME_MAX_OCTETS),
};

const struct table vdisk_table = {DEVICE_TABLE(12, LIST_VDISK)};
