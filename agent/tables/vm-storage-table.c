/*
 * vmStorageTable: the virtual disks of each domain, each described by its volume. ldmd tells
 * neither sizes nor traffic.
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
/* IANAStorageMediaType: the numbers of SYNTAX, as its DESCRIPTION has 1 and 2 interchanged. */
enum { HARD_DISK = 3, OPTICAL_DISK = 4 };
enum { NOT_AVAILABLE = -1 };

/* The disk's volume; NULL: not in the snapshot. */
static const struct vds_volume *volume_of(const struct cell *c)
{
	const struct snapshot *snapshot = c->view->snapshot;
	const struct vdisk *disk = c->row.object;
	const struct service *s =
		links_find(snapshot->links, SERVICE_VOLUME, disk->service, disk->volume);
	struct list_row found;

	if (!s || !snapshot_seek_row(snapshot, LIST_VOLUME, s->domain, s->index, &found) ||
		found.domain->index != s->domain || found.index != s->index)
		return NULL;
	return found.row;
}

static const char *path_of(const struct vds_volume *volume)
{
	return volume && volume->device ? volume->device : "";
}

static void get_source_type(const struct cell *c, struct value *ret)
{
	const struct vds_volume *volume = volume_of(c);
	const char *path = path_of(volume);

	value_set_integer(ret, !volume				? SOURCE_UNKNOWN
			       : strncmp(path, "/dev/", 5) == 0 ? SOURCE_BLOCK
			       : path[0] == '/'			? SOURCE_RAW
								: SOURCE_OTHER);
}

static void get_source_string(const struct cell *c, struct value *ret)
{
	const struct vds_volume *volume = volume_of(c);

	value_set_text(ret, volume ? volume->options : NULL, c->column->max);
}

/* The volume's path; without the volume, "volume@server" as the disk names them. */
static void get_resource(const struct cell *c, struct value *ret)
{
	const struct vdisk *disk = c->row.object;
	const struct vds_volume *volume = volume_of(c);

	if (volume) {
		value_set_text(ret, path_of(volume), c->column->max);
		return;
	}
	char text[VALUE_INLINE_MAX + 1];
	snprintf(text, sizeof(text), "%s@%s", disk->volume ? disk->volume : "",
		disk->service ? disk->service : "");
	value_set_bytes(ret, text, utf8_cut(text, VALUE_INLINE_MAX));
}

static bool is_read_only(const char *options)
{
	for (const char *p = options; p && *p;) {
		size_t n = strcspn(p, ",");

		if (n == 2 && strncasecmp(p, "ro", n) == 0)
			return true;
		p += n + (p[n] == ',');
	}
	return false;
}

static void get_access(const struct cell *c, struct value *ret)
{
	const struct vds_volume *volume = volume_of(c);

	value_set_integer(ret, !volume			       ? ACCESS_TYPE_UNKNOWN
			       : is_read_only(volume->options) ? READ_ONLY
							       : READ_WRITE);
}

static void get_media_type(const struct cell *c, struct value *ret)
{
	const char *path = path_of(volume_of(c));
	size_t n = strlen(path);

	value_set_integer(
		ret, n >= 4 && strcasecmp(path + n - 4, ".iso") == 0 ? OPTICAL_DISK : HARD_DISK);
}

#define ABSENT(id, name)                                                                           \
	{                                                                                          \
		COLUMN_OF(id, name, VALUE_COUNTER64, ACCESS_ABSENT, NULL, 0)                       \
	}

static const struct column columns[] = {
	COLUMN_INDEX(1, "vmStorageVmIndex"),
	COLUMN_INDEX(2, "vmStorageIndex"),
	COLUMN_CONSTANT(3, "vmStorageParent", 0),
	COLUMN_MADE(4, "vmStorageSourceType", VALUE_INTEGER, get_source_type, 0),
	COLUMN_MADE(5, "vmStorageSourceTypeString", VALUE_OCTETS, get_source_string, 255),
	COLUMN_MADE(6, "vmStorageResourceID", VALUE_OCTETS, get_resource, 255),
	COLUMN_MADE(7, "vmStorageAccess", VALUE_INTEGER, get_access, 0),
	COLUMN_MADE(8, "vmStorageMediaType", VALUE_INTEGER, get_media_type, 0),
	COLUMN_CONSTANT_TEXT(9, "vmStorageMediaTypeString", "vdisk"),
	COLUMN_CONSTANT(10, "vmStorageSizeUnit", MEGABYTE),
	COLUMN_CONSTANT(11, "vmStorageDefinedSize", NOT_AVAILABLE),
	COLUMN_CONSTANT(12, "vmStorageAllocatedSize", NOT_AVAILABLE),
	ABSENT(13, "vmStorageReadIOs"),
	ABSENT(14, "vmStorageWriteIOs"),
	ABSENT(15, "vmStorageReadOctets"),
	ABSENT(16, "vmStorageWriteOctets"),
	ABSENT(17, "vmStorageReadLatency"),
	ABSENT(18, "vmStorageWriteLatency"),
};

const struct table vm_storage_table = {DEVICE_TABLE(7, LIST_VDISK)};
