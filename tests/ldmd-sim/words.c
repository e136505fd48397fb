/*
 * The operator's language for changes. Positional words are named by the `words` column of the
 * table of actions; KEY=VALUE sets any property.
 */
#include "words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

static void add_word(struct words *words, struct buf *word)
{
	words->list = xreallocarray(words->list, words->count + 1, sizeof(*words->list));
	words->list[words->count++] = xstrdup(word->data ? word->data : "");
	buf_free(word);
}

static const char *read_quoted(const char *s, char quote, struct buf *word)
{
	for (; *s && *s != quote; s++) {
		if (quote == '"' && *s == '\\' && s[1])
			s++;
		buf_add(word, s, 1);
	}
	return *s ? s + 1 : s;
}

static const char *read_word(const char *s, struct buf *word)
{
	while (*s && !isspace((unsigned char)*s)) {
		if (*s == '\'' || *s == '"') {
			s = read_quoted(s + 1, *s, word);
			continue;
		}
		if (*s == '\\' && s[1])
			s++;
		buf_add(word, s++, 1);
	}
	return s;
}

void words_split(struct words *words, const char *line)
{
	struct buf word = {0};

	*words = (struct words){0};
	for (;;) {
		line += strspn(line, " \t\r\n");
		if (*line == '\0')
			return;
		line = read_word(line, &word);
		add_word(words, &word);
	}
}

void words_free(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->list[i]);
	free(words->list);
}

/* Where the short names of quantities belong. */
static const char *const quantities[][3] = {
	{"cpu", "cpu", PROP_UNITS},
	{"vcpu", "cpu", PROP_UNITS},
	{"memory", "memory", PROP_UNITS},
	{"mau", "mau", PROP_UNITS},
	{"wcore", "cpu", "wcore"},
};

static const char *property_key(const char *key)
{
	if (str_equal(key, "mac"))
		return PROP_ADDRESS;
	if (str_equal(key, "uuid"))
		return PROP_UUID;
	if (str_equal(key, "min") || str_equal(key, "max"))
		return *key == 'm' && key[1] == 'i' ? "min_port" : "max_port";
	return key;
}

static void set_quantity(struct object *object, const char *const *q, const char *value)
{
	resource_set(object_need(object, q[1]), q[2], value);
}

static void set_named(struct object *object, const char *type, const char *word, const char *equals)
{
	char *key = xstrndup(word, (size_t)(equals - word));

	for (size_t i = 0; str_equal(type, "ldom_info") && i < ARRAY_SIZE(quantities); i++) {
		if (str_equal(key, quantities[i][0])) {
			set_quantity(object, quantities[i], equals + 1);
			free(key);
			return;
		}
	}
	resource_set(object_need(object, type), property_key(key), equals + 1);
	free(key);
}

/* "KEY" or "KEY/KEY2", the latter for VALUE@VALUE2. */
static void set_positional(
	struct object *object, const char *type, const char *keys, size_t len, const char *word)
{
	const char *slash = memchr(keys, '/', len);
	const char *at = slash ? strrchr(word, '@') : NULL;
	char *first = xstrndup(keys, slash ? (size_t)(slash - keys) : len);
	char *value = at ? xstrndup(word, (size_t)(at - word)) : xstrdup(word);

	resource_set(object_need(object, type), first, value);
	if (at) {
		char *second = xstrndup(slash + 1, (size_t)(keys + len - slash - 1));

		resource_set(object_need(object, type), second, at + 1);
		free(second);
	}
	free(first);
	free(value);
}

struct reader {
	struct object *object;
	struct buf options;
	char *type;	  /* NULL if the action takes no resource */
	const char *keys; /* positional ones still to come */
};

static void add_option(struct reader *reader, const char *word)
{
	if (reader->options.len)
		buf_add_string(&reader->options, " ");
	buf_add_string(&reader->options, word);
}

static void take_positional(struct reader *reader, const char *word)
{
	size_t len = strcspn(reader->keys, " ");

	set_positional(reader->object, reader->type, reader->keys, len, word);
	reader->keys += len + strspn(reader->keys + len, " ");
}

/* NAME=VALUE of a variable is its two positional words in one. */
static void take_variable(struct reader *reader, const char *word, const char *equals)
{
	char *name = xstrndup(word, (size_t)(equals - word));

	take_positional(reader, name);
	take_positional(reader, equals + 1);
	free(name);
}

static bool take_word(struct reader *reader, const char *word)
{
	const char *equals = strchr(word, '=');

	if (word[0] == '-' || reader->type == NULL)
		add_option(reader, word);
	else if (equals && str_equal(reader->type, "var") && strchr(reader->keys, ' '))
		take_variable(reader, word, equals);
	else if (equals)
		set_named(reader->object, reader->type, word, equals);
	else if (*reader->keys)
		take_positional(reader, word);
	else
		return false;
	return true;
}

static void reader_init(struct reader *reader, const struct action *action, const char *domain)
{
	size_t len = strcspn(action->words, " ");

	*reader = (struct reader){0};
	reader->object = object_new(str_equal(domain, "-") ? NULL : domain);
	if (len == 0)
		return;
	reader->type = xstrndup(action->words, len);
	reader->keys = action->words + len + strspn(action->words + len, " ");
}

static struct task *read_task(struct sim *sim, const struct words *words, size_t first,
	const struct action *action, const char **ret_why)
{
	struct task *task = NULL;
	struct reader reader;
	bool ok = true;

	reader_init(&reader, action, words->list[first + 1]);
	for (size_t i = first + 2; i < words->count; i++)
		ok &= take_word(&reader, words->list[i]);
	if (ok) {
		task = task_new(sim, action, reader.options.data, reader.object);
	} else {
		*ret_why = "too many words";
		object_free(reader.object);
	}
	buf_free(&reader.options);
	free(reader.type);
	return task;
}

struct task *words_to_task(
	struct sim *sim, const struct words *words, size_t first, const char **ret_why)
{
	const struct action *action;

	if (words->count < first + 2) {
		*ret_why = "ACTION and DOMAIN expected";
		return NULL;
	}
	action = action_find(words->list[first]);
	if (action == NULL || action->words == NULL) {
		*ret_why = "no such action";
		return NULL;
	}
	return read_task(sim, words, first, action, ret_why);
}
