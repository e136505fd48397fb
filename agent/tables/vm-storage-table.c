/*
 * vmStorageTable: the virtual disks of each domain, with what the volume behind each of them is.
 * ldmd tells neither sizes nor traffic.
 */
#include "tables/views.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tables/device-table.h"
#include "util/number.h"
#include "util/utf8.h"

/* VirtualMachineStorageSourceType, VirtualMachineStorageAccess */
enum { SOURCE_UNKNOWN = 1, SOURCE_OTHER = 2, SOURCE_BLOCK = 3, SOURCE_RAW = 4 };
enum { ACCESS_TYPE_UNKNOWN = 1, READ_WRITE = 2, READ_ONLY = 3 };
/* IANAStorageMediaType, by its SYNTAX; the DESCRIPTION there has 1 and 2 the other way round. */
enum { HARD_DISK = 3, OPTICAL_DISK = 4 };
enum { NOT_AVAILABLE = -1 };

static bool disk_seek(const struct view *v, const uint32_t *index, struct row *ret)
{
	return device_seek(v, LIST_VDISK, index, ret);
}

/* NULL: list-services did not bring it. */
static const struct vds_volume *volume_of(const struct view *v, const struct row *r)
{
	const struct vdisk *disk = r->object;
	const struct service *s =
		links_find(v->snapshot->links, SERVICE_VOLUME, disk->service, disk->volume);
	struct list_row found;

	if (!s || !snapshot_seek_row(v->snapshot, LIST_VOLUME, s->domain, s->index, &found) ||
		found.domain->index != s->domain || found.index != s->index)
		return NULL;
	return found.row;
}

static const char *path_of(const struct vds_volume *volume)
{
	return volume && volume->device ? volume->device : "";
}

static void get_zero(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_integer(ret, 0);
}

static void get_source_type(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	const struct vds_volume *volume = volume_of(v, r);
	const char *path = path_of(volume);

	value_set_integer(ret, !volume				? SOURCE_UNKNOWN
			       : strncmp(path, "/dev/", 5) == 0 ? SOURCE_BLOCK
			       : path[0] == '/'			? SOURCE_RAW
								: SOURCE_OTHER);
}

static void get_source_string(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	const struct vds_volume *volume = volume_of(v, r);

	value_set_text(ret, volume ? volume->options : NULL, c->max);
}

/* The path; where there is none, the names by which the domain knows the volume. */
static void get_resource(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	const struct vdisk *disk = r->object;
	const struct vds_volume *volume = volume_of(v, r);

	if (volume) {
		value_set_text(ret, path_of(volume), c->max);
		return;
	}
	char text[VALUE_INLINE_MAX + 1];
	snprintf(text, sizeof(text), "%s@%s", disk->volume ? disk->volume : "",
		disk->service ? disk->service : "");
	value_set_bytes(ret, text, utf8_cut(text, VALUE_INLINE_MAX));
}

static bool has_option(const char *options, const char *wanted)
{
	for (const char *p = options; p && *p;) {
		size_t n = strcspn(p, ",");

		if (n == strlen(wanted) && strncasecmp(p, wanted, n) == 0)
			return true;
		p += n + (p[n] == ',');
	}
	return false;
}

static void get_access(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	const struct vds_volume *volume = volume_of(v, r);

	value_set_integer(ret, !volume				   ? ACCESS_TYPE_UNKNOWN
			       : has_option(volume->options, "ro") ? READ_ONLY
								   : READ_WRITE);
}

static void get_media_type(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	const char *path = path_of(volume_of(v, r));
	size_t n = strlen(path);

	value_set_integer(
		ret, n >= 4 && strcasecmp(path + n - 4, ".iso") == 0 ? OPTICAL_DISK : HARD_DISK);
}

static void get_media_string(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)v, (void)r;
	value_set_text(ret, "vdisk", c->max);
}

static void get_unit(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_integer(ret, (int32_t)MEGABYTE);
}

static void get_not_available(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_integer(ret, NOT_AVAILABLE);
}

#define ABSENT(id, name)                                                                           \
	{                                                                                          \
		id, name, VALUE_COUNTER64, ACCESS_ABSENT, NULL, 0, 0                               \
	}

static const struct column columns[] = {
	COLUMN_INDEX(1, "vmStorageVmIndex"),
	COLUMN_INDEX(2, "vmStorageIndex"),
	COLUMN_MADE(3, "vmStorageParent", VALUE_INTEGER, get_zero, 0),
	COLUMN_MADE(4, "vmStorageSourceType", VALUE_INTEGER, get_source_type, 0),
	COLUMN_MADE(5, "vmStorageSourceTypeString", VALUE_OCTETS, get_source_string, 255),
	COLUMN_MADE(6, "vmStorageResourceID", VALUE_OCTETS, get_resource, 255),
	COLUMN_MADE(7, "vmStorageAccess", VALUE_INTEGER, get_access, 0),
	COLUMN_MADE(8, "vmStorageMediaType", VALUE_INTEGER, get_media_type, 0),
	COLUMN_MADE(9, "vmStorageMediaTypeString", VALUE_OCTETS, get_media_string, 255),
	COLUMN_MADE(10, "vmStorageSizeUnit", VALUE_INTEGER, get_unit, 0),
	COLUMN_MADE(11, "vmStorageDefinedSize", VALUE_INTEGER, get_not_available, 0),
	COLUMN_MADE(12, "vmStorageAllocatedSize", VALUE_INTEGER, get_not_available, 0),
	ABSENT(13, "vmStorageReadIOs"),
	ABSENT(14, "vmStorageWriteIOs"),
	ABSENT(15, "vmStorageReadOctets"),
	ABSENT(16, "vmStorageWriteOctets"),
	ABSENT(17, "vmStorageReadLatency"),
	ABSENT(18, "vmStorageWriteLatency"),
};

const struct table vm_storage_table = {TABLE_OF("vmStorageTable", 7, 2), .seek = disk_seek};
