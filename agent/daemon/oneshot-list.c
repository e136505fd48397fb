/*
 * -l: what an administrator knows from `ldm list`, as the agent sees it.
 */
#include "daemon/oneshot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/endpoint-settings.h"
#include "daemon/query.h"
#include "daemon/settings.h"
#include "inventory/listing.h"
#include "ldm/endpoint.h"
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
