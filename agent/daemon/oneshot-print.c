/*
 * -l prints what an administrator knows from `ldm list`, as the agent sees it; -X a domain as a
 * document that can be kept, edited, and used as a template.
 */
#include "daemon/oneshot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/options.h"
#include "daemon/query.h"
#include "daemon/settings.h"
#include "inventory/listing.h"
#include "ldm/endpoint.h"
#include "ldm/template.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/visible.h"

struct list {
	struct listing *listing;
};

static int on_content(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	struct list *list = user;
	(void)message;
	return ok ? listing_feed(list->listing, content) : 0;
}

/* In the largest unit that leaves no rest, as `ldm list` does: 1968M is how people write it. */
static int add_memory(struct buffer *line, uint64_t bytes)
{
	static const char units[] = "BKMGT";
	_cleanup_free_ char *text = NULL;
	unsigned int unit = 0;

	while (units[unit + 1] && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	if (asprintf(&text, "%" PRIu64 "%c", bytes, units[unit]) < 0)
		return -ENOMEM;
	return buffer_printf(line, "%-8s ", text);
}

static int add_load(struct buffer *line, const struct domain *d)
{
	uint64_t minutes = d->uptime_s / 60;

	if (d->state != DOMAIN_ACTIVE)
		return 0;
	int r = buffer_printf(line, "%3" PRIu32 ".%" PRIu32 "%%  ", d->utilization_permille / 10,
		d->utilization_permille % 10);
	if (r == 0 && minutes >= 1440)
		r = buffer_printf(line, "%" PRIu64 "d ", minutes / 1440);
	if (r == 0 && minutes >= 60)
		r = buffer_printf(line, "%" PRIu64 "h ", minutes % 1440 / 60);
	if (r == 0)
		r = buffer_printf(line, "%" PRIu64 "m", minutes % 60);
	return r;
}

/* The control domain has the console of the machine. */
static int add_console(struct buffer *line, const struct domain *d)
{
	if (d->console_port)
		return buffer_printf(line, "%-7" PRIu32 " ", d->console_port);
	return buffer_printf(line, "%-7s ", d->flags && strchr(d->flags, 'c') ? "UART" : "-");
}

static int print_domain(const struct domain *d)
{
	struct buffer line = BUFFER_EMPTY;

	_cleanup_free_ char *name = visible_copy(d->name);
	_cleanup_free_ char *flags = visible_copy(d->flags ? d->flags : "------");

	if (!name || !flags)
		return -ENOMEM;
	int r = buffer_printf(&line, "%-16s %-10s %-7s ", name, domain_state_name(d->state), flags);
	if (r == 0)
		r = add_console(&line, d);
	if (r == 0)
		r = buffer_printf(&line, "%-5" PRIu32 " ", d->num_vcpu);
	if (r == 0)
		r = add_memory(&line, d->mem_bytes);
	if (r == 0)
		r = add_load(&line, d);
	size_t length = line.len;
	while (length && buffer_data(&line)[length - 1] == ' ')
		length--;
	if (r == 0)
		printf("%.*s\n", (int)length, buffer_data(&line));
	buffer_clear(&line);
	return r;
}

static int print_all(const struct listing *l)
{
	int r = 0;

	printf("%-16s %-10s %-7s %-7s %-5s %-8s %-7s %s\n", "NAME", "STATE", "FLAGS", "CONS",
		"VCPU", "MEMORY", "UTIL", "UPTIME");
	for (size_t i = 0; r == 0 && i < l->n_domains; i++)
		r = print_domain(l->domains[i]);
	return r;
}

int oneshot_list(const struct settings *s)
{
	static const struct query_ops ops = {.on_content = on_content};
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *endpoint = NULL;
	_cleanup_free_ char *error = NULL;
	struct list list;

	if (settings_endpoint(s, &endpoint) < 0)
		return EXIT_USAGE;
	if (listing_new(LISTING_DOMAIN, &listing_limits_default, &list.listing) < 0)
		return EXIT_FAILURE;
	int r = query_run(
		endpoint, "list-domain", NULL, s->request_timeout_ms, &ops, &list, &error);
	if (r < 0)
		log_err("ldm", "%s: %s", s->ldm, error ? error : "no memory");
	else if ((r = listing_finish(list.listing)) < 0)
		log_err("ldm", "%s: %s", s->ldm,
			list.listing->error ? list.listing->error : strerror(-r));
	else
		r = print_all(list.listing);
	listing_free(list.listing);
	return r < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- -X ------------------------------------------------------------------------------------------
 */

/* The last reply is the one that counts. */
static void on_document(void *user, const char *xml, size_t len)
{
	struct buffer *reply = user;

	buffer_clear(reply);
	/* Without memory it stays empty, which is then no constraint document. */
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
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *endpoint = NULL;
	_cleanup_free_ char *error = NULL;
	struct buffer reply = BUFFER_EMPTY;
	int status = EXIT_FAILURE;

	if (settings_endpoint(s, &endpoint) < 0)
		return EXIT_USAGE;
	if (query_run(endpoint, "list-constraints", domain, s->request_timeout_ms, &ops, &reply,
		    &error) < 0)
		log_err("ldm", "%s: %s", s->ldm, error ? error : "no memory");
	else
		status = print_constraints(&reply);
	buffer_clear_secret(&reply);
	return status;
}
