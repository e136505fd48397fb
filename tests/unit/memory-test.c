/*
 * Each allocation of a few whole tasks fails, one after the other: once alone, once with all that
 * follow. The task says so, is unharmed, and leaves nothing behind.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#include "allocations.h"
#include "temp-directory.h"
#include "control/control.h"
#include "control/set-request.h"
#include "control/executor.h"
#include "control/new-rows.h"
#include "control/permit.h"
#include "ldm/template.h"
#include "control/handover.h"
#include "common/settings.h"
#include "inventory/assemble.h"
#include "inventory/listing.h"
#include "inventory/diff.h"
#include "inventory/refresh.h"
#include "inventory/registry.h"
#include "ldm/document.h"
#include "ldm/capture.h"
#include "ldm/endpoint.h"
#include "ldm/request.h"
#include "ldm/xmpp.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/file.h"

#define CORPUS	  TOP_SRCDIR "/tests/fuzz/corpus/"
#define TASK_MOST 100000 /* allocations */

static char *directory;

/* --- trying a task ---------------------------------------------------------------------------- */

/* May be given back as they were refused: some do without what they could not get. */
static bool is_good(int rc)
{
	return rc == 0 || rc == -ENOMEM;
}

static void try_all(int (*task)(void), bool for_good)
{
	size_t nth = 0, open;
	bool failed;

	do {
		open = allocations_open();
		allocations_fail(++nth, for_good);
		int rc = task();
		failed = allocations_stop();
		if (!is_good(rc) || allocations_open() != open)
			print_error("allocation %zu%s: %d, %zd open\n", nth,
				for_good ? " and all that follow" : "", rc,
				(ssize_t)(allocations_open() - open));
		assert_true(is_good(rc));
		assert_int_equal(allocations_open(), open);
		assert_true(failed || rc == 0);
	} while (failed && nth < TASK_MOST);
	assert_true(nth > 1);
	assert_false(failed);
	print_message("%zu allocations\n", nth - 1);
}

static void try(int (*task)(void))
{
	/* What is made once and kept, by us or by libraries. */
	assert_int_equal(task(), 0);
	try_all(task, false);
	try_all(task, true);
}

/* Files are read while nothing fails; this is about what is made of them. */
static char *read_corpus(const char *name, size_t *ret_len)
{
	char *path, *content;

	assert_true(asprintf(&path, CORPUS "%s", name) > 0);
	assert_int_equal(file_read(path, 1 << 20, &content, ret_len), 0);
	free(path);
	return content;
}

/* --- documents and snapshots ------------------------------------------------------------------ */

struct picture {
	char *bytes[2];
	size_t len[2];
	struct registry *registry;
};
static struct picture picture;

static int feed(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	(void)ok, (void)message;
	return listing_feed(user, content);
}

static int parse(int which, struct listing *listing)
{
	static const struct ldm_document_ops ops = {.on_content = feed};
	struct ldm_document document;
	char *error = NULL;
	int rc = ldm_document_parse(picture.bytes[which], picture.len[which], &ldm_limits_default,
		&ops, listing, &document, &error);

	ldm_document_clear(&document);
	free(error);
	return rc < 0 ? rc : listing_finish(listing);
}

static int read_list(
	int which, enum listing_kind kind, const struct snapshot *last, const struct snapshot **ret)
{
	struct listing *listing;
	int rc = listing_new(kind, &listing_limits_default, &listing);

	if (rc < 0)
		return rc;
	rc = parse(which, listing);
	if (rc == 0)
		rc = assemble(
			&(const struct assemble_input){
				.last = last,
				.listing = listing,
				.now_ms = 1000,
				.registry = picture.registry,
			},
			ret);
	listing_free(listing);
	return rc;
}

static int compare(const struct snapshot *before, const struct snapshot *after)
{
	struct change_list changes = {0};
	uint64_t dropped = 0;
	int rc = snapshot_diff(before, after, 1000, &changes, &dropped);

	change_list_clear(&changes);
	return rc;
}

static int take_inventory(void)
{
	const struct snapshot *first, *second = NULL;
	int rc = read_list(0, LISTING_DOMAIN, NULL, &first);

	if (rc < 0)
		return rc;
	rc = read_list(1, LISTING_BINDINGS, first, &second);
	if (rc == 0)
		rc = compare(first, second);
	snapshot_unref(first);
	snapshot_unref(second);
	return rc;
}

static void test_inventory(void **state)
{

	(void)state;
	picture.bytes[0] = read_corpus("document/v3-list-domain", &picture.len[0]);
	picture.bytes[1] = read_corpus("document/v3-list-bindings-web01", &picture.len[1]);
	assert_int_equal(registry_open(directory, false, &picture.registry), 0);
	try(take_inventory);
	registry_free(picture.registry);
	free(picture.bytes[0]);
	free(picture.bytes[1]);
}

/* --- the registry ----------------------------------------------------------------------------- */

/* Both files are read again each time: no memory is not damage. */
static int use_registry(struct registry *r)
{
	uint32_t index, object;
	int rc;

	assert_false(registry_recovered(r));
	rc = registry_assign(r, "11111111-2222-3333-4444-555555555555", "a", &index);

	if (rc == 0)
		rc = registry_assign_object(r, index, "disk", "d", &object);
	if (rc == 0)
		rc = registry_assign(r, NULL, "b", &index);
	if (rc == 0)
		rc = registry_assign(r, "99999999-2222-3333-4444-555555555555", "b", &index);
	return rc < 0 ? rc : registry_commit(r);
}

static int keep_numbers(void)
{
	struct registry *r;
	int rc = registry_open(directory, false, &r);

	if (rc < 0)
		return rc;
	rc = use_registry(r);
	registry_free(r);
	return rc;
}

static void test_registry(void **state)
{
	(void)state;
	try(keep_numbers);
}

/* --- what is asked of ldmd ---------------------------------------------------------------------
 */

/* What it is given is NULL if there was no memory for it. */
static int write_request(struct ldm_request *request)
{
	struct buffer out = BUFFER_EMPTY;
	int rc;

	if (!request)
		return -ENOMEM;
	rc = ldm_request_write(request, LDM_DATA_3, &out);
	if (rc == 0)
		rc = ldm_request_write(request, LDM_DATA_2, &out);
	buffer_clear(&out);
	ldm_request_free(request);
	return rc;
}

static char *constraints;
static size_t constraints_len;

static int write_requests(void)
{
	struct ldm_request *r = NULL;
	const char *why;
	int rc;

	(void)ldm_request_list("list-bindings", "a", &r);
	rc = write_request(steal_ptr(r));
	if (rc == 0 && ldm_request_memory("set-memory", "a", 1 << 30, &r) == 0)
		rc = write_request(steal_ptr(r));
	if (rc == 0 && ldm_request_command("stop-domain", "a", "-f", &r) == 0)
		rc = write_request(steal_ptr(r));
	if (rc == 0 && ldm_request_add_domain(constraints, constraints_len, &r, &why) == 0)
		rc = write_request(steal_ptr(r));
	return rc;
}

static int copy_template(void)
{
	struct buffer out = BUFFER_EMPTY;
	const char *why;
	char *detail = NULL;
	int rc = template_rename(constraints, constraints_len, "copy", &out, &why, &detail);

	free(detail);
	buffer_clear(&out);
	return rc;
}

static int write_capture(void)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *e = NULL;
	_cleanup_(capture_freep) struct capture *c = NULL;
	_cleanup_(buffer_clear) struct buffer out = BUFFER_EMPTY;
	int rc = ldm_endpoint_parse("localhost", &e);

	if (rc == 0)
		rc = capture_new(&c);
	if (rc == 0)
		rc = capture_question(c, "list-constraints", "web01");
	if (rc == 0)
		rc = capture_document(c, false, constraints, constraints_len);
	if (rc == 0)
		rc = capture_end(c, CAPTURE_UNREADABLE, 1, "web01 is odd");
	return rc == 0 ? capture_write(c, e, "agent", 0, false, &out) : rc;
}

static void test_requests(void **state)
{
	(void)state;
	constraints = read_corpus("template/v3-web01", &constraints_len);
	try(copy_template);
	try(write_capture);
	free(constraints);
	constraints = read_corpus("template/v2-small", &constraints_len);
	try(write_requests);
	free(constraints);
}

/* --- getting in --------------------------------------------------------------------------------
 */

static int hear(struct ldm_xmpp *x, const char *text, struct buffer *out)
{
	size_t len = strlen(text), used, at = 0;
	int rc = 0;

	while (rc >= 0 && at < len) {
		rc = ldm_xmpp_feed(x, text + at, len - at, &used, out);
		at += used;
	}
	return rc < 0 ? rc : 0;
}

static int talk(struct ldm_xmpp *x, struct buffer *out)
{
	int rc = ldm_xmpp_start(x, out);

	if (rc >= 0)
		rc = hear(x,
			"<stream:stream id='1'><stream:features><starttls "
			"xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
			"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
			out);
	if (rc >= 0)
		rc = ldm_xmpp_secured(x, out);
	if (rc >= 0)
		rc = hear(x,
			"<stream:stream id='2'><stream:features><mechanisms "
			"xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>"
			"</mechanisms></stream:features>"
			"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
			out);
	return rc;
}

static int shake_hands(void)
{
	struct buffer out = BUFFER_EMPTY;
	struct ldm_xmpp *x;
	int rc = ldm_xmpp_new(NULL, "user", "password", &x);

	if (rc < 0)
		return rc;
	rc = talk(x, &out);
	buffer_clear(&out);
	ldm_xmpp_free(x);
	return rc;
}

static int read_address(void)
{
	struct ldm_endpoint *e, *copy;
	int rc = ldm_endpoint_parse("xmpp:ldmd.example:6482", &e);

	if (rc < 0)
		return rc;
	rc = ldm_endpoint_copy(e, &copy);
	if (rc == 0)
		ldm_endpoint_free(copy);
	ldm_endpoint_free(e);
	return rc;
}

static void test_connection(void **state)
{
	(void)state;
	try(shake_hands);
	try(read_address);
}

/* --- settings ----------------------------------------------------------------------------------
 */

static int read_settings(void)
{
	struct settings *s = settings_new();
	int rc = s ? settings_load(s, CORPUS "settings/all", true) : -ENOMEM;

	settings_unref(s);
	return rc;
}

static void test_settings(void **state)
{
	(void)state;
	try(read_settings);
}

/* --- SET ----------------------------------------------------------------------------------------
 */

static const struct snapshot *shown;

static const struct set_varbind varbinds[] = {
	{.column = SET_COLUMN_VCPU, .row = 2, .row_valid = true, .type = SET_UNSIGNED, .number = 8},
	{.column = SET_COLUMN_MEMORY,
		.row = 2,
		.row_valid = true,
		.type = SET_UNSIGNED,
		.number = 4096},
	{.column = SET_COLUMN_VCPU, .row = 3, .row_valid = true, .type = SET_UNSIGNED, .number = 2},
};

static int run_phases(struct control *c, struct handover *h, struct inbox *in)
{
	const struct control_key key = {1, 7};
	struct handover_order order;
	struct verdict v = {.outcome = OUTCOME_KEPT};
	struct refusal refusal = control_reserve(c, key, in, varbinds, 3, 1000);
	int rc;

	if (refusal.error != CONTROL_OK) {
		const struct control_refusal *told = control_last_refusal(c);
		bool stale = told->error != refusal.error ||
			     (told->text && strncmp(told->text, "no memory (", 11) != 0);

		return stale || refusal.reason != REASON_NO_MEMORY ? -EBADMSG : -ENOMEM;
	}
	rc = control_start(c, key, 1000);
	if (rc < 0)
		return rc;
	while (handover_next_order(h, &order)) {
		v.transaction = order.id;
		handover_post_verdict(h, &v);
		transaction_unref(order.transaction);
	}
	rc = handover_receive(h, in);
	if (rc == 0)
		control_receive(c, in, 1001);
	control_free(c, key);
	return rc;
}

static int set_through(struct handover *h)
{
	const struct control_config config = {.stale_after_ms = 0};
	const struct ldm_status status = {.link = LINK_UP};
	struct control *c;
	struct inbox in = {0};
	int rc = control_new(&config, h, &c);

	if (rc < 0)
		return rc;
	handover_publish_snapshot(h, shown);
	rc = handover_publish_status(h, &status);
	if (rc == 0)
		rc = handover_receive(h, &in);
	if (rc == 0)
		rc = run_phases(c, h, &in);
	inbox_clear(&in);
	control_free_all(c);
	return rc;
}

static int set_all_phases(void)
{
	struct handover *h;
	int rc = handover_new(&h);

	if (rc < 0)
		return rc;
	rc = set_through(h);
	handover_free(h);
	return rc;
}

static const struct domain *make_domain(uint32_t index, const char *name)
{
	struct domain *d;

	assert_int_equal(domain_new(name, &d), 0);
	d->index = index;
	d->state = DOMAIN_ACTIVE;
	d->num_vcpu = 4;
	d->mem_bytes = UINT64_C(2) << 30;
	d->known = KNOWN_STATE | KNOWN_VCPU | KNOWN_MEMORY | KNOWN_CRYPTO;
	d->roles = DOMAIN_GUEST;
	return d;
}

static void make_shown(void)
{
	const struct domain *domains[] = {make_domain(2, "a"), make_domain(3, "b")};
	const struct snapshot facts = {
		.serial = 1,
		.taken_ms = 1000,
		.next_index = 9,
		.pools = {.known = true,
			.vcpus = {64, 32},
			.memory_bytes = {UINT64_C(64) << 30, UINT64_C(32) << 30}},
	};

	assert_int_equal(snapshot_new(&facts, domains, 2, NULL, &shown), 0);
	domain_unref(domains[0]);
	domain_unref(domains[1]);
}

static int allow(void)
{
	struct permit *p;
	const char *why;
	int rc = permit_new(&p);

	if (rc < 0)
		return rc;
	rc = permit_add(p, "state,cpu on web*", &why);
	permit_free(p);
	return rc;
}

static void test_set(void **state)
{
	(void)state;
	make_shown();
	try(set_all_phases);
	try(allow);
	snapshot_unref(shown);
}

/* --- a row that a manager makes --------------------------------------------------------------- */

static struct registry *row_registry;

static int put_row(struct new_rows *rows)
{
	static char name[] = "new";
	const struct set_request request = {
		.index = registry_next_index(row_registry),
		.fields = FIELD_NAME_BIT | FIELD_ROW_BIT,
		.name = name,
		.row = ROW_REQUEST_CREATE_AND_WAIT,
	};
	int rc = new_rows_put(rows, &request, 1000);

	if (rc == 0)
		registry_release(row_registry, request.index);
	return rc;
}

/* A row that could not be made leaves its name to the next one; if not, that gives -EEXIST. */
static int make_row(void)
{
	const struct refresh_config config = {
		.interval_ms = 5000, .request_timeout_ms = 10000, .backoff_min_ms = 200};
	const struct refresh_ops ops = {0};
	struct new_rows *rows = NULL;
	struct refresh *refresh;
	int rc = refresh_new(&config, NULL, row_registry, &ops, NULL, &refresh);

	if (rc < 0)
		return rc;
	rc = new_rows_new(refresh, row_registry, &rows);
	if (rc == 0)
		rc = put_row(rows);
	new_rows_free(rows);
	refresh_free(refresh);
	return rc;
}

static void test_row(void **state)
{
	(void)state;
	assert_int_equal(registry_open(directory, false, &row_registry), 0);
	try(make_row);
	registry_free(row_registry);
}

/* ------------------------------------------------------------------------------------------------
 */

static int setup(void **state)
{
	(void)state;
	directory = temp_directory_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return temp_directory_free(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_inventory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_registry, setup, teardown),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_set),
		cmocka_unit_test_setup_teardown(test_row, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
