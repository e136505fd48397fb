/*
 * The head of every document we send is here.
 */
#include <errno.h>

#include "ldm/writer.h"
#include "util/cleanup.h"

#define X(s) ((const xmlChar *)(s))

/* As the vendor's own documents have it; matched by nobody, but a strict parser wants them. */
static const char *const declarations[][2] = {
	{"xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"},
	{"xsi:noNamespaceSchemaLocation", "./schemas/combined-v3.xsd"},
	{"xmlns:ovf", "./schemas/envelope"},
	{"xmlns:rasd", "./schemas/CIM_ResourceAllocationSettingData"},
	{"xmlns:vssd", "./schemas/CIM_VirtualSystemSettingData"},
	{"xmlns:gprop", "./schemas/GenericProperty"},
	{"xmlns:bind", "./schemas/Binding"},
};

static void note(struct writer *w, int result)
{
	if (result < 0)
		w->failed = true;
}

int writer_begin(struct writer *w, bool is_3)
{
	*w = (struct writer){.buffer = xmlBufferCreate()};
	if (w->buffer)
		w->xml = xmlNewTextWriterMemory(w->buffer, 0);
	if (!w->xml) {
		if (w->buffer)
			xmlBufferFree(w->buffer);
		return -ENOMEM;
	}
	writer_open(w, "LDM_interface");
	writer_attribute(w, "version", is_3 ? "1.3" : "1.0");
	for (size_t i = 0; is_3 && i < ARRAY_SIZE(declarations); i++)
		writer_attribute(w, declarations[i][0], declarations[i][1]);
	return 0;
}

void writer_open(struct writer *w, const char *name)
{
	note(w, xmlTextWriterStartElement(w->xml, X(name)));
}

void writer_attribute(struct writer *w, const char *name, const char *value)
{
	note(w, xmlTextWriterWriteAttribute(w->xml, X(name), X(value)));
}

void writer_close(struct writer *w)
{
	note(w, xmlTextWriterEndElement(w->xml));
}

void writer_empty(struct writer *w, const char *name)
{
	writer_open(w, name);
	writer_close(w);
}

void writer_text(struct writer *w, const char *name, const char *text)
{
	note(w, xmlTextWriterWriteElement(w->xml, X(name), X(text)));
}

void writer_property(struct writer *w, const char *key, const char *value)
{
	writer_open(w, "gprop:GenericProperty");
	writer_attribute(w, "key", key);
	note(w, xmlTextWriterWriteString(w->xml, X(value)));
	writer_close(w);
}

void writer_raw(struct writer *w, const char *xml)
{
	note(w, xmlTextWriterWriteRaw(w->xml, X(xml)));
}

int writer_end(struct writer *w, struct buffer *out)
{
	int r;

	note(w, xmlTextWriterEndDocument(w->xml));
	xmlFreeTextWriter(w->xml);
	r = w->failed ? -ENOMEM
		      : buffer_append(out, xmlBufferContent(w->buffer), xmlBufferLength(w->buffer));
	xmlBufferFree(w->buffer);
	return r;
}
