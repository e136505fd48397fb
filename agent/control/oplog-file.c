/*
 * See oplog-file.h. One line per row, the whole file written at once: 256 rows are little. Rows are
 * given their numbers before they are here; so the first line is ahead of them, and no number is
 * given that it does not cover.
 */
#include "control/oplog-file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/record.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/log.h"

#define TOKEN	 "control:oplog"
#define FILE_CAP (16u << 20)
#define AHEAD	 2048 /* more domains than one PDU has room for */
#define WORD	 "given"

struct oplog_file {
	char *path;
	uint64_t saved; /* serial of the view on disk */
	bool failed;
};

/* --- reading ------------------------------------------------------------------------------- */

static int get_text(struct record *r, char **field)
{
	_cleanup_free_ char *text = NULL;
	int rc = record_get_text(r, &text);

	return rc < 0 ? rc : operation_set_text(field, *text != '\0' ? text : NULL);
}

static int get_texts(struct record *r, struct operation *o)
{
	char **texts[] = {&o->domain, &o->request, &o->before, &o->after, &o->message};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts) && rc >= 0; i++)
		rc = get_text(r, texts[i]);
	if (rc >= 0 && o->domain == NULL)
		rc = operation_set_text(&o->domain, "");
	return rc;
}

static int get_row(struct record *r, struct operation *o)
{
	uint64_t n[9];
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(n) && rc >= 0; i++)
		rc = record_get_number(r, &n[i]);
	if (rc < 0)
		return rc;
	o->index = (uint32_t)n[0];
	o->transaction = (uint32_t)n[1];
	o->domain_index = (uint32_t)n[2];
	o->steps_done = (uint32_t)n[3];
	o->steps_planned = (uint32_t)n[4];
	o->status = (enum operation_status)n[5];
	o->target = (enum admin_state)n[6];
	o->started_at = (int64_t)n[7];
	o->duration_ms = n[8];
	if (operation_running(o) || n[5] == 0 || n[5] > OPERATION_QUEUED)
		o->status = OPERATION_UNKNOWN;
	return get_texts(r, o);
}

static int read_numbers(struct oplog_numbers *given, char *line)
{
	struct record r = record_begin(line);
	_cleanup_free_ char *word = NULL;
	uint64_t index, transaction;
	int rc = record_get_text(&r, &word);

	if (rc >= 0)
		rc = record_get_number(&r, &index);
	if (rc >= 0)
		rc = record_get_number(&r, &transaction);
	if (rc < 0)
		return rc;
	if (strcmp(word, WORD) != 0 || index > OPLOG_INDEX_MAX || transaction > OPLOG_INDEX_MAX)
		return -EBADMSG;
	*given = (struct oplog_numbers){(uint32_t)index, (uint32_t)transaction};
	return 0;
}

static int read_row(struct handover *h, char *line)
{
	struct record r = record_begin(line);
	struct operation *o;
	int rc = operation_new(&o);

	if (rc < 0)
		return rc;
	rc = get_row(&r, o);
	if (rc < 0) {
		operation_unref(o);
		return rc;
	}
	return handover_restore_operation(h, o);
}

static int load(struct oplog_file *f, struct handover *h)
{
	_cleanup_free_ char *content = NULL;
	struct oplog_numbers given = {0, 0};
	bool damaged = false;
	char *rest, *line;
	int rc = file_read(f->path, FILE_CAP, &content, NULL);

	if (rc == -ENOENT)
		return 0;
	if (rc == -EINVAL || rc == -EFBIG)
		return record_keep_aside(f->path, TOKEN);
	if (rc < 0)
		return rc;
	for (rest = content; (line = strsep(&rest, "\n")) != NULL;) {
		if (*line == '=')
			rc = read_numbers(&given, line);
		else
			rc = *line != '\0' ? read_row(h, line) : 0;
		if (rc == -ENOMEM)
			return rc;
		damaged = damaged || rc < 0;
	}
	handover_skip(h, given);
	return damaged ? record_keep_aside(f->path, TOKEN) : 0;
}

int oplog_file_open(const char *directory, struct handover *h, struct oplog_file **ret)
{
	struct oplog_file *f = calloc(1, sizeof(*f));
	int rc;

	if (f == NULL)
		return -ENOMEM;
	if (asprintf(&f->path, "%s/operations", directory) < 0) {
		free(f);
		return -ENOMEM;
	}
	file_remove_left_overs(f->path);
	rc = load(f, h);
	if (rc < 0) {
		log_err(TOKEN, "cannot read %s: %s", f->path, strerror(-rc));
		oplog_file_free(f);
		return rc;
	}
	*ret = f;
	return 0;
}

void oplog_file_free(struct oplog_file *f)
{
	if (f == NULL)
		return;
	free(f->path);
	free(f);
}

/* --- writing ------------------------------------------------------------------------------- */

static int put_row(struct buffer *b, const struct operation *o)
{
	const uint64_t n[] = {o->index, o->transaction, o->domain_index, o->steps_done,
		o->steps_planned, o->status, o->target, (uint64_t)o->started_at, o->duration_ms};
	const char *texts[] = {o->domain, o->request, o->before, o->after, o->message};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(n) && rc >= 0; i++)
		rc = record_put_number(b, n[i]);
	for (size_t i = 0; i < ARRAY_SIZE(texts) && rc >= 0; i++)
		rc = record_put_text(b, texts[i]);
	return rc < 0 ? rc : record_end(b);
}

static int put_numbers(struct buffer *b, struct oplog_numbers given)
{
	int rc = record_put_text(b, WORD);

	if (rc >= 0)
		rc = record_put_number(b, given.index);
	if (rc >= 0)
		rc = record_put_number(b, given.transaction);
	return rc < 0 ? rc : record_end(b);
}

static int write_view(
	const struct oplog_file *f, const struct oplog_view *v, struct oplog_numbers given)
{
	struct buffer b = BUFFER_EMPTY;
	int rc = put_numbers(&b, given);

	for (size_t i = 0; i < v->n_rows && rc >= 0; i++)
		rc = put_row(&b, v->rows[i]);
	if (rc >= 0)
		rc = file_write_atomic(f->path, buffer_data(&b), b.len, 0600);
	buffer_clear(&b);
	return rc;
}

bool oplog_file_differs(const struct oplog_file *f, struct handover *h)
{
	const struct oplog_view *v = handover_oplog(h);
	bool differs = v->serial != f->saved;

	oplog_view_unref(v);
	return differs;
}

static uint32_t ahead_of(uint32_t number, uint32_t by)
{
	return number < OPLOG_INDEX_MAX - by ? number + by : OPLOG_INDEX_MAX;
}

/* A disk that takes nothing does not stop the numbers. */
static int save(struct oplog_file *f, struct handover *h, uint32_t ahead)
{
	const struct oplog_view *v = handover_oplog(h);
	struct oplog_numbers given = handover_given(h);
	int rc;

	given.index = ahead_of(given.index, ahead);
	given.transaction = ahead_of(given.transaction, ahead);
	rc = write_view(f, v, given);
	handover_limit(h, rc >= 0 ? given.index : OPLOG_INDEX_MAX);
	if (rc >= 0)
		f->saved = v->serial;
	else if (!f->failed)
		log_err(TOKEN, "cannot write %s: %s; the history will not outlive the agent",
			f->path, strerror(-rc));
	f->failed = rc < 0;
	oplog_view_unref(v);
	return rc;
}

int oplog_file_save(struct oplog_file *f, struct handover *h)
{
	return oplog_file_differs(f, h) ? save(f, h, AHEAD) : 0;
}

int oplog_file_finish(struct oplog_file *f, struct handover *h)
{
	handover_limit(h, 0);
	return save(f, h, 0);
}
