/*
 * Reads a document as a stream: what is held in memory is one data element, as structs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/content.h"
#include "ldm/parse.h"
#include "util/cleanup.h"

static const struct ldm_document_ops no_ops;

static int deliver_event(struct parse *p, struct ldm_content *c)
{
	const struct ldm_resource *info = ldm_content_find(c, "ldom_info");
	struct ldm_event event = {
		.action = p->document->reply.action,
		.domain = c->domain,
		.content = *c,
	};

	if (!event.action || !p->ops->on_event)
		return 0;
	if (info) {
		event.progress = ldm_resource_get(info, "progress");
		event.status = ldm_resource_get(info, "status");
		event.source = ldm_resource_get(info, "source");
	}
	return p->ops->on_event(p->user, &event);
}

/* Of an event, sections beside the one Content are about its domain too. */
static int merge_loose(struct parse *p)
{
	struct ldm_content *loose, *named;

	if (p->loose == 0 || p->n_contents != 2)
		return 0;
	loose = &p->contents[p->loose - 1];
	named = &p->contents[2 - p->loose];
	if (content_merge(named, loose) < 0)
		return -ENOMEM;
	content_clear(loose);
	p->contents[0] = *named;
	p->n_contents = 1;
	return 0;
}

static int deliver_events(struct parse *p)
{
	struct ldm_content none = {0};
	int r = merge_loose(p);

	if (r == 0 && p->n_contents == 0)
		r = deliver_event(p, &none);
	for (size_t i = 0; i < p->n_contents && r == 0; i++)
		r = deliver_event(p, &p->contents[i]);
	return r;
}

static int deliver_contents(struct parse *p)
{
	const struct verdict *v = &p->verdict;
	const char *message = v->data_message.len > 0 ? buffer_data(&v->data_message) : NULL;
	int r = 0;

	for (size_t i = 0; i < p->n_contents && r == 0 && p->ops->on_content; i++)
		r = p->ops->on_content(p->user, &p->contents[i], !v->data_failed, message);
	return r;
}

static void forget_contents(struct parse *p)
{
	content_list_free(p->contents, p->n_contents);
	p->contents = NULL;
	p->n_contents = 0;
	p->content = NULL;
	p->loose = 0;
}

int parse_deliver(struct parse *p)
{
	int r = p->document->kind == LDM_DOCUMENT_EVENT ? deliver_events(p) : deliver_contents(p);

	forget_contents(p);
	return r;
}

static int handle_start(struct parse *p)
{
	bool empty = xmlTextReaderIsEmptyElement(p->reader.xml);
	const char *name = ldm_reader_name(&p->reader);
	int r;

	if (p->depth == 0) {
		p->document->root = strdup(name);
		if (!p->document->root)
			return -ENOMEM;
	}
	r = parse_open(p, name);
	return r == 0 && empty ? parse_close(p) : r;
}

static int handle_node(struct parse *p)
{
	switch (xmlTextReaderNodeType(p->reader.xml)) {
	case XML_READER_TYPE_ELEMENT:
		return handle_start(p);
	case XML_READER_TYPE_END_ELEMENT:
		return parse_close(p);
	case XML_READER_TYPE_TEXT:
	case XML_READER_TYPE_CDATA:
	case XML_READER_TYPE_WHITESPACE:
	case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
		return parse_text(p, (const char *)xmlTextReaderConstValue(p->reader.xml));
	}
	return 0;
}

static int take_text(struct buffer *from, char **to)
{
	if (from->len == 0)
		return 0;
	*to = buffer_steal(from);
	return *to ? 0 : -ENOMEM;
}

static int take_verdict(struct parse *p)
{
	struct ldm_reply *reply = &p->document->reply;
	int r;

	reply->ok = !p->verdict.failed;
	r = take_text(&p->verdict.failure, &reply->message);
	return r < 0 ? r : take_text(&p->verdict.warning, &reply->warning);
}

static int read_document(struct parse *p)
{
	int r;

	while ((r = ldm_reader_next(&p->reader)) > 0) {
		r = handle_node(p);
		if (r != 0)
			return r;
	}
	return r < 0 ? r : take_verdict(p);
}

static void parse_clear(struct parse *p)
{
	forget_contents(p);
	verdict_clear(&p->verdict);
	buffer_clear(&p->text);
	free(p->key);
	free(p->levels);
	ldm_reader_close(&p->reader);
}

/* Looked at by itself: the parser reads ahead and may refuse a document before telling its root. */
static enum ldm_document_kind kind_of(const char *root)
{
	const char *name = root + 1, *end = name + strcspn(name, " \t\r\n/>");
	_cleanup_free_ char *copy = strndup(name, end - name);
	const char *local = ldm_local_name(copy);

	if (strcmp(local, "LDM_interface") == 0)
		return LDM_DOCUMENT_REPLY;
	return strcmp(local, "LDM_event") == 0 ? LDM_DOCUMENT_EVENT : LDM_DOCUMENT_OTHER;
}

int ldm_document_parse(const char *bytes, size_t len, const struct ldm_limits *limits,
	const struct ldm_document_ops *ops, void *user, struct ldm_document *ret, char **ret_error)
{
	_cleanup_(parse_clear) struct parse p = {
		.limits = limits ? limits : &ldm_limits_default,
		.ops = ops ? ops : &no_ops,
		.user = user,
		.document = ret,
	};
	int r;

	*ret = (struct ldm_document){.kind = LDM_DOCUMENT_OTHER};
	p.levels = calloc(p.limits->depth + 2, sizeof(*p.levels));
	r = p.levels ? ldm_reader_open(&p.reader, bytes, len, p.limits) : -ENOMEM;
	if (p.reader.root)
		ret->kind = kind_of(p.reader.root);
	if (r == 0)
		r = read_document(&p);
	if (ret_error)
		*ret_error = r != 0 ? steal_ptr(p.reader.error) : NULL;
	if (r != 0)
		ldm_document_clear(ret);
	return r;
}

void ldm_document_clear(struct ldm_document *d)
{
	free(d->root);
	d->root = NULL;
	ldm_reply_clear(&d->reply);
}

void ldm_reply_clear(struct ldm_reply *r)
{
	free(r->action);
	free(r->message);
	free(r->warning);
	*r = (struct ldm_reply){0};
}
