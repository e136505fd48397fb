/*
 * Reading a capture line by line, and finding the answer to a question in it.
 */
#include "replay.h"

#include <errno.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object-xml.h"
#include "object.h"

struct reader {
	const char *file;
	struct replay *replay;
	struct record *open; /* the question or event that goes on */
	bool is_event;
	bool has_answer; /* a line of a document was read */
	unsigned line;
};

static bool complain(const struct reader *reader, const char *what)
{
	fprintf(stderr, "ldmd-sim: %s: line %u: %s\n", reader->file, reader->line, what);
	return false;
}

static void record_free(struct record *record)
{
	if (!record)
		return;
	free(record->action);
	free(record->domain);
	buf_free(&record->text);
	free(record);
}

static void records_free(struct record_list *list)
{
	struct record *record;

	while ((record = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, record, entry);
		record_free(record);
	}
}

void replay_free(struct replay *replay)
{
	if (!replay)
		return;
	records_free(&replay->questions);
	records_free(&replay->events);
	free(replay->transport);
	free(replay->data_version);
	free(replay);
}

static bool begin_record(struct reader *reader, bool is_event)
{
	if (reader->open)
		return complain(reader, "the question or event before has no end");
	reader->open = xcalloc(1, sizeof(*reader->open));
	reader->is_event = is_event;
	reader->has_answer = false;
	return true;
}

static bool end_record(struct reader *reader)
{
	struct record *record = reader->open;

	if (!record)
		return complain(reader, "end of nothing");
	if (!reader->is_event && !record->action)
		return complain(reader, "a question without action");
	if (!reader->has_answer && reader->is_event)
		return complain(reader, "an event without document");
	if (!reader->has_answer)
		record->unanswered = true;
	if (reader->is_event)
		TAILQ_INSERT_TAIL(&reader->replay->events, record, entry);
	else /* of several answers to one question the last one counts */
		TAILQ_INSERT_HEAD(&reader->replay->questions, record, entry);
	reader->open = NULL;
	return true;
}

static bool add_line(struct reader *reader, const char *text)
{
	if (!reader->open)
		return complain(reader, "a document outside of a question or event");
	if (reader->has_answer)
		buf_add_string(&reader->open->text, "\n");
	reader->has_answer = true;
	buf_add_string(&reader->open->text, text);
	return true;
}

static void set_property(struct reader *reader, const char *word, const char *value)
{
	struct record *record = reader->open;

	if (!record && str_equal(word, "transport"))
		replace_string(&reader->replay->transport, value);
	else if (!record && str_equal(word, "data"))
		replace_string(&reader->replay->data_version, value);
	else if (record && str_equal(word, "action"))
		replace_string(&record->action, value);
	else if (record && str_equal(word, "domain"))
		replace_string(&record->domain, value);
	else if (record && str_equal(word, "answer"))
		record->unanswered = str_equal(value, "none");
}

static bool read_property(struct reader *reader, char *line)
{
	char *value = strchr(line, ' ');

	if (value)
		*value++ = '\0';
	set_property(reader, line, value ? value : "");
	return true;
}

static bool read_line(struct reader *reader, char *line)
{
	if (reader->line == 1)
		return str_equal(line, "ldoms-capture 1") ||
		       complain(reader, "not a capture of version 1");
	if (line[0] == '<')
		return add_line(reader, line[1] ? line + 2 : "");
	if (line[0] == '>' || line[0] == '#' || line[0] == '\0')
		return true;
	if (strncmp(line, "question ", strlen("question ")) == 0)
		return begin_record(reader, false);
	if (str_equal(line, "event"))
		return begin_record(reader, true);
	if (str_equal(line, "end"))
		return end_record(reader);
	return read_property(reader, line);
}

static bool read_lines(struct reader *reader, FILE *in)
{
	size_t size = 0;
	char *line = NULL;
	ssize_t len;
	bool ok = true;

	while (ok && (len = getline(&line, &size, in)) >= 0) {
		if (len && line[len - 1] == '\n')
			line[len - 1] = '\0';
		reader->line++;
		ok = read_line(reader, line);
	}
	free(line);
	if (ok && ferror(in))
		return complain(reader, strerror(errno));
	if (ok && reader->line == 0)
		return complain(reader, "empty");
	if (ok && reader->open)
		return complain(reader, "the last question or event has no end");
	return ok;
}

struct replay *replay_load(const char *file)
{
	struct reader reader = {.file = file, .replay = xcalloc(1, sizeof(struct replay))};
	FILE *in = fopen(file, "re");
	bool ok = false;

	TAILQ_INIT(&reader.replay->questions);
	TAILQ_INIT(&reader.replay->events);
	if (in) {
		ok = read_lines(&reader, in);
		fclose(in);
	} else {
		fprintf(stderr, "ldmd-sim: %s: %s\n", file, strerror(errno));
	}
	record_free(reader.open);
	if (ok)
		return reader.replay;
	replay_free(reader.replay);
	return NULL;
}

static const struct record *find_record(
	const struct replay *replay, const char *action, const char *domain)
{
	const struct record *record;

	TAILQ_FOREACH (record, &replay->questions, entry)
		if (str_equal(record->action, action) && str_equal(record->domain, domain))
			return record;
	return NULL;
}

static bool data_is_about(const xmlNode *data, const char *domain)
{
	struct object_list objects;
	const struct object *object;
	char *version = xml_attribute(data, "version");
	bool found = false;

	objects_read(&objects, data, str_equal(version, "2.0"));
	TAILQ_FOREACH (object, &objects, entry)
		found |= str_equal(object->name, domain);
	objects_free(&objects);
	free(version);
	return found;
}

/* Takes away each data that is about another domain. How many are left. */
static unsigned keep_domain(xmlNode *root, const char *domain)
{
	unsigned left = 0;

	for (xmlNode *cmd = root->children; cmd; cmd = cmd->next) {
		xmlNode *next;

		if (!xml_is(cmd, "cmd"))
			continue;
		for (xmlNode *node = cmd->children; node; node = next) {
			next = node->next;
			if (!xml_is(node, "data"))
				continue;
			if (data_is_about(node, domain)) {
				left++;
				continue;
			}
			xmlUnlinkNode(node);
			xmlFreeNode(node);
		}
	}
	return left;
}

/* The part of the answer about all domains that is about this one. */
static enum replay_result cut_out(const struct buf *all, const char *domain, struct buf *ret)
{
	int flags = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
	xmlDoc *doc = xmlReadMemory(all->data, (int)all->len, NULL, NULL, flags);
	enum replay_result result = REPLAY_NOT_ASKED;

	if (doc) {
		xmlNode *root = xmlDocGetRootElement(doc);

		result = keep_domain(root, domain) ? REPLAY_TEXT : REPLAY_NOT_THERE;
		if (result == REPLAY_TEXT) {
			xmlBuffer *text = xmlBufferCreate();

			xmlNodeDump(text, doc, root, 0, 0);
			buf_add(ret, xmlBufferContent(text), (size_t)xmlBufferLength(text));
			xmlBufferFree(text);
		}
		xmlFreeDoc(doc);
	}
	return result;
}

enum replay_result replay_find(
	const struct replay *replay, const char *action, const char *domain, struct buf *ret)
{
	const struct record *record = find_record(replay, action, domain);
	bool is_part = !record && domain;

	if (is_part)
		record = find_record(replay, action, NULL);
	if (!record)
		return REPLAY_NOT_ASKED;
	if (record->unanswered)
		return REPLAY_NO_ANSWER;
	if (is_part)
		return cut_out(&record->text, domain, ret);
	buf_add(ret, record->text.data, record->text.len);
	return REPLAY_TEXT;
}
