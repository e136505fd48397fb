/*
 * -l prints the domains in the columns of `ldm list`, as the agent sees them. -X prints the
 * constraints of a domain as a document that can be edited and used as a template.
 */
#include "daemon/oneshot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/options.h"
#include "daemon/query.h"
#include "common/settings.h"
#include "inventory/listing.h"
#include "ldm/document.h"
#include "ldm/endpoint.h"
#include "ldm/template.h"
#include "util/array.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/text.h"
#include "util/utf8.h"

/* The kind of a domain's console (SP, UART), which the inventory does not keep. */
struct console_kind {
	char *domain, *kind;
};

struct list {
	struct listing *listing;
	struct console_kind *consoles;
	size_t n_consoles;
};

static void list_free(struct list *l)
{
	listing_free(l->listing);
	for (size_t i = 0; i < l->n_consoles; i++) {
		free(l->consoles[i].domain);
		free(l->consoles[i].kind);
	}
	free(l->consoles);
}

/* Asks ldmd once. Returns the exit status; the reason of a failure has been logged. */
static int ask_ldmd(const struct settings *s, const char *action, const char *domain,
	const struct query_ops *ops, void *user)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *endpoint = NULL;
	_cleanup_free_ char *error = NULL;

	if (settings_endpoint(s, &endpoint) < 0)
		return EXIT_USAGE;
	if (query_run(endpoint, action, domain, s->request_timeout_ms, ops, user, &error) == 0)
		return EXIT_SUCCESS;
	log_err("ldm", "%s: %s", s->ldm, error ? error : "no memory");
	return EXIT_FAILURE;
}

static int add_console_kind(struct list *l, const char *domain, const char *kind)
{
	struct console_kind *c = array_append(&l->consoles, &l->n_consoles, sizeof(*c));
	int r = c ? text_copy(domain, &c->domain) : -ENOMEM;

	return r == 0 ? text_copy(kind, &c->kind) : r;
}

static const char *console_kind(const struct list *l, const struct domain *d)
{
	for (size_t i = 0; i < l->n_consoles; i++)
		if (strcmp(l->consoles[i].domain, d->name) == 0)
			return l->consoles[i].kind;
	return NULL;
}

static int on_content(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	struct list *list = user;
	const struct ldm_resource *console = ldm_content_find(content, "console");
	const char *kind = console ? ldm_resource_get(console, "type") : NULL;
	int r = 0;

	(void)message;
	if (ok && content->domain && kind && *kind)
		r = add_console_kind(list, content->domain, kind);
	return r < 0 || !ok ? r : listing_feed(list->listing, content);
}

/* The port of an inactive domain is only a constraint: ldmd has not allotted it yet. */
static uint32_t console_port(const struct domain *d)
{
	return d->state == DOMAIN_INACTIVE ? 0 : d->console_port;
}

/* --- As a table ----------------------------------------------------------------------------------
 */

enum cell { NAME, STATE, FLAGS, CONSOLE, VCPU, MEMORY, LOAD, UPTIME, N_CELLS };

static const struct {
	const char *title;
	size_t width; /* at least, in columns: as wide as in `ldm list` */
} titles[N_CELLS] = {
	[NAME] = {"NAME", 16},
	[STATE] = {"STATE", 10},
	[FLAGS] = {"FLAGS", 7},
	[CONSOLE] = {"CONS", 7},
	[VCPU] = {"VCPU", 5},
	[MEMORY] = {"MEMORY", 8},
	[LOAD] = {"UTIL", 7},
	[UPTIME] = {"UPTIME", 0},
};

struct line {
	char *cells[N_CELLS];
};

static void lines_free(struct line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < N_CELLS; c++)
			free(lines[i].cells[c]);
	free(lines);
}

/* A function that writes a cell leaves it NULL if there is no memory. */

/* In the largest unit that leaves no remainder, as `ldm list` does: 1968M. */
static void print_memory(uint64_t bytes, char **ret)
{
	static const char units[] = "BKMGT";
	unsigned int unit = 0;

	while (units[unit + 1] && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	text_printf(ret, "%" PRIu64 "%c", bytes, units[unit]);
}

static void print_uptime(uint64_t seconds, char **ret)
{
	uint64_t minutes = seconds / 60, hours = minutes / 60;

	if (hours >= 24)
		text_printf(ret, "%" PRIu64 "d %" PRIu64 "h %" PRIu64 "m", hours / 24, hours % 24,
			minutes % 60);
	else if (hours > 0)
		text_printf(ret, "%" PRIu64 "h %" PRIu64 "m", hours, minutes % 60);
	else
		text_printf(ret, "%" PRIu64 "m", minutes);
}

/* The port; or the kind of the machine's own console (SP, UART), which the control domain has. */
static void print_console(const struct list *l, const struct domain *d, char **ret)
{
	const char *kind = console_kind(l, d);

	if (console_port(d))
		text_printf(ret, "%" PRIu32, console_port(d));
	else if (kind)
		*ret = visible_copy(kind);
	else
		text_copy(d->flags && strchr(d->flags, 'c') ? "UART" : "-", ret);
}

static int fill_line(const struct list *l, const struct domain *d, struct line *line)
{
	bool active = d->state == DOMAIN_ACTIVE;
	uint32_t load = d->utilization_permille;
	char **cells = line->cells;

	cells[NAME] = visible_copy(d->name);
	cells[STATE] = strdup(domain_state_name(d->state));
	cells[FLAGS] = visible_copy(d->flags ? d->flags : "------");
	print_console(l, d, &cells[CONSOLE]);
	text_printf(&cells[VCPU], "%" PRIu32, d->num_vcpu);
	print_memory(d->mem_bytes, &cells[MEMORY]);
	if (active) {
		text_printf(&cells[LOAD], "%3" PRIu32 ".%" PRIu32 "%%", load / 10, load % 10);
		print_uptime(d->uptime_s, &cells[UPTIME]);
	} else {
		cells[LOAD] = strdup("");
		cells[UPTIME] = strdup("");
	}
	for (size_t c = 0; c < N_CELLS; c++)
		if (!cells[c])
			return -ENOMEM;
	return 0;
}

static void print_line(const struct line *line, const size_t *widths)
{
	size_t padding = 0;

	for (size_t c = 0; c < N_CELLS; c++) {
		if (!*line->cells[c])
			continue;
		printf("%*s%s", (int)padding, "", line->cells[c]);
		padding = widths[c] - utf8_columns(line->cells[c]) + 1;
		for (size_t next = c + 1; next < N_CELLS && !*line->cells[next]; next++)
			padding += widths[next] + 1;
	}
	putchar('\n');
}

static int print_table(const struct list *l)
{
	size_t n = l->listing->n_domains + 1, widths[N_CELLS];
	struct line *lines = calloc(n, sizeof(*lines));
	int r = lines ? 0 : -ENOMEM;

	for (size_t c = 0; c < N_CELLS && r == 0; c++)
		r = text_copy(titles[c].title, &lines[0].cells[c]);
	for (size_t i = 1; i < n && r == 0; i++)
		r = fill_line(l, l->listing->domains[i - 1], &lines[i]);
	for (size_t c = 0; c < N_CELLS && r == 0; c++) {
		widths[c] = titles[c].width;
		for (size_t i = 0; i < n; i++)
			if (utf8_columns(lines[i].cells[c]) > widths[c])
				widths[c] = utf8_columns(lines[i].cells[c]);
	}
	for (size_t i = 0; i < n && r == 0; i++)
		print_line(&lines[i], widths);
	if (lines)
		lines_free(lines, n);
	return r;
}

/* --- As JSON (RFC 8259) --------------------------------------------------------------------------
 */

/* before: what stands in front of the member, a comma or the object's brace. */
static void print_json_text(const char *before, const char *key, const char *text)
{
	printf("%s\"%s\": ", before, key);
	if (!text) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_json_number(const char *key, bool known, uint64_t number)
{
	if (known)
		printf(", \"%s\": %" PRIu64, key, number);
	else
		printf(", \"%s\": null", key);
}

static void print_json_domain(const struct list *l, const struct domain *d)
{
	bool active = d->state == DOMAIN_ACTIVE;

	print_json_text("  {", "name", d->name);
	print_json_text(", ", "uuid", d->uuid);
	print_json_text(", ", "state", domain_state_name(d->state));
	print_json_text(", ", "flags", d->flags);
	print_json_text(", ", "consoleType", console_kind(l, d));
	print_json_number("consolePort", console_port(d) > 0, console_port(d));
	print_json_number("vcpus", true, d->num_vcpu);
	print_json_number("memoryBytes", true, d->mem_bytes);
	print_json_number("utilizationPermille", active, d->utilization_permille);
	print_json_number("uptimeSeconds", active, d->uptime_s);
	putchar('}');
}

static void print_json(const struct list *l)
{
	putchar('[');
	for (size_t i = 0; i < l->listing->n_domains; i++) {
		fputs(i > 0 ? ",\n" : "\n", stdout);
		print_json_domain(l, l->listing->domains[i]);
	}
	fputs("\n]\n", stdout);
}

int oneshot_list(const struct settings *s, bool json)
{
	static const struct query_ops ops = {.on_content = on_content};
	_cleanup_(list_free) struct list list = {0};

	if (listing_new(LISTING_DOMAIN, &listing_limits_default, &list.listing) < 0)
		return EXIT_FAILURE;
	int status = ask_ldmd(s, "list-domain", NULL, &ops, &list);
	if (status != EXIT_SUCCESS)
		return status;
	int r = listing_finish(list.listing);
	if (r < 0)
		log_err("ldm", "%s: %s", s->ldm,
			list.listing->error ? list.listing->error : strerror(-r));
	else if (json)
		print_json(&list);
	else
		r = print_table(&list);
	return r < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- -X -----------------------------------------------------------------------------------------
 */

/* A refusal in data version 3.0 comes first; the answer in 2.0 replaces it. */
static void on_document(void *user, const char *xml, size_t len)
{
	struct buffer *reply = user;

	buffer_clear(reply);
	/* Without memory the reply stays empty, and is refused as a document without constraints.
	 */
	(void)buffer_append(reply, xml, len);
}

static int print_constraints(const struct buffer *reply)
{
	_cleanup_(buffer_clear_secret) struct buffer whole = BUFFER_EMPTY;
	_cleanup_(buffer_clear) struct buffer text = BUFFER_EMPTY;
	size_t secrets = 0;

	int r = template_from_reply(buffer_data(reply), reply->len, &whole);
	if (r >= 0)
		r = template_clean(buffer_data(&whole), whole.len, &text, &secrets);
	if (r < 0) {
		log_err("ldm", "the answer holds no constraints: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	if (secrets > 0)
		log_notice("ldm",
			"%zu secret values, such as security-password, are left out: a domain "
			"made from this has none",
			secrets);
	fwrite(buffer_data(&text), 1, text.len, stdout);
	return fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int oneshot_constraints(const struct settings *s, const char *domain)
{
	static const struct query_ops ops = {.on_document = on_document};
	_cleanup_(buffer_clear_secret) struct buffer reply = BUFFER_EMPTY;
	int status = ask_ldmd(s, "list-constraints", domain, &ops, &reply);

	return status == EXIT_SUCCESS ? print_constraints(&reply) : status;
}
