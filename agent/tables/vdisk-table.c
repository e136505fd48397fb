/*
 * ldomVdiskTable: virtual disks, each with the volume and the server behind it.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static bool seek_vdisk(const struct view *v, const uint32_t *index, struct row *ret)
{
	return device_seek(v, LIST_VDISK, index, ret);
}

static const struct service *volume_of(const struct view *v, const struct row *r)
{
	const struct vdisk *disk = r->object;

	return links_find(v->snapshot->links, SERVICE_VOLUME, disk->service, disk->volume);
}

static const struct service *server_of(const struct view *v, const struct row *r)
{
	const struct vdisk *disk = r->object;

	return links_find(v->snapshot->links, SERVICE_VDS, disk->service, NULL);
}

static void get_volume(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	device_set_service_index(volume_of(v, r), ret);
}

static void get_server_domain(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	device_set_service_domain(server_of(v, r), ret);
}

static void get_server(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	device_set_service_index(server_of(v, r), ret);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVdiskIndex"),
	COLUMN_DOMAIN(2, "ldomVdiskLdomIndex"),
	COLUMN_MADE(3, "ldomVdiskVdsDevIndex", VALUE_UNSIGNED, get_volume, INT32_MAX),
	COLUMN_TEXT(4, "ldomVdiskName", vdisk, name, NAME_MAX_OCTETS),
	COLUMN_NUMBER(5, "ldomVdiskTimeout", vdisk, timeout, UINT32_MAX),
	COLUMN_NUMBER(6, "ldomVdiskID", vdisk, id, UINT32_MAX),
	COLUMN_MADE(7, "ldomVdiskVdsLdomIndex", VALUE_UNSIGNED, get_server_domain, INT32_MAX),
	COLUMN_MADE(8, "ldomVdiskVdsIndex", VALUE_UNSIGNED, get_server, INT32_MAX),
	COLUMN_TEXT(9, "ldomVdiskServiceName", vdisk, service, NAME_MAX_OCTETS),
	COLUMN_TEXT(10, "ldomVdiskVolumeName", vdisk, volume, NAME_MAX_OCTETS),
	COLUMN_TEXT(11, "ldomVdiskMPGroup", vdisk, mpgroup, NAME_MAX_OCTETS),
};

const struct table vdisk_table = {TABLE_OF("ldomVdiskTable", 12, 2), .seek = seek_vdisk};
