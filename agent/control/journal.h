/*
 * What was begun, on disk before the first command of it leaves: so that after a crash what ldmd
 * has decides what became of it, and nothing is sent twice.
 *
 * One file in the state directory, lines of text: a line per domain of a transaction when it
 * begins, one line when it ended. A torn last line is left out. Emptied when nothing is open.
 */
#ifndef CONTROL_JOURNAL_H
#define CONTROL_JOURNAL_H

#include "control/plan.h"
#include "control/transaction.h"

struct journal;

/* One domain of an entry that was never closed. */
struct journal_part {
	uint32_t operation;
	struct desire desire; /* domain set */
	bool existed;	      /* at step 0 */
	enum domain_state state;
	uint32_t vcpus, crypto;
	uint64_t memory_bytes;
};

struct journal_entry {
	uint32_t transaction;
	struct journal_part *parts;
	size_t n_parts;
};

/* Reads what is there. -errno of the file system, -ENOMEM; a damaged file is kept aside. */
int journal_open(const char *directory, struct journal **ret);
void journal_free(struct journal *j);

/* Left open by the last run; owned by the journal. */
const struct journal_entry *journal_entries(const struct journal *j, size_t *ret_n);

/* On disk (fsync) when it returns 0. in: one per part of t. */
int journal_begin(struct journal *j, const struct transaction *t, const struct plan_input *in);
void journal_end(struct journal *j, uint32_t transaction);

/* What became of a part of an open entry, by what ldmd has now (NULL: no such domain). */
enum operation_status journal_settle(const struct journal_part *p, const struct domain *d);

#endif
