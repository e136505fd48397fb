/*
 * Reading, copying, comparing and freeing records by their table.
 *
 * Members are reached by offset; memcpy keeps the compiler's aliasing rules out of it.
 */
#include "inventory/fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "inventory/words.h"
#include "ldm/document.h"
#include "util/cleanup.h"
#include "util/number.h"
#include "util/text.h"

/* Longest text kept: ldomMaster (four names of 256 octets and three commas). */
#define TEXT_MAX 1027

_Static_assert(sizeof(enum domain_state) == sizeof(uint32_t), "FIELD_STATE has 32 bits");

static size_t field_width(const struct field *f)
{
	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_MAC:
	case FIELD_HOSTID:
	case FIELD_UUID:
	case FIELD_FLAGS:
		return sizeof(char *);
	case FIELD_SIZE:
	case FIELD_ADDRESS:
	case FIELD_UPTIME:
		return sizeof(uint64_t);
	case FIELD_SWITCH:
	case FIELD_SUSPENDED:
	case FIELD_FLAG:
		return sizeof(bool);
	case FIELD_U32:
	case FIELD_LIMIT:
	case FIELD_PERCENT:
	case FIELD_STATE:
	case FIELD_OTHER:
	case FIELD_END:
		break;
	}
	return sizeof(uint32_t);
}

static bool is_text(const struct field *f)
{
	return f->kind >= FIELD_TEXT && f->kind <= FIELD_FLAGS;
}

static char *field_text(const struct field *f, const void *record)
{
	char *text;

	memcpy(&text, (const char *)record + f->offset, sizeof(text));
	return text;
}

static void field_put(const struct field *f, const void *value, void *record)
{
	memcpy((char *)record + f->offset, value, field_width(f));
}

static void field_put_text(const struct field *f, char *take, void *record)
{
	free(field_text(f, record));
	field_put(f, &take, record);
}

/* --- reading ------------------------------------------------------------------------------- */

static int read_text(const struct field *f, const char *text, void *record)
{
	char *made = NULL;
	int r = 0;

	if (f->kind == FIELD_MAC)
		r = word_mac(text, &made);
	else if (f->kind == FIELD_HOSTID)
		r = word_hostid(text, &made);
	else if (f->kind == FIELD_UUID)
		r = word_uuid(text, &made);
	else if (f->kind == FIELD_FLAGS && *text)
		r = word_flags(text, &made);
	else if (*text && !(made = strndup(text, TEXT_MAX)))
		r = -ENOMEM;
	if (r == 0)
		field_put_text(f, made, record);
	return r;
}

static int parse_address(const char *text, uint64_t *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*ret = strtoull(text, &end, 0);
	return errno || *end ? -EINVAL : 0;
}

/* -ENOMEM; any other error means that the text is no such value. */
static int read_value(const struct field *f, const char *text, void *record)
{
	uint64_t wide = 0;
	uint32_t narrow = 0;
	bool on = false;
	int r;

	if (is_text(f))
		return read_text(f, text, record);
	if (field_width(f) == sizeof(on)) {
		r = f->kind == FIELD_SUSPENDED ? (*text ? 0 : -EINVAL)
		    : word_switch(text, &on)   ? 0
					       : -EINVAL;
		if (f->kind == FIELD_SUSPENDED)
			on = strcasecmp(text, "suspended") == 0;
		if (r == 0)
			field_put(f, &on, record);
	} else if (field_width(f) == sizeof(wide)) {
		r = f->kind == FIELD_SIZE     ? parse_size(text, &wide)
		    : f->kind == FIELD_UPTIME ? parse_uptime(text, &wide)
					      : parse_address(text, &wide);
		if (r == 0)
			field_put(f, &wide, record);
	} else {
		r = f->kind == FIELD_PERCENT ? parse_permille(text, &narrow)
					     : parse_u32(text, &narrow);
		if (f->kind == FIELD_LIMIT && strcasecmp(text, "unlimited") == 0)
			r = 0;
		if (f->kind == FIELD_STATE) {
			narrow = word_state(text);
			r = *text ? 0 : -EINVAL;
		}
		if (r == 0)
			field_put(f, &narrow, record);
	}
	return r;
}

static bool is_in(const struct field *f, const struct ldm_resource *from)
{
	if (!f->in[0])
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(f->in) && f->in[i]; i++)
		if (strcasecmp(f->in[i], from->type) == 0)
			return true;
	return false;
}

static const char *find_text(const struct field *f, const struct ldm_resource *from)
{
	const char *text = NULL;

	if (f->source == FROM_NOWHERE || !is_in(f, from))
		return NULL;
	if (f->source == FROM_UNITS)
		text = from->units;
	else if (f->source == FROM_ADDRESS)
		text = from->address;
	else if (f->source == FROM_UUID)
		text = from->uuid;
	for (size_t i = 0; !text && i < ARRAY_SIZE(f->keys) && f->keys[i]; i++)
		text = ldm_resource_get(from, f->keys[i]);
	return text;
}

int fields_read(const struct field *table, const struct ldm_resource *from, void *record,
	uint32_t *ret_known)
{
	uint32_t known = 0;

	for (const struct field *f = table; f->kind != FIELD_END; f++) {
		const char *text = find_text(f, from);
		int r = text ? read_value(f, text, record) : -ENOENT;

		if (r == -ENOMEM)
			return r;
		if (r == 0)
			known |= f->known;
	}
	*ret_known = known;
	return 0;
}

/* --- life and comparison ------------------------------------------------------------------- */

void fields_free(const struct field *table, void *record)
{
	for (const struct field *f = table; f->kind != FIELD_END; f++)
		if (is_text(f))
			field_put_text(f, NULL, record);
}

int field_take(const struct field *f, const void *from, void *to)
{
	char *text;
	int r;

	if (!is_text(f)) {
		field_put(f, (const char *)from + f->offset, to);
		return 0;
	}
	r = text_copy(field_text(f, from), &text);
	if (r == 0)
		field_put_text(f, text, to);
	return r;
}

int fields_copy(const struct field *table, const void *from, void *to)
{
	static const char *const none = NULL;

	for (const struct field *f = table; f->kind != FIELD_END; f++)
		if (is_text(f))
			field_put(f, &none, to);
	for (const struct field *f = table; f->kind != FIELD_END; f++)
		if (field_take(f, from, to) < 0) {
			fields_free(table, to);
			return -ENOMEM;
		}
	return 0;
}

static bool field_same(const struct field *f, const void *a, const void *b)
{
	const char *x = (const char *)a + f->offset, *y = (const char *)b + f->offset;

	if (is_text(f))
		return text_equal(field_text(f, a), field_text(f, b));
	return memcmp(x, y, field_width(f)) == 0;
}

bool fields_same(const struct field *table, const void *a, const void *b, bool with_volatile)
{
	for (const struct field *f = table; f->kind != FIELD_END; f++)
		if ((with_volatile || !f->is_volatile) && !field_same(f, a, b))
			return false;
	return true;
}
