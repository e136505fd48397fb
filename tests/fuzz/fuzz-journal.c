/*
 * The journal of what was begun and the operation rows on disk: read from any bytes, settled,
 * written, and read again.
 *
 * The file's text is split at a line "---": journal before it, operations behind it.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/handover.h"
#include "control/journal.h"
#include "control/oplog-file.h"
#include "picture.h"
#include "util/cleanup.h"

const char fuzz_name[] = "journal";

static void split(const uint8_t *data, size_t size)
{
	static const char line[] = "---\n";
	const uint8_t *at = memmem(data, size, line, sizeof(line) - 1);
	size_t first = at ? (size_t)(at - data) : size;
	size_t behind = at ? first + sizeof(line) - 1 : size;

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

static void check_part(const struct journal_part *p, struct fuzz_chance *c)
{
	struct domain *d = some_domain(c);
	char *text;

	FUZZ_CHECK(journal_settle(p, d) <= OPERATION_QUEUED);
	FUZZ_CHECK(journal_settle(p, NULL) <= OPERATION_QUEUED);
	FUZZ_CHECK(set_request_describe(&p->request, &text) == 0);
	free(text);
	domain_unref(d);
}

static size_t settle(struct journal *j, struct fuzz_chance *c)
{
	const struct journal_entry *entries;
	size_t n;

	entries = journal_entries(j, &n);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < entries[i].n_parts; k++)
			check_part(&entries[i].parts[k], c);
		journal_end(j, entries[i].transaction);
	}
	return n;
}

static void check_journal(struct fuzz_chance *c)
{
	struct journal *j;

	FUZZ_CHECK(journal_open(fuzz_directory(), &j) == 0);
	(void)settle(j, c);
	journal_commit(j);
	journal_free(j);
	/* All that was open has ended. */
	FUZZ_CHECK(journal_open(fuzz_directory(), &j) == 0);
	FUZZ_CHECK(settle(j, c) == 0);
	journal_free(j);
}

static const struct oplog_view *read_rows(void)
{
	const struct oplog_view *v;
	struct oplog_file *f;
	struct handover *h;

	FUZZ_CHECK(handover_new(&h) == 0);
	FUZZ_CHECK(oplog_file_open(fuzz_directory(), h, &f) == 0);
	v = handover_oplog(h);
	for (size_t i = 0; i < v->n_rows; i++)
		FUZZ_CHECK(!operation_running(v->rows[i]) && v->rows[i]->domain);
	FUZZ_CHECK(v->n_rows <= OPLOG_ROWS);
	picture_walk(NULL, v, 100000);
	FUZZ_CHECK(oplog_file_save(f, h) == 0);
	oplog_file_free(f);
	handover_free(h);
	return v;
}

static void check_rows(void)
{
	const struct oplog_view *once = read_rows(), *twice = read_rows();

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
	check_journal(&c);
	check_rows();
	return 0;
}
