/*
 * Writing documents: a libxml2 text writer plus the style the active faults ask for, so that the
 * writers of answers and events need not know about faults.
 */
#ifndef LDMD_SIM_WIRE_H
#define LDMD_SIM_WIRE_H

#include <libxml/xmlwriter.h>
#include <stdbool.h>

#include "object.h"
#include "util.h"

struct sim;
struct subject;

struct style {
	bool version2;
	bool no_prefix;
	bool child_props;
	bool plain_id;
	bool no_references;
	bool type_lower;
	bool whitespace;
	bool shuffle;
	bool unknown_elements;
	bool upper_status;
	bool xml_decl;
	bool dup_names;
	bool dup_uuids;
	bool policy_beside;
	const char *missing;
};

struct wire {
	xmlBuffer *buffer;
	xmlTextWriter *writer;
	struct style style;
};

/* Style for a document about this. */
void style_choose(
	struct style *style, struct sim *sim, const struct subject *subject, bool version2);

void wire_init(struct wire *wire, const struct style *style);
/* Ends the document, appends it to out and releases the wire. */
void wire_finish(struct wire *wire, struct buf *out);

void wire_begin(struct wire *wire, const char *element);
void wire_attribute(struct wire *wire, const char *name, const char *value);
void wire_end(struct wire *wire);
void wire_text(struct wire *wire, const char *element, const char *text);

/* LDM_interface or LDM_event with its version and name spaces. */
void wire_root(struct wire *wire, const char *element, const char *version);
void wire_data_begin(struct wire *wire);
/* What the data element describes, in the version of the style. */
void wire_object(struct wire *wire, const struct object *object);
void wire_object_v2(struct wire *wire, const struct object *object);

/* Iteration in the order of the style, and without what it leaves out. */
const struct resource *wire_next_resource(
	const struct wire *wire, const struct resource_list *list, const struct resource *now);
const struct prop *wire_next_prop(
	const struct wire *wire, const struct prop_list *list, const struct prop *now);

#endif
