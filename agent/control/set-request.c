/* See set-request.h. */
#include "control/set-request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/buffer.h"
#include "util/reference.h"
#include "util/text.h"

#define ROW_MAX 2147483647u

/* --- what a column takes ------------------------------------------------------------------- */

/* LDM names: a letter or digit, then letters, digits and a few others. */
static bool name_is_good(const uint8_t *octets, size_t length)
{
	static const char others[] = "-_+#.:;~()";

	for (size_t i = 0; i < length; i++) {
		uint8_t c = octets[i];
		bool plain =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!plain && (i == 0 || memchr(others, c, sizeof(others) - 1) == NULL))
			return false;
	}
	return length > 0;
}

/* The name of a file in templateDirectory; empty: no template. */
static bool template_is_good(const uint8_t *octets, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (octets[i] <= ' ' || octets[i] >= 0x7f || octets[i] == '/')
			return false;
	return length == 0 || octets[0] != '.';
}

/* One line of the table of fields. */
struct set_field_rule {
	uint32_t column;
	const char *object; /* its name in LDOMS-MIB */
	unsigned bit;
	const char *word; /* stands for the field in operation rows */
	enum set_type type;
	int64_t min, max; /* of a number; of text, the longest length in octets is max */
	size_t offset;	  /* in struct set_request: a char * for octets, else 32 bits */
	bool (*octets_are_good)(const uint8_t *octets, size_t length); /* may be NULL */
	const char *const *names; /* of the numbers 0 to max; NULL: written as digits */
	const char *unit;	  /* written behind the digits */
};

static const char *const admin_names[] = {
	"none", "active", "bound", "inactive", "forceStop", "restart"};
static const char *const row_names[] = {
	"none", "active", "notInService", "notReady", "createAndGo", "createAndWait", "destroy"};

#define AT(member) offsetof(struct set_request, member)

/* In the order of the bits, which is the order in which fields are written. */
static const struct set_field_rule rules[SET_FIELDS] = {
	{SET_COLUMN_NAME, "ldomName", FIELD_NAME_BIT, "name", SET_OCTETS, 0, 256, AT(name),
		name_is_good, NULL, ""},
	{SET_COLUMN_ADMIN, "ldomAdminState", FIELD_ADMIN_BIT, "state", SET_INTEGER, 1, 5, AT(admin),
		NULL, admin_names, ""},
	{SET_COLUMN_VCPU, "ldomNumVCPU", FIELD_VCPU_BIT, "vcpus", SET_UNSIGNED, 0, 65535, AT(vcpus),
		NULL, NULL, ""},
	{SET_COLUMN_MEMORY, "ldomMemSize", FIELD_MEMORY_BIT, "memory", SET_UNSIGNED, 0, UINT32_MAX,
		AT(memory_mb), NULL, NULL, "M"},
	{SET_COLUMN_CRYPTO, "ldomNumCrypto", FIELD_CRYPTO_BIT, "crypto", SET_UNSIGNED, 0, 65535,
		AT(crypto), NULL, NULL, ""},
	{SET_COLUMN_TEMPLATE, "ldomTemplate", FIELD_TEMPLATE_BIT, "template", SET_OCTETS, 0, 64,
		AT(template), template_is_good, NULL, ""},
	{SET_COLUMN_ROW, "ldomRowStatus", FIELD_ROW_BIT, "row", SET_INTEGER, 1, 6, AT(row), NULL,
		row_names, ""},
	{SET_SCALAR_SAVE, "ldomSaveConfig", FIELD_SAVE_BIT, "save", SET_OCTETS, 0, 69, AT(name),
		name_is_good, NULL, ""},
};

static const struct set_field_rule *find_rule(uint32_t column)
{
	for (size_t i = 0; i < SET_FIELDS; i++)
		if (rules[i].column == column)
			return &rules[i];
	return NULL;
}

static enum refusal_reason check_octets(
	const struct set_field_rule *rule, const struct set_varbind *v)
{
	if ((int64_t)v->length > rule->max)
		return REASON_TOO_LONG;
	if (rule->octets_are_good && !rule->octets_are_good(v->octets, v->length))
		return REASON_WRONG_VALUE;
	return REASON_NONE;
}

static enum refusal_reason check_number(
	const struct set_field_rule *rule, const struct set_varbind *v)
{
	/* RFC 2579: a manager may read notReady, but never set it. */
	bool never_set = rule->bit == FIELD_ROW_BIT && v->number == ROW_REQUEST_NOT_READY;

	return v->number < rule->min || v->number > rule->max || never_set ? REASON_WRONG_VALUE
									   : REASON_NONE;
}

static enum refusal_reason check_varbind(
	const struct set_varbind *v, const struct set_field_rule *rule)
{
	if (!rule)
		return REASON_NOT_WRITABLE;
	if (v->type != rule->type)
		return REASON_WRONG_TYPE;
	enum refusal_reason r =
		rule->type == SET_OCTETS ? check_octets(rule, v) : check_number(rule, v);
	bool scalar = v->column == SET_SCALAR_SAVE;
	if (r == REASON_NONE && (!v->row_valid || (v->row == 0) != scalar || v->row > ROW_MAX))
		r = REASON_NO_INDEX;
	return r;
}

/* --- merging ------------------------------------------------------------------------------- */

/* The address of the member: a char *, or 32 bits. */
static void *value_of(const struct set_request *d, const struct set_field_rule *rule)
{
	return (void *)((uintptr_t)d + rule->offset);
}

static const char *text_in(const struct set_request *d, const struct set_field_rule *rule)
{
	return *(char **)value_of(d, rule);
}

static uint32_t number_in(const struct set_request *d, const struct set_field_rule *rule)
{
	return *(uint32_t *)value_of(d, rule);
}

static unsigned bit_number(unsigned field)
{
	return (unsigned)__builtin_ctz(field);
}

uint32_t set_request_position(const struct set_request *d, unsigned field_bit)
{
	unsigned any = d->fields;

	if (field_bit != 0 && (d->fields & field_bit) != 0)
		return d->position[bit_number(field_bit)];
	/* A step that no varbind names (the bind of a new domain) is blamed on ldomRowStatus. */
	if ((any & FIELD_ROW_BIT) != 0)
		return d->position[bit_number(FIELD_ROW_BIT)];
	return any != 0 ? d->position[bit_number(any & -any)] : 0;
}

static bool has_value(
	const struct set_request *d, const struct set_field_rule *rule, const struct set_varbind *v)
{
	if (rule->type != SET_OCTETS)
		return number_in(d, rule) == (uint64_t)v->number;
	const char *text = text_in(d, rule);
	return strlen(text) == v->length &&
	       (v->length == 0 || memcmp(text, v->octets, v->length) == 0);
}

static int add_value(struct set_request *d, const struct set_field_rule *rule,
	const struct set_varbind *v, uint32_t position)
{
	if (rule->type == SET_OCTETS) {
		char *text = strndup(v->length > 0 ? (const char *)v->octets : "", v->length);
		if (!text)
			return -ENOMEM;
		*(char **)value_of(d, rule) = text;
	} else {
		*(uint32_t *)value_of(d, rule) = (uint32_t)v->number;
	}
	d->fields |= rule->bit;
	d->position[bit_number(rule->bit)] = position;
	return 0;
}

/* Parts stay sorted by row. NULL: no memory. */
static struct set_request *find_or_add_part(struct transaction *t, uint32_t row)
{
	size_t i = first_where(k, t->n_parts, t->parts[k].request.index >= row);

	if (i < t->n_parts && t->parts[i].request.index == row)
		return &t->parts[i].request;
	struct transaction_part *p = array_insert(&t->parts, &t->n_parts, sizeof(*p), i);
	if (!p)
		return NULL;
	p->request.index = row;
	return &p->request;
}

static int merge_varbind(struct transaction *t, const struct set_field_rule *rule,
	const struct set_varbind *v, uint32_t position, struct refusal *best)
{
	struct set_request *d = find_or_add_part(t, v->row);

	if (!d)
		return -ENOMEM;
	if ((d->fields & rule->bit) == 0)
		return add_value(d, rule, v, position);
	if (!has_value(d, rule, v))
		refuse(best, REASON_TWO_VALUES, position);
	return 0;
}

struct refusal transaction_new(
	const struct set_varbind *varbinds, size_t n, struct transaction **ret)
{
	struct refusal best = {.error = CONTROL_OK};
	struct transaction *t = shared_new(sizeof(*t));

	if (!t)
		refuse(&best, REASON_NO_MEMORY, 0);
	for (size_t i = 0; t && i < n; i++) {
		const struct set_field_rule *rule = find_rule(varbinds[i].column);
		enum refusal_reason reason = check_varbind(&varbinds[i], rule);

		if (reason != REASON_NONE)
			refuse(&best, reason, (uint32_t)i);
		else if (merge_varbind(t, rule, &varbinds[i], (uint32_t)i, &best) < 0)
			refuse(&best, REASON_NO_MEMORY, (uint32_t)i);
	}
	*ret = t;
	return best;
}

struct transaction *transaction_ref(struct transaction *t)
{
	(void)shared_ref(t);
	return t;
}

void transaction_unref(struct transaction *t)
{
	t = shared_last(t);
	if (!t)
		return;
	for (size_t i = 0; i < t->n_parts; i++)
		set_request_clear(&t->parts[i].request);
	free(t->parts);
	shared_free(t);
}

void set_request_clear(struct set_request *d)
{
	free(d->domain);
	free(d->name);
	free(d->template);
	memset(d, 0, sizeof(*d));
}

int set_request_copy(const struct set_request *from, struct set_request *to)
{
	*to = *from;
	to->domain = to->name = to->template = NULL;
	int r = text_copy(from->domain, &to->domain);
	if (r >= 0)
		r = text_copy(from->name, &to->name);
	if (r >= 0)
		r = text_copy(from->template, &to->template);
	if (r < 0)
		set_request_clear(to);
	return r;
}

/* NULL: the number has no name. */
static const char *name_in(const struct set_field_rule *rule, int64_t number)
{
	return rule->names && number >= 0 && number <= rule->max ? rule->names[number] : NULL;
}

/* --- comparing, telling -------------------------------------------------------------------- */

bool set_request_within(const struct set_request *part, const struct set_request *whole)
{
	if (part->index != whole->index || (part->fields & ~whole->fields) != 0)
		return false;
	for (size_t i = 0; i < SET_FIELDS; i++) {
		const struct set_field_rule *rule = &rules[i];
		bool same = rule->type == SET_OCTETS
				    ? text_equal(text_in(part, rule), text_in(whole, rule))
				    : number_in(part, rule) == number_in(whole, rule);

		if ((part->fields & rule->bit) != 0 && !same)
			return false;
	}
	return true;
}

bool set_request_equal(const struct set_request *a, const struct set_request *b)
{
	return a->fields == b->fields && set_request_within(a, b);
}

int set_request_describe(const struct set_request *d, char **ret)
{
	struct buffer b = BUFFER_EMPTY;
	int r = 0;

	for (size_t i = 0; i < SET_FIELDS && r >= 0; i++) {
		const struct set_field_rule *rule = &rules[i];
		const char *text = NULL, *between = b.len > 0 ? " " : "";

		if ((d->fields & rule->bit) == 0)
			continue;
		if (rule->type == SET_OCTETS)
			text = text_in(d, rule);
		else
			text = name_in(rule, number_in(d, rule));
		if (text)
			r = buffer_printf(&b, "%s%s=%s", between, rule->word, text);
		else
			r = buffer_printf(&b, "%s%s=%u%s", between, rule->word, number_in(d, rule),
				rule->unit);
	}
	if (r >= 0)
		r = buffer_append_text(&b, "");
	*ret = r >= 0 ? buffer_steal(&b) : NULL;
	buffer_clear(&b);
	return *ret ? 0 : -ENOMEM;
}

int set_request_operation(const struct set_request *d, struct operation **ret)
{
	struct operation *o;
	int r = operation_new(&o);

	if (r < 0)
		return r;
	o->domain_index = d->index;
	o->target = d->admin;
	r = operation_set_text(&o->domain, d->domain ? d->domain : "");
	if (r >= 0)
		r = set_request_describe(d, &o->request);
	if (r < 0) {
		operation_unref(o);
		return r;
	}
	*ret = o;
	return 0;
}

int set_varbind_object(const struct set_varbind *v, char **ret)
{
	const struct set_field_rule *rule = find_rule(v->column);

	if (!rule)
		return text_copy("an object that is not written", ret);
	if (!v->row_valid)
		return text_copy(rule->object, ret);
	return text_printf(ret, "%s.%u", rule->object, v->row);
}

int set_varbind_value(const struct set_varbind *v, char **ret)
{
	const struct set_field_rule *rule = find_rule(v->column);
	const char *name = rule && v->type == rule->type ? name_in(rule, v->number) : NULL;

	if (v->type == SET_OCTETS)
		return text_printf(ret, "\"%.*s\"", (int)(v->length < 256 ? v->length : 256),
			v->length > 0 ? (const char *)v->octets : "");
	if (v->type == SET_OTHER)
		return text_copy("a value of another type", ret);
	return name ? text_copy(name, ret) : text_printf(ret, "%lld", (long long)v->number);
}
