/*
 * See record.h. What is read is checked for its form and for ranges that the type needs; what makes
 * sense together is history.c's to judge.
 */
#include "control/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/number.h"
#include "util/text.h"

/* --- writing ------------------------------------------------------------------------------- */

static int put_numbers(struct buffer *b, const uint64_t *numbers, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++)
		r = buffer_printf(b, "#%llu ", (unsigned long long)numbers[i]);
	return r;
}

/* NULL is written as "". */
static int put_texts(struct buffer *b, const char *const *texts, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		r = buffer_append(b, "=", 1);
		if (r >= 0 && texts[i])
			r = percent_append(b, texts[i]);
		if (r >= 0)
			r = buffer_append(b, " ", 1);
	}
	return r;
}

static int put_line_end(struct buffer *b)
{
	return buffer_append(b, ".\n", 2);
}

int record_put_row(struct buffer *b, const struct operation *o)
{
	const uint64_t numbers[] = {o->index, o->transaction, o->domain_index, o->steps_done,
		o->steps_planned, o->status, o->target, (uint64_t)o->started_at, o->duration_ms};
	const char *const texts[] = {o->domain, o->request, o->before, o->after, o->message};
	int r = put_numbers(b, numbers, ARRAY_SIZE(numbers));

	if (r >= 0)
		r = put_texts(b, texts, ARRAY_SIZE(texts));
	return r < 0 ? r : put_line_end(b);
}

int record_put_given(struct buffer *b, struct oplog_numbers given)
{
	const uint64_t numbers[] = {given.index, given.transaction};
	int r = put_texts(b, (const char *const[]){"given"}, 1);

	if (r >= 0)
		r = put_numbers(b, numbers, ARRAY_SIZE(numbers));
	return r < 0 ? r : put_line_end(b);
}

int record_put_begun(struct buffer *b, const struct begun *p)
{
	const struct set_request *q = &p->request;
	const uint64_t numbers[] = {p->transaction, p->operation, (uint64_t)p->started_at,
		p->existed, p->state, p->vcpus, p->crypto, p->memory_bytes, q->index, q->fields,
		q->admin, q->vcpus, q->memory_mb, q->crypto, q->row};
	const char *const texts[] = {q->domain, q->name, q->template};
	int r = put_texts(b, (const char *const[]){p->undo ? "undo" : "begin"}, 1);

	if (r >= 0)
		r = put_numbers(b, numbers, ARRAY_SIZE(numbers));
	if (r >= 0)
		r = put_texts(b, texts, ARRAY_SIZE(texts));
	return r < 0 ? r : put_line_end(b);
}

/* --- reading ------------------------------------------------------------------------------- */

/* The rest of a line is in *line; NULL: it has no field any more. */
static int get_field(char **line, char sign, char **ret)
{
	char *field = strsep(line, " ");

	if (!field || *field != sign)
		return -EBADMSG;
	*ret = field + 1;
	return 0;
}

static int get_numbers(char **line, uint64_t *ret, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *field;
		int r = get_field(line, '#', &field);

		if (r < 0)
			return r;
		if (parse_u64(field, &ret[i]) < 0)
			return -EBADMSG;
	}
	return 0;
}

/* Decoded in the line. */
static int get_text(char **line, char **ret)
{
	int r = get_field(line, '=', ret);

	return r < 0 ? r : percent_decode(*ret);
}

/* An empty field is no text. */
static int get_copy(char **line, char **ret)
{
	char *text;
	int r = get_text(line, &text);

	return r < 0 || *text == '\0' ? r : text_copy(text, ret);
}

static bool fits_u32(const uint64_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (numbers[i] > UINT32_MAX)
			return false;
	return true;
}

static int read_row(char **line, struct operation *o)
{
	char **const texts[] = {&o->domain, &o->request, &o->before, &o->after, &o->message};
	uint64_t n[9];
	int r = get_numbers(line, n, ARRAY_SIZE(n));

	if (r < 0)
		return r;
	if (!fits_u32(n, 7))
		return -EBADMSG;
	o->index = (uint32_t)n[0];
	o->transaction = (uint32_t)n[1];
	o->domain_index = (uint32_t)n[2];
	o->steps_done = (uint32_t)n[3];
	o->steps_planned = (uint32_t)n[4];
	o->status = n[5] >= OPERATION_NONE && n[5] <= OPERATION_QUEUED ? (enum operation_status)n[5]
								       : OPERATION_UNKNOWN;
	o->target = n[6] < _ADMIN_STATE_MAX ? (enum admin_state)n[6] : ADMIN_NONE;
	o->started_at = (int64_t)n[7];
	o->duration_ms = n[8];
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char *text;

		r = get_text(line, &text);
		if (r >= 0 && (*text != '\0' || texts[i] == &o->domain))
			r = operation_set_text(texts[i], text);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_given(char **line, struct oplog_numbers *given)
{
	uint64_t n[2];
	int r = get_numbers(line, n, ARRAY_SIZE(n));

	if (r < 0)
		return r;
	if (n[0] > OPLOG_INDEX_MAX || n[1] > OPLOG_INDEX_MAX)
		return -EBADMSG;
	*given = (struct oplog_numbers){(uint32_t)n[0], (uint32_t)n[1]};
	return 0;
}

static int read_begun(char **line, struct begun *p)
{
	uint64_t n[15];
	int r = get_numbers(line, n, ARRAY_SIZE(n));

	if (r < 0)
		return r;
	if (!fits_u32(n, 2) || !fits_u32(n + 3, 4) || !fits_u32(n + 8, 7))
		return -EBADMSG;
	p->transaction = (uint32_t)n[0];
	p->operation = (uint32_t)n[1];
	p->started_at = (int64_t)n[2];
	p->existed = n[3] != 0;
	p->state = (enum domain_state)n[4];
	p->vcpus = (uint32_t)n[5];
	p->crypto = (uint32_t)n[6];
	p->memory_bytes = n[7];
	p->request = (struct set_request){
		.index = (uint32_t)n[8],
		.fields = (unsigned)n[9],
		.admin = (enum admin_state)n[10],
		.vcpus = (uint32_t)n[11],
		.memory_mb = (uint32_t)n[12],
		.crypto = (uint32_t)n[13],
		.row = (enum row_request)n[14],
	};
	r = get_copy(line, &p->request.domain);
	if (r >= 0)
		r = get_copy(line, &p->request.name);
	if (r >= 0)
		r = get_copy(line, &p->request.template);
	/* Who asks for a text finds one. */
	if (!p->request.template)
		p->request.fields &= ~(unsigned)FIELD_TEMPLATE_BIT;
	if (!p->request.name)
		p->request.fields &= ~(unsigned)FIELD_NAME_BIT;
	return r;
}

static int read_named(char **line, struct record *ret)
{
	char *name;
	uint64_t transaction;
	int r = get_text(line, &name);

	if (r < 0)
		return r;
	if (strcmp(name, "given") == 0) {
		ret->kind = RECORD_GIVEN;
		return read_given(line, &ret->given);
	}
	if (strcmp(name, "begin") == 0 || strcmp(name, "undo") == 0) {
		ret->kind = RECORD_BEGUN;
		ret->begun.undo = *name == 'u';
		return read_begun(line, &ret->begun);
	}
	if (strcmp(name, "end") != 0)
		return -EBADMSG;
	ret->kind = RECORD_END;
	r = get_numbers(line, &transaction, 1);
	if (r >= 0)
		ret->transaction = (uint32_t)transaction;
	return r;
}

int record_read(char *line, struct record *ret)
{
	struct record record = {.kind = RECORD_EMPTY};
	size_t length = strlen(line);
	int r = 0;

	if (length > 0 && line[length - 1] != '.')
		return -EBADMSG;
	if (*line == '#') {
		record.kind = RECORD_ROW;
		r = operation_new(&record.row);
		if (r >= 0)
			r = read_row(&line, record.row);
	} else if (length > 0) {
		r = read_named(&line, &record);
	}
	if (r < 0) {
		record_clear(&record);
		return r;
	}
	*ret = record;
	return 0;
}

void record_clear(struct record *r)
{
	operation_unref(r->row);
	set_request_clear(&r->begun.request);
	*r = (struct record){.kind = RECORD_EMPTY};
}
