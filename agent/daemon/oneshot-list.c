/*
 * -l: what an administrator knows from `ldm list`, as the agent sees it.
 */
#include "daemon/oneshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/endpoint-settings.h"
#include "daemon/query.h"
#include "daemon/settings.h"
#include "inventory/build.h"
#include "ldm/endpoint.h"
#include "util/cleanup.h"
#include "util/log.h"

struct list {
	struct draft *draft;
};

static int on_content(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	struct list *list = user;
	(void)message;
	return ok ? draft_feed(list->draft, content) : 0;
}

/* In the largest unit that leaves no rest, as `ldm list` does. */
static void print_memory(uint64_t bytes)
{
	static const char units[] = "BKMGT";
	unsigned int unit = 0;

	while (units[unit + 1] && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	/* 1968M is how people write it, 1.92G is not. */
	int width = printf("%" PRIu64 "%c", bytes, units[unit]);
	printf("%*s", width < 9 ? 9 - width : 1, "");
}

static void print_uptime(uint64_t seconds)
{
	uint64_t minutes = seconds / 60;

	if (!seconds)
		return;
	if (minutes >= 1440)
		printf("%" PRIu64 "d ", minutes / 1440);
	if (minutes >= 60)
		printf("%" PRIu64 "h ", minutes % 1440 / 60);
	printf("%" PRIu64 "m", minutes % 60);
}

static void print_console(const struct domain *d)
{
	if (d->console_port)
		printf("%-7" PRIu32 " ", d->console_port);
	else
		printf("%-7s ", d->roles & DOMAIN_CONTROL ? "UART" : "");
}

static void print_domain(const struct domain *d)
{
	printf("%-16s %-10s %-7s ", d->name, domain_state_name(d->state),
		d->flags ? d->flags : "------");
	print_console(d);
	printf("%-5" PRIu32 " ", d->num_vcpu);
	print_memory(d->mem_bytes);
	if (d->state == DOMAIN_ACTIVE)
		printf("%3" PRIu32 ".%" PRIu32 "%%  ", d->utilization_permille / 10,
			d->utilization_permille % 10);
	print_uptime(d->uptime_s);
	putchar('\n');
}

static void print_all(const struct draft *draft)
{
	struct domain *const *domains = draft_domains(draft);

	printf("%-16s %-10s %-7s %-7s %-5s %-8s %-7s %s\n", "NAME", "STATE", "FLAGS", "CONS",
		"VCPU", "MEMORY", "UTIL", "UPTIME");
	for (size_t i = 0; i < draft_count(draft); i++)
		print_domain(domains[i]);
}

int oneshot_list(const struct settings *s)
{
	static const struct query_ops ops = {.on_content = on_content};
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *endpoint = NULL;
	_cleanup_free_ char *error = NULL;
	struct list list;

	if (settings_endpoint(s, &endpoint) < 0)
		return EXIT_FAILURE;
	if (draft_new(BUILD_DOMAIN, &build_limits_default, &list.draft) < 0)
		return EXIT_FAILURE;
	int r = query_run(
		endpoint, "list-domain", NULL, s->request_timeout_ms, &ops, &list, &error);
	if (r < 0)
		log_err("ldm", "%s: %s", s->ldm, error ? error : "no memory");
	else if ((r = draft_finish(list.draft)) < 0)
		log_err("ldm", "%s: %s", s->ldm, draft_error(list.draft));
	else
		print_all(list.draft);
	draft_free(list.draft);
	return r < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
