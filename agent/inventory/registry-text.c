/*
 * The registry as text; the format is described in registry-state.h.
 */
#include "inventory/registry-state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/registry.h"

#define MAGIC "ldoms-agentx-registry 1"

static uint64_t checksum(const char *text, size_t size)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ (unsigned char)text[i]) * 0x100000001b3u;
	return sum;
}

static void print_name(FILE *out, const char *name)
{
	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)*name;

		if (c > ' ' && c < 0x7f && c != '%')
			putc(c, out);
		else
			fprintf(out, "%%%02x", c);
	}
	putc('\n', out);
}

static int by_seen(const void *a, const void *b)
{
	const struct registry_entry *const *x = a, *const *y = b;

	if ((*x)->seen != (*y)->seen)
		return (*x)->seen < (*y)->seen ? -1 : 1;
	return (*x)->index < (*y)->index ? -1 : (*x)->index > (*y)->index;
}

static void print_counters(FILE *out, uint32_t owner, const struct registry_counters *list)
{
	for (size_t i = 0; i < list->n; i++)
		fprintf(out, "c %" PRIu32 " %s %" PRIu32 "\n", owner, list->items[i].kind,
			list->items[i].next);
}

static int print_entries(FILE *out, const struct registry_state *s)
{
	struct registry_entry **order = calloc(s->n_entries + 1, sizeof(struct registry_entry *));

	if (!order)
		return -ENOMEM;
	memcpy(order, s->entries ? s->entries : order, s->n_entries * sizeof(*order));
	qsort(order, s->n_entries, sizeof(struct registry_entry *), by_seen);
	for (size_t i = 0; i < s->n_entries; i++) {
		fprintf(out, "d %" PRIu32 " %s ", order[i]->index,
			order[i]->uuid ? order[i]->uuid : "-");
		print_name(out, order[i]->name);
		print_counters(out, order[i]->index, &order[i]->counters);
	}
	print_counters(out, 0, &s->host_counters);
	free(order);
	return 0;
}

static int by_kind(const void *a, const void *b)
{
	const struct registry_object *const *x = a, *const *y = b;
	int order;

	if ((*x)->owner != (*y)->owner)
		return (*x)->owner < (*y)->owner ? -1 : 1;
	order = strcmp((*x)->kind, (*y)->kind);
	if (order != 0)
		return order;
	return (*x)->index < (*y)->index ? -1 : (*x)->index > (*y)->index;
}

static int print_objects(FILE *out, const struct registry_state *s)
{
	struct registry_object **order = calloc(s->n_objects + 1, sizeof(struct registry_object *));

	if (!order)
		return -ENOMEM;
	memcpy(order, s->objects ? s->objects : order, s->n_objects * sizeof(*order));
	qsort(order, s->n_objects, sizeof(struct registry_object *), by_kind);
	for (size_t i = 0; i < s->n_objects; i++) {
		const struct registry_object *o = order[i];

		fprintf(out, "o %" PRIu32 " %s %" PRIu32 " ", o->owner, o->kind, o->index);
		print_name(out, o->name);
	}
	free(order);
	return 0;
}

int state_print(const struct registry_state *s, char **ret_text, size_t *ret_size)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int r;

	if (!out)
		return -ENOMEM;
	fprintf(out, MAGIC "\nserial %" PRIu64 "\nnext %" PRIu32 "\n", s->serial, s->next);
	r = print_entries(out, s);
	if (r == 0)
		r = print_objects(out, s);
	if (fflush(out) != 0)
		r = -ENOMEM;
	if (r == 0)
		fprintf(out, "sum %016" PRIx64 "\n", checksum(text, size));
	if (fclose(out) != 0)
		r = -ENOMEM;
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_text = text;
	*ret_size = size;
	return 0;
}

/* Takes one word off the line; NULL when there is none. */
static char *word(char **line)
{
	char *w = strsep(line, " ");

	return w && *w != '\0' ? w : NULL;
}

static bool number(char **line, uint64_t max, uint64_t *ret)
{
	const char *w = word(line);
	char *end;

	if (!w || *w < '0' || *w > '9')
		return false;
	errno = 0;
	*ret = strtoull(w, &end, 10);
	return errno == 0 && *end == '\0' && *ret <= max;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place: what comes out is never longer. */
static bool decode(char *name)
{
	char *out = name;

	for (; *name != '\0'; name++) {
		if (*name != '%') {
			*out++ = *name;
			continue;
		}
		if (hex_value(name[1]) < 0 || hex_value(name[2]) < 0)
			return false;
		*out++ = (char)(hex_value(name[1]) * 16 + hex_value(name[2]));
		name += 2;
	}
	*out = '\0';
	return true;
}

/* The name is the last word; empty is allowed for nothing. */
static char *last_word(char **line)
{
	char *w = word(line);

	if (!w || *line || !decode(w) || *w == '\0')
		return NULL;
	return w;
}

static int bad_unless(bool good)
{
	return good ? 0 : -EBADMSG;
}

static int duplicate_is_bad(int r)
{
	return r == -EEXIST ? -EBADMSG : r;
}

static int parse_domain(struct registry_state *s, char *line)
{
	struct registry_entry *e;
	uint64_t index;
	char *uuid, *name;
	int r;

	if (!number(&line, REGISTRY_INDEX_MAX, &index) || index == 0 || index >= s->next)
		return -EBADMSG;
	uuid = word(&line);
	name = last_word(&line);
	if (!uuid || !name)
		return -EBADMSG;
	if (strcmp(uuid, "-") == 0)
		uuid = NULL;
	r = duplicate_is_bad(state_add(s, (uint32_t)index, uuid, name, &e));
	if (r == 0)
		e->seen = s->turn++;
	return r;
}

static int parse_counter(struct registry_state *s, char *line)
{
	struct registry_counter *c;
	uint64_t owner, next;
	char *kind;
	int r;

	if (!number(&line, REGISTRY_INDEX_MAX, &owner))
		return -EBADMSG;
	kind = word(&line);
	if (!kind || !number(&line, UINT32_MAX, &next) || next == 0)
		return -EBADMSG;
	r = state_counter(s, (uint32_t)owner, kind, &c);
	if (r == 0)
		c->next = (uint32_t)next;
	return r == -ENOENT ? -EBADMSG : r;
}

static int parse_object(struct registry_state *s, char *line)
{
	struct registry_object *o;
	uint64_t owner, index;
	char *kind, *name;

	if (!number(&line, REGISTRY_INDEX_MAX, &owner))
		return -EBADMSG;
	kind = word(&line);
	if (!kind || !number(&line, REGISTRY_INDEX_MAX, &index) || index == 0)
		return -EBADMSG;
	name = last_word(&line);
	if (!name)
		return -EBADMSG;
	return duplicate_is_bad(
		state_add_object(s, (uint32_t)owner, kind, (uint32_t)index, name, &o));
}

static int parse_mark(struct registry_state *s, char *line)
{
	uint64_t next;

	if (!number(&line, (uint64_t)REGISTRY_INDEX_MAX + 1, &next) || next == 0)
		return -EBADMSG;
	s->next = (uint32_t)next;
	return 0;
}

static int parse_line(struct registry_state *s, size_t at, char *line)
{
	const char *what;

	if (at == 1)
		return bad_unless(strcmp(line, MAGIC) == 0);
	what = word(&line);
	if (!what || !line)
		return -EBADMSG;
	if (at == 2)
		return bad_unless(
			strcmp(what, "serial") == 0 && number(&line, UINT64_MAX, &s->serial));
	if (at == 3)
		return strcmp(what, "next") == 0 ? parse_mark(s, line) : -EBADMSG;
	if (strcmp(what, "d") == 0)
		return parse_domain(s, line);
	if (strcmp(what, "c") == 0)
		return parse_counter(s, line);
	if (strcmp(what, "o") == 0)
		return parse_object(s, line);
	return -EBADMSG;
}

/* The last line, "sum <16 digits>\n", vouches for all before it. */
static int checked_size(const char *text, size_t size, size_t *ret_body)
{
	static const size_t last = sizeof("sum 0123456789abcdef\n") - 1;
	char *expected;
	bool good;

	if (size <= last || memchr(text, '\0', size))
		return -EBADMSG;
	*ret_body = size - last;
	if (asprintf(&expected, "sum %016" PRIx64 "\n", checksum(text, *ret_body)) < 0)
		return -ENOMEM;
	good = memcmp(text + *ret_body, expected, last) == 0;
	free(expected);
	return good ? 0 : -EBADMSG;
}

int state_parse(struct registry_state *s, const char *text, size_t size, size_t *ret_line)
{
	size_t body, at = 0;
	char *copy, *rest, *line;
	int r = checked_size(text, size, &body);

	*ret_line = 0;
	if (r < 0)
		return r;
	copy = strndup(text, body - 1);
	if (!copy)
		return -ENOMEM;
	rest = copy;
	while (r == 0 && (line = strsep(&rest, "\n")))
		r = parse_line(s, ++at, line);
	free(copy);
	*ret_line = at;
	return r == 0 && at < 3 ? -EBADMSG : r;
}

uint32_t state_salvage_next(const char *text, size_t size)
{
	static const char key[] = "\nnext ";
	const char *at = memmem(text, size, key, sizeof(key) - 1);
	uint64_t next = 0;

	if (!at)
		return 0;
	at += sizeof(key) - 1;
	while (at < text + size && *at >= '0' && *at <= '9' && next <= REGISTRY_INDEX_MAX)
		next = next * 10 + (uint64_t)(*at++ - '0');
	return next <= REGISTRY_INDEX_MAX ? (uint32_t)next : 0;
}
