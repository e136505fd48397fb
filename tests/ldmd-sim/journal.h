/*
 * What clients asked for: counters of everything, and a log of every command that changes
 * something. Tests compare it with what the agent claims to have done.
 */
#ifndef LDMD_SIM_JOURNAL_H
#define LDMD_SIM_JOURNAL_H

#include <stdint.h>
#include <sys/queue.h>

#include "task.h"
#include "util.h"

struct sim;

struct log_entry {
	TAILQ_ENTRY(log_entry) entry;
	unsigned seq;
	int64_t time_ms;
	unsigned conn;
	char *action;
	char *domain;
	char *detail;
	const char *result; /* ok, refused, pending, dropped */
	char *message;
};
TAILQ_HEAD(log_list, log_entry);

struct action_count {
	TAILQ_ENTRY(action_count) entry;
	char *action;
	unsigned count;
};
TAILQ_HEAD(action_counts, action_count);

struct journal {
	struct log_list log;
	struct action_counts counts;
	unsigned next_seq;
	unsigned documents;
	unsigned bad_documents;
	unsigned commands; /* that change something */
	unsigned events;
};

void journal_init(struct journal *journal);
void journal_free(struct journal *journal);
void journal_reset(struct journal *journal);
void journal_count(struct journal *journal, const char *action);
struct log_entry *journal_add(struct journal *journal, const struct task *task);
/* entry may be NULL. */
void journal_result(struct log_entry *entry, enum verdict verdict, const char *message);
void journal_dropped(struct log_entry *entry);

/* One line of JSON each. */
void journal_write_log(const struct journal *journal, struct buf *out);
void journal_write_stats(const struct sim *sim, struct buf *out);

#endif
