/*
 * A request is kept as what it means and becomes XML when it is sent, in the version asked for.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ldm/request.h"
#include "ldm/template.h"
#include "ldm/xml.h"
#include "util/text.h"
#include "util/utf8.h"

#define NAME_MAX_BYTES 256

/* Of the last word of an action: the resource it is about, and where 2.0 has the quantity. */
static const struct quantity {
	const char *suffix;
	const char *resource;
	const char *element;
} quantities[] = {
	{"-vcpu", "cpu", "number"},
	{"-mau", "mau", "number"},
	{"-crypto", "mau", "number"},
	{"-memory", "memory", "size"},
};

struct ldm_request {
	char *action, *domain, *option;
	enum ldm_form form;
	const struct quantity *quantity;
	char *units;	    /* with quantity */
	char *cores;	    /* of set-vcpu on whole cores */
	char *name, *value; /* of a variable */
	struct buffer body; /* of add-domain, in its own version */
	enum ldm_data_version body_version;
};

static bool is_word(const char *text)
{
	return *text && utf8_is_name(text);
}

static bool is_domain(const char *name)
{
	return is_word(name) && strlen(name) <= NAME_MAX_BYTES;
}

static int request_new(const char *action, const char *domain, struct ldm_request **ret)
{
	_cleanup_(ldm_request_freep) struct ldm_request *r = NULL;

	if (!is_word(action) || (domain && !is_domain(domain)))
		return -EINVAL;
	r = calloc(1, sizeof(*r));
	if (!r || text_copy(action, &r->action) < 0)
		return -ENOMEM;
	if (domain && text_copy(domain, &r->domain) < 0)
		return -ENOMEM;
	*ret = steal_ptr(r);
	return 0;
}

void ldm_request_free(struct ldm_request *r)
{
	if (!r)
		return;
	free(r->action);
	free(r->domain);
	free(r->option);
	free(r->units);
	free(r->cores);
	free(r->name);
	free(r->value);
	buffer_clear(&r->body);
	free(r);
}

const char *ldm_request_action(const struct ldm_request *r)
{
	return r->action;
}

const char *ldm_request_domain(const struct ldm_request *r)
{
	return r->domain;
}

int ldm_request_list(const char *action, const char *domain, struct ldm_request **ret)
{
	return request_new(action, domain, ret);
}

int ldm_request_register(const char *action, struct ldm_request **ret)
{
	return request_new(action, NULL, ret);
}

int ldm_request_command(
	const char *action, const char *domain, const char *option, struct ldm_request **ret)
{
	_cleanup_(ldm_request_freep) struct ldm_request *r = NULL;
	int e;

	if (!domain || (option && !is_word(option)))
		return -EINVAL;
	e = request_new(action, domain, &r);
	if (e < 0)
		return e;
	if (option && text_copy(option, &r->option) < 0)
		return -ENOMEM;
	*ret = steal_ptr(r);
	return 0;
}

static const struct quantity *find_quantity(const char *action)
{
	const char *suffix = strrchr(action, '-');

	for (size_t i = 0; suffix && i < ARRAY_SIZE(quantities); i++)
		if (strcmp(suffix, quantities[i].suffix) == 0)
			return &quantities[i];
	return NULL;
}

static int request_quantity(const char *action, const char *domain, uint64_t amount,
	const char *unit, struct ldm_request **ret)
{
	_cleanup_(ldm_request_freep) struct ldm_request *r = NULL;
	const struct quantity *q = find_quantity(action);
	int e;

	if (!q || !domain)
		return -EINVAL;
	e = request_new(action, domain, &r);
	if (e < 0)
		return e;
	r->quantity = q;
	if (asprintf(&r->units, "%" PRIu64 "%s", amount, unit) < 0) {
		r->units = NULL;
		return -ENOMEM;
	}
	*ret = steal_ptr(r);
	return 0;
}

int ldm_request_number(
	const char *action, const char *domain, uint64_t number, struct ldm_request **ret)
{
	return request_quantity(action, domain, number, "", ret);
}

int ldm_request_cores(
	const char *domain, uint64_t cores, uint64_t threads, struct ldm_request **ret)
{
	_cleanup_(ldm_request_freep) struct ldm_request *r = NULL;
	int e = request_quantity("set-vcpu", domain, threads, "", &r);

	if (e < 0)
		return e;
	if (asprintf(&r->cores, "%" PRIu64, cores) < 0) {
		r->cores = NULL;
		return -ENOMEM;
	}
	*ret = steal_ptr(r);
	return 0;
}

int ldm_request_memory(
	const char *action, const char *domain, uint64_t bytes, struct ldm_request **ret)
{
	const uint64_t kilo = 1024, mega = kilo * kilo;

	if (bytes % mega == 0)
		return request_quantity(action, domain, bytes / mega, "M", ret);
	return request_quantity(action, domain, bytes / kilo + (bytes % kilo != 0), "K", ret);
}

int ldm_request_variable(
	const char *domain, const char *name, const char *value, struct ldm_request **ret)
{
	_cleanup_(ldm_request_freep) struct ldm_request *r = NULL;
	int e;

	if (!domain || !is_word(name) || !utf8_is_text(value))
		return -EINVAL;
	e = request_new("set-variable", domain, &r);
	if (e < 0)
		return e;
	if (text_copy(name, &r->name) < 0 || text_copy(value, &r->value) < 0)
		return -ENOMEM;
	*ret = steal_ptr(r);
	return 0;
}

int ldm_request_add_domain(
	const char *document, size_t len, struct ldm_request **ret, const char **ret_why)
{
	_cleanup_(ldm_request_freep) struct ldm_request *r = NULL;
	int e = request_new("add-domain", NULL, &r);

	*ret_why = "no memory";
	if (e < 0)
		return e;
	e = template_body(document, len, &r->body, &r->body_version, &r->domain, ret_why);
	if (e < 0)
		return e;
	if (!is_domain(r->domain)) {
		*ret_why = "the document has no good name of a domain";
		return -EBADMSG;
	}
	*ret = steal_ptr(r);
	return 0;
}

static void write_data_3(const struct ldm_request *r, struct writer *w)
{
	if (!r->domain)
		return;
	writer_open_domain(w, r->domain);
	if (r->quantity) {
		writer_open_resource(w, r->quantity->resource);
		writer_text(w, "rasd:AllocationUnits", r->units);
	}
	if (r->cores)
		writer_property(w, "wcore", r->cores);
	if (r->name) {
		writer_open_resource(w, "var");
		writer_property(w, "name", r->name);
		writer_property(w, "value", r->value);
	}
}

static void write_data_2(const struct ldm_request *r, struct writer *w)
{
	if (!r->domain)
		return;
	writer_open(w, "ldom");
	writer_open(w, "ldom_info");
	writer_text(w, "ldom_name", r->domain);
	writer_close(w);
	if (r->quantity) {
		writer_open(w, r->quantity->resource);
		writer_text(w, r->quantity->element, r->units);
		if (r->cores)
			writer_text(w, "wcore", r->cores);
		writer_close(w);
	}
	if (r->name) {
		writer_open(w, "var");
		writer_text(w, "name", r->name);
		writer_text(w, "value", r->value);
		writer_close(w);
	}
	writer_close(w);
}

void ldm_request_set_form(struct ldm_request *r, enum ldm_form form)
{
	r->form = form;
}

enum ldm_form ldm_request_form(const struct ldm_request *r)
{
	return r->form;
}

/* Of the later guides, `options` are words with a dash and `arguments` the others. */
static const char *option_element(const struct ldm_request *r)
{
	if (r->form != LDM_FORM_OPTIONS)
		return "option";
	return r->option[0] == '-' ? "options" : "arguments";
}

int ldm_request_write(
	const struct ldm_request *r, enum ldm_data_version version, struct buffer *out)
{
	struct writer w;
	int e;

	if (r->body.len > 0)
		version = r->body_version;
	e = writer_begin(&w, version != LDM_DATA_2);
	if (e < 0)
		return e;
	writer_open(&w, "cmd");
	writer_text(&w, "action", r->action);
	if (r->option)
		writer_text(&w, option_element(r), r->option);
	writer_open(&w, "data");
	writer_attribute(&w, "version", version == LDM_DATA_2 ? "2.0" : "3.0");
	if (r->body.len > 0)
		writer_raw(&w, buffer_data(&r->body));
	else if (version == LDM_DATA_2)
		write_data_2(r, &w);
	else
		write_data_3(r, &w);
	return writer_end(&w, out);
}
