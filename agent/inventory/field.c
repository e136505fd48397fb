/*
 * Reading, copying, comparing and freeing records by their table.
 */
#include "inventory/field.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/build.h"
#include "ldm/document.h"
#include "util/number.h"

/* Longest text kept: ldomMaster (four names of 256 octets and three commas). */
#define TEXT_MAX 1027

static bool is_text(const struct field *f)
{
	return f->kind == FIELD_TEXT || f->kind == FIELD_MAC || f->kind == FIELD_HOSTID ||
	       f->kind == FIELD_UUID;
}

static size_t width(const struct field *f)
{
	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_MAC:
	case FIELD_HOSTID:
	case FIELD_UUID:
		return sizeof(char *);
	case FIELD_SIZE:
	case FIELD_ADDRESS:
	case FIELD_UPTIME:
		return sizeof(uint64_t);
	case FIELD_SWITCH:
	case FIELD_FLAG:
		return sizeof(bool);
	case FIELD_U32:
	case FIELD_PERCENT:
	case FIELD_OTHER:
		break;
	}
	return sizeof(uint32_t);
}

static char *text_of(const struct field *f, const void *record)
{
	char *text;

	memcpy(&text, (const char *)record + f->offset, sizeof(text));
	return text;
}

static void put(const struct field *f, const void *value, void *record)
{
	memcpy((char *)record + f->offset, value, width(f));
}

static void put_text(const struct field *f, char *take, void *record)
{
	free(text_of(f, record));
	put(f, &take, record);
}

void field_reset(const struct field *f, void *record)
{
	static const uint64_t zero;

	if (is_text(f))
		free(text_of(f, record));
	put(f, &zero, record);
}

static int set_text(const struct field *f, const char *text, void *record, bool *ret_valid)
{
	char *made = NULL;
	int r = 0;

	if (f->kind == FIELD_MAC)
		r = build_mac(text, &made);
	else if (f->kind == FIELD_HOSTID)
		r = build_hostid(text, &made);
	else if (f->kind == FIELD_UUID)
		r = build_uuid(text, &made);
	else if (*text != '\0')
		made = strndup(text, TEXT_MAX);
	if (r == -ENOMEM || (r == 0 && !made && *text != '\0'))
		return -ENOMEM;
	*ret_valid = r == 0;
	if (r == 0)
		put_text(f, made, record);
	return 0;
}

static bool parse_switch(const char *text, bool *ret)
{
	static const char *const on[] = {"on", "yes", "true", "enabled", "1"};
	static const char *const off[] = {"off", "no", "false", "disabled", "0", ""};

	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++)
		if (strcasecmp(text, on[i]) == 0) {
			*ret = true;
			return true;
		}
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		if (strcasecmp(text, off[i]) == 0) {
			*ret = false;
			return true;
		}
	return false;
}

static bool parse_address(const char *text, uint64_t *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 0);
	return errno == 0 && *end == '\0';
}

static bool set_wide(const struct field *f, const char *text, void *record)
{
	uint64_t value = 0;
	bool ok;

	if (f->kind == FIELD_SIZE)
		ok = parse_size(text, &value) == 0;
	else if (f->kind == FIELD_UPTIME)
		ok = parse_uptime(text, &value) == 0;
	else
		ok = parse_address(text, &value);
	if (ok)
		put(f, &value, record);
	return ok;
}

static bool set_narrow(const struct field *f, const char *text, void *record)
{
	uint64_t wide = 0;
	uint32_t value = 0;
	bool ok;

	if (f->kind == FIELD_PERCENT) {
		ok = parse_permille(text, &value) == 0;
	} else {
		ok = parse_u64(text, &wide) == 0 && wide <= UINT32_MAX;
		value = (uint32_t)wide;
	}
	if (ok)
		put(f, &value, record);
	return ok;
}

int field_set(const struct field *f, const char *text, void *record, bool *ret_valid)
{
	bool on;

	if (is_text(f))
		return set_text(f, text, record, ret_valid);
	if (f->kind == FIELD_SWITCH) {
		*ret_valid = parse_switch(text, &on);
		if (*ret_valid)
			put(f, &on, record);
	} else if (width(f) == sizeof(uint64_t)) {
		*ret_valid = set_wide(f, text, record);
	} else {
		*ret_valid = set_narrow(f, text, record);
	}
	return 0;
}

static const char *find_text(const struct field *f, const struct ldm_resource *from)
{
	const char *text = NULL;

	if (f->source == FROM_UNITS)
		text = from->units;
	else if (f->source == FROM_ADDRESS)
		text = from->address;
	else if (f->source == FROM_UUID)
		text = from->uuid;
	for (size_t i = 0; !text && i < sizeof(f->keys) / sizeof(f->keys[0]) && f->keys[i]; i++)
		text = ldm_resource_get(from, f->keys[i]);
	return text;
}

int fields_read(const struct field *table, const struct ldm_resource *from, void *record,
	uint32_t *ret_known)
{
	uint32_t known = 0;

	for (const struct field *f = table; f->offset != FIELD_END; f++) {
		const char *text = f->source == FROM_NOWHERE ? NULL : find_text(f, from);
		bool valid;
		int r;

		if (!text)
			continue;
		r = field_set(f, text, record, &valid);
		if (r < 0)
			return r;
		if (valid)
			known |= f->known;
	}
	*ret_known = known;
	return 0;
}

void fields_free(const struct field *table, void *record)
{
	for (const struct field *f = table; f->offset != FIELD_END; f++)
		if (is_text(f))
			field_reset(f, record);
}

int field_take(const struct field *f, const void *from, void *to)
{
	char *text;

	if (!is_text(f)) {
		put(f, (const char *)from + f->offset, to);
		return 0;
	}
	text = text_of(f, from);
	if (text) {
		text = strdup(text);
		if (!text)
			return -ENOMEM;
	}
	put_text(f, text, to);
	return 0;
}

/* `to` may be a plain copy of `from`: its texts are not its own yet. */
int fields_copy(const struct field *table, const void *from, void *to)
{
	static const char *const none = NULL;

	for (const struct field *f = table; f->offset != FIELD_END; f++)
		if (is_text(f))
			put(f, &none, to);
	for (const struct field *f = table; f->offset != FIELD_END; f++)
		if (field_take(f, from, to) < 0) {
			fields_free(table, to);
			return -ENOMEM;
		}
	return 0;
}

static bool field_same(const struct field *f, const void *a, const void *b)
{
	const char *x, *y;

	if (!is_text(f))
		return memcmp((const char *)a + f->offset, (const char *)b + f->offset, width(f)) ==
		       0;
	x = text_of(f, a);
	y = text_of(f, b);
	return x == y || (x && y && strcmp(x, y) == 0);
}

bool fields_same(const struct field *table, const void *a, const void *b, bool with_volatile)
{
	for (const struct field *f = table; f->offset != FIELD_END; f++)
		if ((with_volatile || !f->is_volatile) && !field_same(f, a, b))
			return false;
	return true;
}
