/*
 * The history file: read from any bytes, judged, written anew and read again.
 *
 * Where there is a line "---", what stands before it is the journal and what stands behind it the
 * operations of an earlier version.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/handover.h"
#include "control/history.h"
#include "control/recovery.h"
#include "picture.h"
#include "util/cleanup.h"

const char fuzz_name[] = "history";

static void split(const uint8_t *data, size_t size)
{
	static const char line[] = "---\n";
	const uint8_t *at = memmem(data, size, line, sizeof(line) - 1);

	if (!at) {
		fuzz_write_file("history", data, size);
		return;
	}
	size_t first = (size_t)(at - data), behind = first + sizeof(line) - 1;
	fuzz_write_file("journal", data, first);
	fuzz_write_file("operations", data + behind, size - behind);
}

static struct domain *some_domain(struct fuzz_chance *c)
{
	struct domain *d;

	FUZZ_CHECK(domain_new("ldg1", &d) == 0);
	d->state = (enum domain_state)(1 + fuzz_chance_below(c, 8));
	d->num_vcpu = fuzz_chance_below(c, 3) * 4;
	d->mem_bytes = (uint64_t)fuzz_chance_below(c, 3) << 32;
	return d;
}

static void check_begun(const struct begun *p, struct fuzz_chance *c)
{
	struct domain *d = some_domain(c);
	char *text;

	FUZZ_CHECK(recovery_judge(p, d, false) <= OPERATION_QUEUED);
	FUZZ_CHECK(recovery_judge(p, d, true) != OPERATION_RUNNING);
	FUZZ_CHECK(recovery_judge(p, NULL, true) != OPERATION_RUNNING);
	FUZZ_CHECK(set_request_describe(&p->request, &text) == 0);
	free(text);
	domain_unref(d);
}

/* What ran is what is open; every row of it is there. */
static void check_open(const struct history *y, const struct oplog_view *v, struct fuzz_chance *c)
{
	size_t n, running = 0;
	const struct begun *begun = history_left_open(y, &n);

	for (size_t i = 0; i < v->n_rows; i++) {
		FUZZ_CHECK(v->rows[i]->domain && v->rows[i]->index > 0);
		FUZZ_CHECK(i == 0 || v->rows[i - 1]->index < v->rows[i]->index);
		running += operation_running(v->rows[i]);
	}
	FUZZ_CHECK(running == n);
	for (size_t i = 0; i < n; i++) {
		const struct operation *o = oplog_view_find(v, begun[i].operation);

		FUZZ_CHECK(o && operation_running(o));
		check_begun(&begun[i], c);
	}
}

/* One run of the agent; its rows. end: they all end in it. */
static const struct oplog_view *run(struct fuzz_chance *c, bool end)
{
	const struct oplog_view *v;
	struct history *y;
	struct handover *h;

	FUZZ_CHECK(handover_new(&h) == 0);
	FUZZ_CHECK(history_open(fuzz_directory(), h, &y) == 0);
	v = handover_oplog(h);
	check_open(y, v, c);
	picture_walk(NULL, v, 100000);
	for (size_t i = 0; end && i < v->n_rows; i++) {
		struct operation *o;

		if (!operation_running(v->rows[i]))
			continue;
		FUZZ_CHECK(operation_copy(v->rows[i], &o) == 0);
		o->status = OPERATION_UNKNOWN;
		FUZZ_CHECK(handover_report(h, &o, 1, NULL) == 0);
	}
	history_turn(y, 100000);
	if (fuzz_chance_below(c, 2) == 0)
		FUZZ_CHECK(history_finish(y) == 0);
	history_free(y);
	oplog_view_unref(v);
	v = handover_oplog(h);
	handover_free(h);
	return v;
}

static void check_same(const struct oplog_view *once, const struct oplog_view *twice)
{
	FUZZ_CHECK(once->n_rows == twice->n_rows);
	for (size_t i = 0; i < once->n_rows; i++) {
		FUZZ_CHECK(once->rows[i]->index == twice->rows[i]->index);
		FUZZ_CHECK(once->rows[i]->status == twice->rows[i]->status);
		FUZZ_CHECK(strcmp(once->rows[i]->domain, twice->rows[i]->domain) == 0);
	}
	oplog_view_unref(once);
	oplog_view_unref(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_chance c = fuzz_chance_of(data, size);

	fuzz_empty_directory();
	split(data, size);
	/* One after the other. */
	const struct oplog_view *first = run(&c, false), *second = run(&c, true);
	FUZZ_CHECK(first->n_rows == second->n_rows);
	oplog_view_unref(first);
	check_same(second, run(&c, false));
	return 0;
}
