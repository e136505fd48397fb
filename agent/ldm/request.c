/*
 * A request is kept as its parts, and written as XML when the data version is known.
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

/* The last word of an action tells the resource, and the element that holds the quantity in 2.0. */
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
	char *spconfig;	    /* the configuration that the action is about, in no domain */
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
	_cleanup_(ldm_request_freep) struct ldm_request *request = NULL;

	if (!is_word(action) || (domain && !is_domain(domain)))
		return -EINVAL;
	request = calloc(1, sizeof(*request));
	if (!request || text_copy(action, &request->action) < 0 ||
		text_copy(domain, &request->domain) < 0)
		return -ENOMEM;
	*ret = steal_ptr(request);
	return 0;
}

void ldm_request_free(struct ldm_request *request)
{
	if (!request)
		return;
	free(request->action);
	free(request->domain);
	free(request->option);
	free(request->units);
	free(request->cores);
	free(request->spconfig);
	buffer_clear(&request->body);
	free(request);
}

const char *ldm_request_action(const struct ldm_request *request)
{
	return request->action;
}

const char *ldm_request_domain(const struct ldm_request *request)
{
	return request->domain;
}

int ldm_request_list(const char *action, const char *domain, struct ldm_request **ret)
{
	return request_new(action, domain, ret);
}

int ldm_request_spconfig(const char *action, const char *name, struct ldm_request **ret)
{
	_cleanup_(ldm_request_freep) struct ldm_request *request = NULL;
	int r = is_word(name) ? request_new(action, NULL, &request) : -EINVAL;

	if (r < 0)
		return r;
	if (text_copy(name, &request->spconfig) < 0)
		return -ENOMEM;
	*ret = steal_ptr(request);
	return 0;
}

int ldm_request_command(
	const char *action, const char *domain, const char *option, struct ldm_request **ret)
{
	_cleanup_(ldm_request_freep) struct ldm_request *request = NULL;
	int r;

	if (!domain || (option && !is_word(option)))
		return -EINVAL;
	r = request_new(action, domain, &request);
	if (r < 0)
		return r;
	if (text_copy(option, &request->option) < 0)
		return -ENOMEM;
	*ret = steal_ptr(request);
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
	_cleanup_(ldm_request_freep) struct ldm_request *request = NULL;
	const struct quantity *q = find_quantity(action);
	int r = q && domain ? request_new(action, domain, &request) : -EINVAL;

	if (r < 0)
		return r;
	request->quantity = q;
	r = text_printf(&request->units, "%" PRIu64 "%s", amount, unit);
	if (r < 0)
		return r;
	*ret = steal_ptr(request);
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
	_cleanup_(ldm_request_freep) struct ldm_request *request = NULL;
	int r = request_quantity("set-vcpu", domain, threads, "", &request);

	if (r < 0)
		return r;
	r = text_printf(&request->cores, "%" PRIu64, cores);
	if (r < 0)
		return r;
	*ret = steal_ptr(request);
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

int ldm_request_add_domain(
	const char *document, size_t len, struct ldm_request **ret, const char **ret_why)
{
	_cleanup_(ldm_request_freep) struct ldm_request *request = NULL;
	int r = request_new("add-domain", NULL, &request);

	*ret_why = "no memory";
	if (r < 0)
		return r;
	r = template_body(
		document, len, &request->body, &request->body_version, &request->domain, ret_why);
	if (r < 0)
		return r;
	if (!is_domain(request->domain)) {
		*ret_why = "the document has no good name of a domain";
		return -EBADMSG;
	}
	*ret = steal_ptr(request);
	return 0;
}

static void write_data_3(const struct ldm_request *request, struct writer *w)
{
	if (request->spconfig) {
		writer_open_spconfig(w);
		writer_property(w, "spconfig_name", request->spconfig);
	}
	if (!request->domain)
		return;
	writer_open_domain(w, request->domain);
	if (request->quantity) {
		writer_open_resource(w, request->quantity->resource);
		writer_text(w, "rasd:AllocationUnits", request->units);
	}
	if (request->cores)
		writer_property(w, "wcore", request->cores);
}

static void write_data_2(const struct ldm_request *request, struct writer *w)
{
	if (request->spconfig) {
		writer_open(w, "ldom");
		writer_open(w, "spconfig");
		writer_text(w, "spconfig_name", request->spconfig);
	}
	if (!request->domain)
		return;
	writer_open(w, "ldom");
	writer_open(w, "ldom_info");
	writer_text(w, "ldom_name", request->domain);
	writer_close(w);
	if (request->quantity) {
		writer_open(w, request->quantity->resource);
		writer_text(w, request->quantity->element, request->units);
		if (request->cores)
			writer_text(w, "wcore", request->cores);
		writer_close(w);
	}
	writer_close(w);
}

void ldm_request_set_form(struct ldm_request *request, enum ldm_form form)
{
	request->form = form;
}

enum ldm_form ldm_request_form(const struct ldm_request *request)
{
	return request->form;
}

/* In the later guides words with a dash are `options` and other words are `arguments`. */
static const char *option_element(const struct ldm_request *request)
{
	if (request->form != LDM_FORM_OPTIONS)
		return "option";
	return request->option[0] == '-' ? "options" : "arguments";
}

int ldm_request_write(
	const struct ldm_request *request, enum ldm_data_version version, struct buffer *out)
{
	struct writer w;
	int r;

	if (request->body.len > 0)
		version = request->body_version;
	r = writer_begin(&w, version != LDM_DATA_2);
	if (r < 0)
		return r;
	writer_open(&w, "cmd");
	writer_text(&w, "action", request->action);
	if (request->option)
		writer_text(&w, option_element(request), request->option);
	writer_open(&w, "data");
	writer_attribute(&w, "version", version == LDM_DATA_2 ? "2.0" : "3.0");
	if (request->body.len > 0)
		writer_raw(&w, buffer_data(&request->body));
	else if (version == LDM_DATA_2)
		write_data_2(request, &w);
	else
		write_data_3(request, &w);
	return writer_end(&w, out);
}
