/*
 * The hand-over between the two threads: what belongs together arrives together, verdicts are never
 * lost, changes are counted where they do not fit. Built with TSan it also proves the locking.
 */
#include "control-fixture.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "control/handover.h"

static int start(struct handover *h, uint32_t index, uint32_t *ret_id)
{
	const struct set_varbind v = V(VCPU, index, 8);
	struct transaction *t;
	int r = hand_over(h, &v, 1, "a", &t);

	if (r < 0)
		return r;
	assert_int_not_equal(t->parts[0].operation, 0);
	*ret_id = t->id;
	transaction_unref(t);
	return 0;
}

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static const struct snapshot *picture(uint32_t n)
{
	struct domain *d[] = {make_domain(1, "primary", DOMAIN_ACTIVE, n, 1024, 0)};

	return make_snapshot(d, 1, 0, 0, 0, 2);
}

static void test_mailbox(void **state)
{
	struct handover *h;
	struct inbox in = {0};
	const struct snapshot *s;
	struct ldm_status status = {.link = LINK_UP, .last_error = (char *)"x", .queries = 7};

	(void)state;
	assert_int_equal(handover_new(&h), 0);
	assert_int_equal(handover_receive(h, &in), 0);
	assert_null(in.snapshot);
	assert_non_null(in.oplog);
	assert_false(readable(handover_snmp_fd(h)));
	for (uint32_t i = 1; i <= 3; i++) {
		s = picture(i);
		handover_publish_snapshot(h, s);
		snapshot_unref(s);
	}
	assert_int_equal(handover_publish_status(h, &status), 0);
	handover_publish_config_unsaved(h, true);
	assert_true(readable(handover_snmp_fd(h)));
	assert_int_equal(handover_receive(h, &in), 0);
	assert_int_equal(in.snapshot->domains[0]->num_vcpu, 3);
	assert_int_equal(in.status.queries, 7);
	assert_string_equal(in.status.last_error, "x");
	assert_true(in.config_unsaved);
	assert_false(readable(handover_snmp_fd(h)));
	/* Many things, and one word about them. */
	handover_hold(h);
	handover_publish_config_unsaved(h, false);
	assert_int_equal(handover_publish_status(h, &status), 0);
	assert_false(readable(handover_snmp_fd(h)));
	handover_let_go(h);
	assert_true(readable(handover_snmp_fd(h)));
	assert_int_equal(handover_receive(h, &in), 0);
	assert_false(in.config_unsaved);
	handover_hold(h);
	handover_let_go(h);
	assert_false(readable(handover_snmp_fd(h)));
	inbox_clear(&in);
	handover_free(h);
}

static void test_orders_and_places(void **state)
{
	struct handover *h;
	struct inbox in = {0};
	struct handover_order order;
	uint32_t ids[HANDOVER_PLANS], id;

	(void)state;
	assert_int_equal(handover_new(&h), 0);
	for (uint32_t i = 0; i < HANDOVER_PLANS; i++)
		assert_int_equal(start(h, 2 + i, &ids[i]), 0);
	assert_int_equal(start(h, 99, &id), -EAGAIN);
	handover_undo(h, ids[3]);
	handover_keep(h, ids[4]);
	handover_keep(h, 77777);
	assert_true(readable(handover_ldm_fd(h)));
	for (uint32_t i = 0; i < HANDOVER_PLANS; i++) {
		assert_true(handover_next_order(h, &order));
		assert_int_equal(order.word, HANDOVER_START);
		assert_int_equal(order.id, ids[i]);
		assert_int_equal(order.transaction->id, ids[i]);
		transaction_unref(order.transaction);
	}
	assert_true(handover_next_order(h, &order));
	assert_int_equal(order.word, HANDOVER_UNDO);
	assert_int_equal(order.id, ids[3]);
	assert_true(handover_next_order(h, &order));
	assert_int_equal(order.word, HANDOVER_KEEP);
	assert_false(handover_next_order(h, &order));
	assert_false(readable(handover_ldm_fd(h)));
	/* A place is free again when the last verdict was read. */
	handover_post_verdict(h, &(struct verdict){.transaction = ids[0], .outcome = OUTCOME_DONE});
	handover_post_verdict(h, &(struct verdict){.transaction = ids[0], .outcome = OUTCOME_KEPT});
	assert_int_equal(start(h, 99, &id), -EAGAIN);
	assert_int_equal(handover_receive(h, &in), 0);
	assert_int_equal(in.n_verdicts, 1);
	assert_true(outcome_settled(in.verdicts[0].outcome));
	assert_int_equal(in.oplog->n_rows, HANDOVER_PLANS);
	assert_int_equal(start(h, 99, &id), 0);
	handover_post_verdict(
		h, &(struct verdict){.transaction = ids[0], .outcome = OUTCOME_FAILED});
	assert_int_equal(handover_receive(h, &in), 0);
	assert_int_equal(in.n_verdicts, 0);
	inbox_clear(&in);
	handover_free(h);
}

static void post_changes(struct handover *h, size_t n, uint64_t dropped)
{
	struct change_list list = {.changes = calloc(n, sizeof(*list.changes)), .n = n};

	for (size_t i = 0; i < n; i++)
		list.changes[i].object = strdup("x");
	handover_post_changes(h, &list, dropped);
	assert_int_equal(list.n, 0);
}

static void test_changes_are_bounded(void **state)
{
	struct handover *h;
	struct inbox in = {0};

	(void)state;
	assert_int_equal(handover_new(&h), 0);
	post_changes(h, 3, 1);
	post_changes(h, HANDOVER_CHANGES - 2, 0);
	assert_int_equal(handover_receive(h, &in), 0);
	assert_int_equal(in.changes.n, HANDOVER_CHANGES);
	assert_int_equal(in.changes_dropped, 2);
	assert_int_equal(handover_receive(h, &in), 0);
	assert_int_equal(in.changes.n, 0);
	assert_int_equal(in.changes_dropped, 0);
	inbox_clear(&in);
	handover_free(h);
}

/* --- two threads --------------------------------------------------------------------------- */

#define ROUNDS 3000

struct pair {
	struct handover *h;
	atomic_bool stop;
};

static void end_operation(struct handover *h, uint32_t index, const struct verdict *verdict)
{
	const struct oplog_view *v = handover_oplog(h);
	const struct operation *old = oplog_view_find(v, index);
	struct operation *o;

	assert_non_null(old);
	assert_int_equal(operation_copy(old, &o), 0);
	oplog_view_unref(v);
	o->status = OPERATION_SUCCEEDED;
	assert_int_equal(handover_report(h, &o, 1, verdict), 0);
}

/* Publishes a snapshot that shows the result, then the row together with the verdict. */
static void *ldm_thread(void *argument)
{
	struct pair *p = argument;
	struct ldm_status status = {.link = LINK_UP, .last_error = (char *)"text"};
	struct handover_order order;
	uint32_t n = 0;

	while (!atomic_load(&p->stop)) {
		while (handover_next_order(p->h, &order)) {
			if (order.word == HANDOVER_START) {
				const struct snapshot *s = picture(order.id);

				handover_publish_snapshot(p->h, s);
				snapshot_unref(s);
				end_operation(p->h, order.transaction->parts[0].operation,
					&(struct verdict){
						.transaction = order.id, .outcome = OUTCOME_DONE});
				transaction_unref(order.transaction);
			} else {
				handover_post_verdict(
					p->h, &(struct verdict){.transaction = order.id,
						      .outcome = OUTCOME_KEPT});
			}
		}
		status.queries = ++n;
		handover_publish_status(p->h, &status);
		if (n % 16 == 0)
			post_changes(p->h, 2, 0);
	}
	return NULL;
}

/* A manager that sees that a row ended may ask for the next change at once. */
static void check_rows(const struct inbox *in, const bool *told)
{
	for (size_t i = 0; i < in->oplog->n_rows; i++)
		assert_true(in->oplog->rows[i]->status != OPERATION_SUCCEEDED ||
			    told[in->oplog->rows[i]->transaction]);
}

static void test_two_threads(void **state)
{
	static bool told[ROUNDS + 1];
	struct pair p = {0};
	struct inbox in = {0};
	pthread_t thread;
	size_t started = 0, decided = 0, settled = 0, tries = 0;
	uint32_t id;

	(void)state;
	assert_int_equal(handover_new(&p.h), 0);
	assert_int_equal(pthread_create(&thread, NULL, ldm_thread, &p), 0);
	while (settled < ROUNDS) {
		if (started < ROUNDS && start(p.h, 1 + (uint32_t)started % 50, &id) == 0)
			started++;
		assert_int_equal(handover_receive(p.h, &in), 0);
		for (size_t i = 0; i < in.n_verdicts; i++) {
			const struct verdict *v = &in.verdicts[i];
			uint32_t seen = in.snapshot->domains[0]->num_vcpu;

			/* The snapshot shows it already, or something later. */
			assert_true(seen >= v->transaction);
			decided += !outcome_settled(v->outcome);
			told[v->transaction] = true;
			settled += outcome_settled(v->outcome);
			if (!outcome_settled(v->outcome))
				handover_keep(p.h, v->transaction);
			const struct operation *o =
				oplog_view_last(in.oplog, 1 + (v->transaction - 1) % 50);
			assert_true(o == NULL || o->transaction > v->transaction ||
				    o->status == OPERATION_SUCCEEDED);
		}
		check_rows(&in, told);
		assert_true(++tries < 100000000);
	}
	atomic_store(&p.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(decided, ROUNDS);
	inbox_clear(&in);
	handover_free(p.h);
}

/* Freed with all sorts of things in it. */
static void test_free_full(void **state)
{
	struct handover *h;
	const struct snapshot *s = picture(1);
	uint32_t id;

	(void)state;
	assert_int_equal(handover_new(&h), 0);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(start(h, 2 + i, &id), 0);
	handover_publish_snapshot(h, s);
	snapshot_unref(s);
	post_changes(h, 5, 0);
	handover_post_verdict(h, &(struct verdict){.transaction = id, .outcome = OUTCOME_DONE});
	handover_free(h);
	handover_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mailbox),
		cmocka_unit_test(test_orders_and_places),
		cmocka_unit_test(test_changes_are_bounded),
		cmocka_unit_test(test_two_threads),
		cmocka_unit_test(test_free_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
