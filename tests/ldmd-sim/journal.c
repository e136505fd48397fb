/*
 * Counters and the command log.
 */
#include "journal.h"

#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "json.h"
#include "sim.h"

void journal_init(struct journal *journal)
{
	TAILQ_INIT(&journal->log);
	TAILQ_INIT(&journal->counts);
}

static void entry_free(struct log_entry *entry)
{
	free(entry->action);
	free(entry->domain);
	free(entry->detail);
	free(entry->message);
	free(entry);
}

static void remove_entry(struct journal *journal, struct log_entry *entry)
{
	TAILQ_REMOVE(&journal->log, entry, entry);
	entry_free(entry);
}

void journal_free(struct journal *journal)
{
	journal_reset(journal);
	while (!TAILQ_EMPTY(&journal->log))
		remove_entry(journal, TAILQ_FIRST(&journal->log));
}

/* Entries of running commands stay, since their tasks point at them. */
void journal_reset(struct journal *journal)
{
	struct log_entry *entry, *next;
	struct action_count *count;

	LIST_EACH_SAFE(entry, &journal->log, entry, next)
	if (!str_equal(entry->result, "pending"))
		remove_entry(journal, entry);
	while ((count = TAILQ_FIRST(&journal->counts))) {
		TAILQ_REMOVE(&journal->counts, count, entry);
		free(count->action);
		free(count);
	}
	journal->documents = journal->bad_documents = 0;
	journal->commands = journal->events = 0;
}

void journal_count(struct journal *journal, const char *action)
{
	struct action_count *count;

	TAILQ_FOREACH (count, &journal->counts, entry)
		if (str_equal(count->action, action))
			break;
	if (count == NULL) {
		count = xcalloc(1, sizeof(*count));
		count->action = xstrdup(action);
		TAILQ_INSERT_TAIL(&journal->counts, count, entry);
	}
	count->count++;
}

static void add_word(struct buf *out, const char *key, const char *value)
{
	if (out->len)
		buf_add_string(out, " ");
	if (key[0] == '@')
		buf_add_string(out, value);
	else
		buf_addf(out, "%s=%s", key, str_equal(key, "password") ? "***" : value);
}

/* The options and the properties of the first resource. */
static char *detail_of(const struct task *task)
{
	const struct resource *resource = TAILQ_FIRST(&task->object->resources);
	const struct prop *prop;
	struct buf text = {0};

	buf_add_string(&text, task->option);
	if (resource)
		TAILQ_FOREACH (prop, &resource->props, entry)
			add_word(&text, prop->key, prop->value);
	return text.data;
}

struct log_entry *journal_add(struct journal *journal, const struct task *task)
{
	struct log_entry *entry = xcalloc(1, sizeof(*entry));

	entry->seq = ++journal->next_seq;
	entry->time_ms = clock_ms();
	entry->conn = task->conn;
	entry->action = xstrdup(task->action->name);
	replace_string(&entry->domain, task->object->name);
	entry->detail = detail_of(task);
	entry->result = "pending";
	journal->commands++;
	TAILQ_INSERT_TAIL(&journal->log, entry, entry);
	return entry;
}

void journal_result(struct log_entry *entry, enum verdict verdict, const char *message)
{
	if (entry == NULL)
		return;
	entry->result = verdict == VERDICT_OK ? "ok" : "refused";
	replace_string(&entry->message, message);
}

void journal_dropped(struct log_entry *entry)
{
	entry->result = "dropped";
}

void journal_write_log(const struct journal *journal, struct buf *out)
{
	const struct log_entry *entry;

	json_open(out, NULL, '[');
	TAILQ_FOREACH (entry, &journal->log, entry) {
		json_open(out, NULL, '{');
		json_number(out, "seq", entry->seq);
		json_number(out, "time_ms", (uint64_t)entry->time_ms);
		json_number(out, "conn", entry->conn);
		json_string(out, "action", entry->action);
		json_string(out, "domain", entry->domain);
		json_string(out, "detail", entry->detail);
		json_string(out, "result", entry->result);
		json_string(out, "message", entry->message);
		json_close(out, '}');
	}
	json_close(out, ']');
}

void journal_write_stats(const struct sim *sim, struct buf *out)
{
	const struct journal *journal = &sim->journal;
	const struct action_count *count;

	json_open(out, NULL, '{');
	json_open(out, "requests", '{');
	TAILQ_FOREACH (count, &journal->counts, entry)
		json_number(out, count->action, count->count);
	json_close(out, '}');
	json_number(out, "documents", journal->documents);
	json_number(out, "bad_documents", journal->bad_documents);
	json_number(out, "commands", journal->commands);
	json_number(out, "events", journal->events);
	json_number(out, "connections_open", sim->server.open);
	json_number(out, "connections_total", sim->server.total);
	json_close(out, '}');
}
