/*
 * Names only; what is within what does not matter here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ldm/reader.h"
#include "ldm/stanza.h"
#include "util/cleanup.h"

static int note_name(struct ldm_stanza *s, const char *name, int depth)
{
	char **to = depth == 0 ? &s->name : &s->detail;

	if (strcmp(name, "starttls") == 0)
		s->starttls = true;
	if (strcmp(name, "mechanisms") == 0)
		s->mechanisms = true;
	if (depth > 1 || *to)
		return 0;
	*to = strdup(name);
	return *to ? 0 : -ENOMEM;
}

static void note_text(struct ldm_stanza *s, const char *text)
{
	text += strspn(text, " \t\r\n");
	if (strncasecmp(text, "PLAIN", 5) == 0 && text[5 + strspn(text + 5, " \t\r\n")] == '\0')
		s->plain = true;
}

static int note_node(struct ldm_stanza *s, struct ldm_reader *r)
{
	switch (xmlTextReaderNodeType(r->xml)) {
	case XML_READER_TYPE_ELEMENT:
		return note_name(s, ldm_reader_name(r), xmlTextReaderDepth(r->xml));
	case XML_READER_TYPE_TEXT:
	case XML_READER_TYPE_CDATA:
		note_text(s, (const char *)xmlTextReaderConstValue(r->xml));
	}
	return 0;
}

int ldm_stanza_parse(const char *bytes, size_t len, const struct ldm_limits *limits,
	struct ldm_stanza *ret, char **ret_error)
{
	_cleanup_(ldm_reader_close) struct ldm_reader reader;
	struct ldm_stanza s = {0};
	int r = ldm_reader_open(&reader, bytes, len, limits);

	while (r == 0 && (r = ldm_reader_next(&reader)) > 0)
		r = note_node(&s, &reader);
	*ret_error = r < 0 ? steal_ptr(reader.error) : NULL;
	if (r < 0)
		ldm_stanza_clear(&s);
	else
		*ret = s;
	return r;
}

void ldm_stanza_clear(struct ldm_stanza *s)
{
	free(s->name);
	free(s->detail);
	*s = (struct ldm_stanza){0};
}
