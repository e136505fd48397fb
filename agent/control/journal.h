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
	int64_t started_at;	    /* wall clock, ms */
	struct set_request request; /* domain set */
	bool existed;		    /* at step 0 */
	enum domain_state state;
	uint32_t vcpus, crypto;
	uint64_t memory_bytes;
	bool undo; /* it was done, and was being taken back */
};

struct journal_entry {
	uint32_t transaction;
	struct journal_part *parts;
	size_t n_parts;
};

/*
 * Reads what is there. -errno of the file system, -ENOMEM; a damaged file is kept aside. A disk
 * that is full or read-only is no error here, but of each journal_begin() as long as it is so.
 */
int journal_open(const char *directory, struct journal **ret);
void journal_free(struct journal *j);

/* Left open by the last run; owned by the journal. */
const struct journal_entry *journal_entries(const struct journal *j, size_t *ret_n);

/* On disk (fsync) when it returns 0. in: one per part of t. */
int journal_begin(struct journal *j, const struct transaction *t, const struct plan_input *in);
/* The same, when what was done is to be taken back after all. */
int journal_undo(struct journal *j, const struct transaction *t, const struct plan_input *in);
/*
 * It ended. Written by journal_commit(), which comes after its operation rows are on disk: a crash
 * between leaves it open, and it is settled by reading once more.
 */
void journal_end(struct journal *j, uint32_t transaction);
void journal_commit(struct journal *j);

/*
 * What became of a part of an open entry, by what ldmd has now (NULL: no such domain).
 * OPERATION_RUNNING: it is on its way somewhere, look again.
 */
enum operation_status journal_settle(const struct journal_part *p, const struct domain *d);
/*
 * The same for a part after which the domain was busy with another one: that began when this one
 * had ended, and what it found then is what this one left.
 */
enum operation_status journal_settle_by_next(
	const struct journal_part *p, const struct journal_part *next);

#endif
