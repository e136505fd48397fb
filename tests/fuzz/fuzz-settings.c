/*
 * The configuration file, and what becomes of it: the LDM endpoint with its password file, the
 * permissions, the difference to what was before.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/permit.h"
#include "common/settings.h"
#include "ldm/endpoint.h"
#include "util/cleanup.h"

const char fuzz_name[] = "settings";

static void note_difference(void *user, const char *directive, bool live)
{
	const char *why;

	(void)live;
	/* What is there is known by its name. */
	FUZZ_CHECK(settings_set(user, directive, "", &why) == -EINVAL && why);
}

static void check_permits(const struct settings *s)
{
	struct permit *p;
	const char *why = NULL;

	FUZZ_CHECK(permit_new(&p) == 0);
	for (char **line = s->set_allow; line && *line; line++)
		FUZZ_CHECK(permit_add(p, *line, &why) == 0);
	(void)permit_creation(p);
	(void)permit_new_name(p, "web01");
	permit_free(p);
}

/* Whatever the file says: nothing unsafe to a host that is not this one. */
static void check_endpoint(const struct settings *s)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *e = NULL;

	if (settings_endpoint(s, &e) < 0)
		return;
	FUZZ_CHECK(ldm_endpoint_is_local(e) ||
		   (e->transport == LDM_TRANSPORT_XMPP && ldm_endpoint_verifies(e) &&
			   e->tls_min >= LDM_TLS_1_2));
	FUZZ_CHECK(e->port > 0 && *e->host && (e->user != NULL) == (e->password != NULL));
}

static void check_numbers(const struct settings *s)
{
	FUZZ_CHECK(s->refresh_interval_ms >= 100 && s->refresh_interval_ms <= 3600000);
	FUZZ_CHECK(s->set_wait_ms <= 700 && s->stale_after_ms <= 604800000);
	FUZZ_CHECK(s->request_timeout_ms >= 100 && s->command_timeout_ms >= 100);
	FUZZ_CHECK(s->read_only <= 1 && s->notifications <= 1 && s->log_level <= 4);
	FUZZ_CHECK(*s->state_directory == '/' && *s->template_directory == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *s = settings_new(), *defaults = settings_new();
	_cleanup_free_ char *path = NULL;

	fuzz_write_file("conf", data, size);
	FUZZ_CHECK(s && defaults && asprintf(&path, "%s/conf", fuzz_directory()) > 0);
	int r = settings_load(s, path, true);
	FUZZ_CHECK(r == 0 || r == -EINVAL || r == -EFBIG);
	check_numbers(s);
	check_permits(s);
	if (r == 0)
		check_endpoint(s);
	settings_compare(defaults, s, note_difference, defaults);
	settings_unref(settings_ref(s));
	settings_unref(s);
	settings_unref(defaults);
	return 0;
}
