/*
 * Documents of ldmd, both data versions, all the way: read, made domains, put together to one
 * picture after another, compared, told, and walked as a manager would.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/assemble.h"
#include "inventory/diff.h"
#include "inventory/registry.h"
#include "ldm/document.h"
#include "ldm/frame.h"
#include "util/utf8.h"
#include "picture.h"
#include "tables/notification.h"
#include "util/cleanup.h"

const char fuzz_name[] = "document";

#define CHANGES_MAX 1000

struct host_view {
	struct registry *registry;
	const struct snapshot *last;
	uint64_t now_ms;
};

static void host_clear(struct host_view *h)
{
	snapshot_unref(h->last);
	registry_free(h->registry);
}

/* --- reading -------------------------------------------------------------------------------- */

static void check_resource(const struct ldm_resource *r, unsigned depth)
{
	FUZZ_CHECK(r->type && depth < 64);
	for (size_t i = 0; i < r->n_props; i++) {
		FUZZ_CHECK(r->props[i].key && r->props[i].value);
		FUZZ_CHECK(utf8_is_text(r->props[i].value));
		FUZZ_CHECK(ldm_resource_get(r, r->props[i].key));
	}
	for (size_t i = 0; i < r->n_bindings; i++)
		check_resource(&r->bindings[i], depth + 1);
}

static void check_content(const struct ldm_content *c)
{
	FUZZ_CHECK(c->n_resources <= ldm_limits_default.resources);
	for (size_t i = 0; i < c->n_resources; i++)
		check_resource(&c->resources[i], 0);
}

static int on_content(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	struct listing *listing = user;

	(void)ok;
	FUZZ_CHECK(!message || utf8_is_text(message));
	check_content(content);
	return listing ? listing_feed(listing, content) : 0;
}

static int on_event(void *user, const struct ldm_event *event)
{
	(void)user;
	FUZZ_CHECK(event->action);
	check_content(&event->content);
	return 0;
}

static const struct ldm_document_ops ops = {.on_content = on_content, .on_event = on_event};

/* --- pictures ------------------------------------------------------------------------------- */

static void tell(const struct change *c)
{
	struct notification n;

	if (!ldoms_notifies(c) || notification_from_change(c, &n) < 0)
		return;
	FUZZ_CHECK(n.n <= NOTIFICATION_OBJECTS_MAX);
	for (size_t i = 0; i < n.n; i++)
		picture_check_value(&n.objects[i].value);
	notification_clear(&n);
}

static void compare(const struct snapshot *before, const struct snapshot *after)
{
	struct change_list list = {.n = 0};
	uint64_t dropped = 0;

	FUZZ_CHECK(snapshot_diff(before, after, CHANGES_MAX, &list, &dropped) == 0);
	FUZZ_CHECK(list.n <= CHANGES_MAX);
	for (size_t i = 0; i < list.n; i++)
		tell(&list.changes[i]);
	change_list_clear(&list);
}

static void make_picture(struct host_view *h, struct listing *listing, struct fuzz_chance *c)
{
	const struct snapshot *next;
	const struct domain *some = h->last && h->last->n_domains > 0 ? h->last->domains[0] : NULL;
	const char *kept[] = {some ? some->name : ""};
	struct assemble_input in = {
		.last = h->last,
		.listing = listing,
		.only = some && fuzz_chance_below(c, 4) == 0 ? some->name : NULL,
		.ignore_bound_services = fuzz_chance_below(c, 2),
		.keep = kept,
		.n_keep = some && fuzz_chance_below(c, 4) == 0,
		.now_ms = h->now_ms,
		.registry = h->registry,
	};

	if (in.only && fuzz_chance_below(c, 2) == 0)
		in.gone = in.only;
	h->now_ms += 1 + fuzz_chance_below(c, 5000);
	if (assemble(&in, &next) < 0)
		return;
	compare(h->last, next);
	picture_walk(next, NULL, h->now_ms);
	snapshot_unref(h->last);
	h->last = next;
}

static enum listing_kind kind_of(const char *action)
{
	static const char *const actions[_LISTING_KIND_MAX] = {
		[LISTING_DOMAIN] = "list-domain",
		[LISTING_BINDINGS] = "list-bindings",
		[LISTING_SERVICES] = "list-services",
		[LISTING_DEVICES] = "list-devices",
		[LISTING_SPCONFIG] = "list-spconfig",
		[LISTING_CONSTRAINTS] = "list-constraints",
	};

	for (int i = 0; action && i < _LISTING_KIND_MAX; i++)
		if (strcmp(actions[i], action) == 0)
			return (enum listing_kind)i;
	return LISTING_BINDINGS;
}

/* Read twice: once to know what it answers, once to use it. */
static void use_document(struct host_view *h, const char *bytes, size_t len, struct fuzz_chance *c)
{
	_cleanup_free_ char *error = NULL;
	struct ldm_document document;
	struct listing *listing;
	int r = ldm_document_parse(bytes, len, NULL, &ops, NULL, &document, &error);

	FUZZ_CHECK(r == 0 || r == -EBADMSG);
	FUZZ_CHECK((r == 0) == !error);
	if (r < 0)
		return;
	FUZZ_CHECK(listing_new(kind_of(document.reply.action), NULL, &listing) == 0);
	ldm_document_clear(&document);
	r = ldm_document_parse(bytes, len, NULL, &ops, listing, &document, NULL);
	bool is_reply = r == 0 && document.kind == LDM_DOCUMENT_REPLY;
	int finished = is_reply ? listing_finish(listing) : -EINVAL;
	FUZZ_CHECK(finished != -EBADMSG || listing->error);
	if (finished == 0)
		make_picture(h, listing, c);
	if (r == 0)
		ldm_document_clear(&document);
	listing_free(listing);
}

static void use_stream(struct host_view *h, const uint8_t *data, size_t size, struct fuzz_chance *c)
{
	_cleanup_(ldm_framer_freep) struct ldm_framer *f = NULL;

	FUZZ_CHECK(ldm_framer_new(NULL, &f) == 0);
	while (size > 0) {
		size_t used, len;
		int r = ldm_framer_feed(f, data, size, &used);

		if (r != LDM_FRAME_DOCUMENT)
			return;
		const char *document = ldm_framer_document(f, &len);
		use_document(h, document, len, c);
		data += used;
		size -= used;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(host_clear) struct host_view h = {.now_ms = 100000};
	struct fuzz_chance c = fuzz_chance_of(data, size);

	fuzz_remove_file("index-registry");
	fuzz_remove_file("index-registry.copy");
	FUZZ_CHECK(registry_open(fuzz_directory(), false, &h.registry) == 0);
	/* As it came, whatever the framer would say; and as it comes. */
	use_document(&h, (const char *)data, size, &c);
	use_stream(&h, data, size, &c);
	return 0;
}
