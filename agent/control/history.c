/* See history.h. */
#include "control/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "util/array.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/log.h"
#include "util/number.h"
#include "util/text.h"

#define TOKEN	 "control:history"
#define READ_CAP (64u << 20)
#define RESERVED 2048 /* numbers at a time; more than the domains of any one PDU */
/* A file that has grown to twice its first size plus this is written anew. */
#define GROWTH	   (32u << 10)
#define RUNNING_MS 200	/* how long after its change a row that runs is written */
#define SYNC_MS	   1000 /* how long a line without a sync waits for one */
#define RETRY_MS   5000 /* after an error of the disk */

enum file_state {
	FILE_STALE,    /* must be written anew before anything can be appended */
	FILE_OPEN,     /* lines can be appended */
	FILE_FINISHED, /* after history_finish(): nothing is written any more */
};

/* The beginnings of a transaction that has not ended, which go into each new file. */
struct open_lines {
	LIST_ENTRY(open_lines) link;
	uint32_t transaction;
	char *text;
};

struct history {
	char *path, *old_rows, *old_journal; /* `history`; two files of earlier versions */
	struct handover *handover;
	enum file_state state;
	int fd;
	size_t size, fresh_size; /* of the file: now, and when it was last written anew */
	size_t anew_at;		 /* the size at which the file is written anew */
	LIST_HEAD(open_list, open_lines) open;
	struct begun *left_open; /* of the last run */
	size_t n_left_open;
	uint32_t reserved; /* the last index that may be given, on disk */
	/* Serials of views: up to which the ended and the running rows are in the file; the last
	 * view that history_turn() saw. */
	uint64_t ended_serial, running_serial, seen_serial;
	uint64_t running_at_ms, sync_at_ms; /* when each is due; CLOCK_NEVER: nothing waits */
	uint64_t retry_at_ms; /* 0: the disk works; else when to try again (error is logged) */
};

static void set_state(struct history *y, enum file_state state)
{
	if (y->fd >= 0 && state != FILE_OPEN) {
		close(y->fd);
		y->fd = -1;
	}
	y->state = state;
}

/* --- lines --------------------------------------------------------------------------------- */

/*
 * The lines of the file:
 *
 *	#INDEX #TRANSACTION …		an operation row as it is now
 *	=given #INDEX #TRANSACTION	numbers up to these may have been given
 *	=begin #TRANSACTION #INDEX …	commands for this domain may be sent from now on
 *	=undo #TRANSACTION #INDEX …	the same, to take back what was done
 *	=end #TRANSACTION		it ended (only in `journal`, a file of earlier versions)
 *
 * A field is a sign, # for a number or = for a percent-encoded text, then the value and a blank. A
 * line ends with a full stop, by which a line is recognised that was not written to its end.
 */

/* A field of a line: the member of the struct that has the value. */
struct line_field {
	size_t offset;
	size_t size; /* of a number; 0: the member is a char * */
};
#define NUMBER(type, member)                                                                       \
	{                                                                                          \
		offsetof(type, member), sizeof(((type *)NULL)->member)                             \
	}
#define TEXT(type, member)                                                                         \
	{                                                                                          \
		offsetof(type, member), 0                                                          \
	}

/* The fields of each kind of line, in their order. */
static const struct line_field row_fields[] = {
	NUMBER(struct operation, index),
	NUMBER(struct operation, transaction),
	NUMBER(struct operation, domain_index),
	NUMBER(struct operation, steps_done),
	NUMBER(struct operation, steps_planned),
	NUMBER(struct operation, status),
	NUMBER(struct operation, target),
	NUMBER(struct operation, started_at),
	NUMBER(struct operation, duration_ms),
	TEXT(struct operation, domain),
	TEXT(struct operation, request),
	TEXT(struct operation, before),
	TEXT(struct operation, after),
	TEXT(struct operation, message),
};

static const struct line_field given_fields[] = {
	NUMBER(struct oplog_numbers, index),
	NUMBER(struct oplog_numbers, transaction),
};

static const struct line_field begun_fields[] = {
	NUMBER(struct begun, transaction),
	NUMBER(struct begun, operation),
	NUMBER(struct begun, started_at),
	NUMBER(struct begun, existed),
	NUMBER(struct begun, state),
	NUMBER(struct begun, vcpus),
	NUMBER(struct begun, crypto),
	NUMBER(struct begun, memory_bytes),
	NUMBER(struct begun, request.index),
	NUMBER(struct begun, request.fields),
	NUMBER(struct begun, request.admin),
	NUMBER(struct begun, request.vcpus),
	NUMBER(struct begun, request.memory_mb),
	NUMBER(struct begun, request.crypto),
	NUMBER(struct begun, request.row),
	TEXT(struct begun, request.domain),
	TEXT(struct begun, request.name),
	TEXT(struct begun, request.template),
};

static const struct line_field end_fields[] = {{0, sizeof(uint32_t)}};

static uint64_t number_at(const void *at, size_t size)
{
	if (size == sizeof(bool))
		return *(const bool *)at;
	return size == sizeof(uint64_t) ? *(const uint64_t *)at : *(const uint32_t *)at;
}

static int set_number(void *at, size_t size, uint64_t number)
{
	if (size == sizeof(uint32_t) && number > UINT32_MAX)
		return -EBADMSG;
	if (size == sizeof(bool))
		*(bool *)at = number != 0;
	else if (size == sizeof(uint64_t))
		*(uint64_t *)at = number;
	else
		*(uint32_t *)at = (uint32_t)number;
	return 0;
}

/* NULL is written as "". */
static int put_text(struct buffer *b, const char *text)
{
	int r = buffer_append(b, "=", 1);

	if (r >= 0 && text)
		r = percent_append(b, text);
	return r < 0 ? r : buffer_append(b, " ", 1);
}

/* All fields, and the end of the line. */
static int put_fields(
	struct buffer *b, const struct line_field *fields, size_t n, const void *record)
{
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		const void *at = (const char *)record + fields[i].offset;

		if (fields[i].size == 0)
			r = put_text(b, *(char *const *)at);
		else
			r = buffer_printf(
				b, "#%llu ", (unsigned long long)number_at(at, fields[i].size));
	}
	return r < 0 ? r : buffer_append(b, ".\n", 2);
}

static int put_row(struct buffer *b, const struct operation *o)
{
	return put_fields(b, row_fields, ARRAY_SIZE(row_fields), o);
}

static int put_given(struct buffer *b, const struct oplog_numbers *given)
{
	int r = put_text(b, "given");

	return r < 0 ? r : put_fields(b, given_fields, ARRAY_SIZE(given_fields), given);
}

static int put_begun(struct buffer *b, const struct begun *p)
{
	int r = put_text(b, p->undo ? "undo" : "begin");

	return r < 0 ? r : put_fields(b, begun_fields, ARRAY_SIZE(begun_fields), p);
}

/* Takes the first field off *line, which becomes NULL after the last one. */
static int get_field(char **line, char sign, char **ret)
{
	char *field = strsep(line, " ");

	if (!field || *field != sign)
		return -EBADMSG;
	*ret = field + 1;
	return 0;
}

/* The text is decoded in place. */
static int get_text(char **line, char **ret)
{
	int r = get_field(line, '=', ret);

	return r < 0 ? r : percent_decode(*ret);
}

static int get_fields(char **line, const struct line_field *fields, size_t n, void *record)
{
	for (size_t i = 0; i < n; i++) {
		bool is_text = fields[i].size == 0;
		void *at = (char *)record + fields[i].offset;
		uint64_t number;
		char *field;
		int r = is_text ? get_text(line, &field) : get_field(line, '#', &field);

		/* An empty field stands for NULL. */
		if (r >= 0 && is_text && *field != '\0')
			r = text_copy(field, at);
		if (r >= 0 && !is_text)
			r = parse_u64(field, &number) < 0 ? -EBADMSG
							  : set_number(at, fields[i].size, number);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- reading ------------------------------------------------------------------------------- */

/* A line about an operation: its row, as it was then, or a beginning. */
struct read_line {
	uint32_t operation;    /* its index */
	uint64_t age;	       /* of the operation, from its index: less is older */
	size_t at;	       /* position among the lines */
	struct operation *row; /* NULL: the line is a beginning */
	struct begun begun;
	bool ended; /* an `end` line came after this beginning */
};

struct reading {
	struct read_line *lines;
	size_t n;
	struct oplog_numbers given;
	bool damaged;
	bool separate; /* rows and beginnings are from the two files of earlier versions */
};

static void read_line_clear(struct read_line *line)
{
	operation_unref(line->row);
	set_request_clear(&line->begun.request);
}

static void reading_clear(struct reading *in)
{
	for (size_t i = 0; i < in->n; i++)
		read_line_clear(&in->lines[i]);
	free(in->lines);
}

/* Takes over what the line owns, also after an error. */
static int add_line(struct reading *in, struct read_line take)
{
	struct read_line *line = array_append(&in->lines, &in->n, sizeof(*line));

	if (!line) {
		read_line_clear(&take);
		return -ENOMEM;
	}
	*line = take;
	line->operation = take.row ? take.row->index : take.begun.operation;
	line->at = in->n - 1;
	return 0;
}

static int read_row(struct reading *in, char **rest)
{
	struct operation *o;
	int r = operation_new(&o);

	if (r < 0)
		return r;
	char **const texts[] = {&o->domain, &o->request, &o->before, &o->after, &o->message};
	r = get_fields(rest, row_fields, ARRAY_SIZE(row_fields), o);
	if (o->status < OPERATION_NONE || o->status > OPERATION_QUEUED)
		o->status = OPERATION_UNKNOWN;
	if (o->target >= _ADMIN_STATE_MAX)
		o->target = ADMIN_NONE;
	if (r >= 0 && !o->domain)
		r = text_copy("", &o->domain);
	for (size_t i = 0; i < ARRAY_SIZE(texts) && r >= 0; i++)
		r = operation_set_text(texts[i], *texts[i]);
	if (r >= 0)
		return add_line(in, (struct read_line){.row = o});
	operation_unref(o);
	return r;
}

static int read_begun(struct reading *in, char **rest, bool undo)
{
	struct begun p = {.undo = undo};
	int r = get_fields(rest, begun_fields, ARRAY_SIZE(begun_fields), &p);

	if (r < 0) {
		set_request_clear(&p.request);
		return r;
	}
	if ((p.request.fields & FIELD_ADMIN_BIT) == 0)
		p.request.admin = ADMIN_NONE;
	if ((p.request.fields & FIELD_ROW_BIT) == 0)
		p.request.row = ROW_REQUEST_NONE;
	/* A request whose bit is set must have the text. */
	if (!p.request.template)
		p.request.fields &= ~(unsigned)FIELD_TEMPLATE_BIT;
	if (!p.request.name)
		p.request.fields &= ~(unsigned)(FIELD_NAME_BIT | FIELD_SAVE_BIT);
	return add_line(in, (struct read_line){.begun = p});
}

static int read_given(struct reading *in, char **rest)
{
	struct oplog_numbers given = {0};
	int r = get_fields(rest, given_fields, ARRAY_SIZE(given_fields), &given);

	if (r < 0)
		return r;
	if (given.index > OPLOG_INDEX_MAX || given.transaction > OPLOG_INDEX_MAX)
		return -EBADMSG;
	in->given = given;
	return 0;
}

/* The transaction ended: its beginnings are no longer open. */
static int read_end(struct reading *in, char **rest)
{
	uint32_t transaction = 0;
	int r = get_fields(rest, end_fields, ARRAY_SIZE(end_fields), &transaction);

	for (size_t i = 0; i < in->n && r >= 0; i++)
		if (!in->lines[i].row && in->lines[i].begun.transaction == transaction)
			in->lines[i].ended = true;
	return r;
}

/* line: without its line end; it is changed while it is read. -EBADMSG, -ENOMEM. */
static int read_line(struct reading *in, char *line)
{
	size_t length = strlen(line);
	char *name;

	if (length == 0)
		return 0;
	if (line[length - 1] != '.')
		return -EBADMSG;
	if (*line == '#')
		return read_row(in, &line);
	int r = get_text(&line, &name);
	if (r < 0)
		return r;
	if (strcmp(name, "given") == 0)
		return read_given(in, &line);
	if (strcmp(name, "begin") == 0 || strcmp(name, "undo") == 0)
		return read_begun(in, &line, *name == 'u');
	return strcmp(name, "end") == 0 ? read_end(in, &line) : -EBADMSG;
}

/* Without what follows the last line end, which is a line that a crash cut off. */
static size_t length_of_lines(const char *content, size_t length)
{
	while (length > 0 && content[length - 1] != '\n')
		length--;
	return length;
}

static int read_lines(struct reading *in, char *content, size_t length)
{
	char *rest = content, *line;

	length = length_of_lines(content, length);
	content[length] = '\0';
	in->damaged = strlen(content) < length;
	while ((line = strsep(&rest, "\n"))) {
		int r = read_line(in, line);

		if (r == -ENOMEM)
			return r;
		in->damaged = in->damaged || r < 0;
	}
	return 0;
}

static void keep_aside(const char *path)
{
	_cleanup_free_ char *aside = NULL;
	int r = text_printf(&aside, "%s.damaged", path);

	if (r >= 0)
		r = rename(path, aside) < 0 ? -errno : file_sync_folder(path);
	if (r < 0)
		log_err(TOKEN, "%s is damaged and cannot be kept aside: %s", path, strerror(-r));
	else
		log_err(TOKEN, "%s is damaged; what could be read is used, the file is kept as %s",
			path, aside);
}

/* -ENOENT: there is no such file. A file that is damaged or cannot be read is kept aside. */
static int read_file(struct reading *in, const char *path)
{
	_cleanup_free_ char *content = NULL;
	size_t length = 0;
	int r = file_read(path, READ_CAP, &content, &length);

	in->damaged = r == -EINVAL || r == -EFBIG || r == -EIO;
	if (r < 0 && !in->damaged)
		return r;
	r = in->damaged ? 0 : read_lines(in, content, length);
	if (r >= 0 && in->damaged)
		keep_aside(path);
	return r;
}

static int read_earlier_version(struct history *y, struct reading *in)
{
	int r = read_file(in, y->old_rows);

	file_remove_left_overs(y->old_rows);
	in->separate = true;
	if (r == 0 || r == -ENOENT)
		r = read_file(in, y->old_journal);
	return r == -ENOENT ? 0 : r;
}

/* --- from lines to rows and open transactions ----------------------------------------------- */

static int by_age(const void *a, const void *b)
{
	const struct read_line *x = a, *y = b;

	return x->age != y->age ? compare_u64(x->age, y->age) : compare_u64(x->at, y->at);
}

/* An operation, as all its lines together tell it. */
struct read_operation {
	struct operation *row; /* the last one, a reference; NULL: none */
	struct begun *begun;   /* NULL: the operation is not open */
};

/* Reads the lines of one operation, from i on. Returns the first line of the next one. */
static size_t merge_lines(const struct reading *in, size_t i, struct read_operation *ret)
{
	struct read_operation o = {0};
	uint32_t operation = in->lines[i].operation;

	for (; i < in->n && in->lines[i].operation == operation; i++) {
		struct read_line *line = &in->lines[i];

		if (line->row) {
			operation_unref(o.row);
			o.row = steal_ptr(line->row);
			if (!operation_running(o.row) && !in->separate)
				o.begun = NULL;
		} else if (!line->ended && o.begun) {
			o.begun->undo = o.begun->undo || line->begun.undo;
		} else if (!line->ended) {
			o.begun = &line->begun;
		}
	}
	/* Earlier versions saved the rows before the journal: an ended row is true even if the
	 * journal has no `end` line yet. */
	if (in->separate && o.begun && o.row && !operation_running(o.row) && !o.begun->undo)
		o.begun = NULL;
	*ret = o;
	return i;
}

/* For a beginning whose operation has no row in the file, because none was due before the crash. */
static int row_of_begun(const struct begun *p, struct operation **ret)
{
	int r = set_request_operation(&p->request, ret);

	if (r < 0)
		return r;
	(*ret)->index = p->operation;
	(*ret)->transaction = p->transaction;
	(*ret)->started_at = p->started_at;
	return 0;
}

static void open_lines_free(struct open_lines *e)
{
	if (!e)
		return;
	free(e->text);
	free(e);
}

/* Takes the text out of the buffer. */
static int open_lines_new(uint32_t transaction, struct buffer *take, struct open_lines **ret)
{
	struct open_lines *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->transaction = transaction;
	e->text = buffer_steal(take);
	if (!e->text) {
		open_lines_free(e);
		return -ENOMEM;
	}
	*ret = e;
	return 0;
}

/* Adds to what the last run left open; on success the beginning is taken over. */
static int leave_open(struct history *y, struct begun *take)
{
	struct begun *more = reallocarray(y->left_open, y->n_left_open + 1, sizeof(*more));
	struct buffer b = BUFFER_EMPTY;
	struct open_lines *e;

	if (!more)
		return -ENOMEM;
	y->left_open = more;
	int r = put_begun(&b, take);
	if (r >= 0)
		r = open_lines_new(take->transaction, &b, &e);
	buffer_clear(&b);
	if (r < 0)
		return r;
	LIST_INSERT_HEAD(&y->open, e, link);
	more[y->n_left_open++] = *take;
	*take = (struct begun){0};
	return 0;
}

static int restore_operation(struct history *y, struct read_operation *o)
{
	int r = !o->row && o->begun ? row_of_begun(o->begun, &o->row) : 0;

	if (r < 0 || !o->row)
		return r;
	if (o->begun)
		o->row->status = OPERATION_RUNNING;
	else if (operation_running(o->row))
		o->row->status = OPERATION_UNKNOWN;
	r = handover_restore_operation(y->handover, o->row);
	return r >= 0 && o->begun ? leave_open(y, o->begun) : r;
}

/* An operation that the log does not take is left out, and the file counts as damaged. */
static int restore_all(struct history *y, struct reading *in)
{
	uint32_t newest = in->given.index;

	for (size_t i = 0; i < in->n; i++)
		in->lines[i].age = oplog_numbers_between(
			oplog_number_after(newest, 1), in->lines[i].operation);
	if (in->n > 1)
		qsort(in->lines, in->n, sizeof(*in->lines), by_age);
	for (size_t i = 0; i < in->n;) {
		struct read_operation o;

		i = merge_lines(in, i, &o);
		int r = restore_operation(y, &o);
		if (r == -ENOMEM)
			return r;
		in->damaged = in->damaged || r < 0;
	}
	handover_skip(y->handover, in->given);
	return 0;
}

static int load(struct history *y)
{
	struct reading in = {0};
	int r = read_file(&in, y->path);

	if (r == -ENOENT)
		r = read_earlier_version(y, &in);
	bool kept_aside = in.damaged;
	if (r >= 0)
		r = restore_all(y, &in);
	if (r >= 0 && in.damaged && !kept_aside)
		keep_aside(in.separate ? y->old_rows : y->path);
	reading_clear(&in);
	return r;
}

/* --- writing ------------------------------------------------------------------------------- */

/* The rows of a view that changed since a serial: those that run, or those that have ended. */
static int put_rows(struct buffer *b, const struct oplog_view *v, uint64_t since, bool running)
{
	int r = 0;

	for (size_t i = 0; i < v->n_rows && r >= 0; i++)
		if (v->rows[i]->serial > since && operation_running(v->rows[i]) == running)
			r = put_row(b, v->rows[i]);
	return r;
}

static bool any_row(const struct oplog_view *v, uint64_t since, bool running)
{
	for (size_t i = 0; i < v->n_rows; i++)
		if (v->rows[i]->serial > since && operation_running(v->rows[i]) == running)
			return true;
	return false;
}

static struct oplog_numbers numbers_to_reserve(const struct history *y)
{
	struct oplog_numbers given = handover_given(y->handover);

	return (struct oplog_numbers){oplog_number_after(given.index, RESERVED),
		oplog_number_after(given.transaction, RESERVED)};
}

static bool reserve_is_low(const struct history *y)
{
	return oplog_numbers_between(handover_given(y->handover).index, y->reserved) < RESERVED / 2;
}

/* Called when the reserved numbers are on disk. */
static void use_reserve(struct history *y, struct oplog_numbers given)
{
	y->reserved = given.index;
	handover_limit(y->handover, given.index);
}

/*
 * An error is logged once, until a write succeeds. Until then no limit holds, so that SETs get
 * numbers: those without a command are done, the others fail with a reason. The next write reserves
 * numbers again.
 */
static void note_failure(struct history *y, int r, uint64_t now_ms)
{
	if (y->retry_at_ms == 0)
		log_err(TOKEN,
			"cannot write %s: %s; until it can be written, no SET sends commands",
			y->path, strerror(-r));
	y->retry_at_ms = clock_after(now_ms, RETRY_MS);
	y->reserved = handover_given(y->handover).index;
	handover_limit(y->handover, 0);
}

static int put_everything(const struct history *y, struct buffer *b, const struct oplog_view *v,
	struct oplog_numbers given)
{
	const struct open_lines *e;
	int r = put_given(b, &given);

	/* The rows come last, because a row that ended closes the beginnings before it. */
	LIST_FOREACH (e, &y->open, link)
		if (r >= 0)
			r = buffer_append_text(b, e->text);
	for (size_t i = 0; i < v->n_rows && r >= 0; i++)
		r = put_row(b, oplog_view_by_age(v, i));
	return r;
}

static int open_to_append(struct history *y)
{
	set_state(y, FILE_STALE);
	y->fd = open(y->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (y->fd < 0)
		return -errno;
	set_state(y, FILE_OPEN);
	return 0;
}

/* Writes a new file with only the lines that still count. After an error the old file stays. */
static int write_anew(struct history *y, struct oplog_numbers given)
{
	const struct oplog_view *v = handover_oplog(y->handover);
	struct buffer b = BUFFER_EMPTY;
	int r = put_everything(y, &b, v, given);

	y->anew_at = y->size + GROWTH;
	if (r >= 0)
		r = file_write_atomic(y->path, buffer_data(&b), b.len, 0600);
	if (r >= 0)
		r = open_to_append(y);
	if (r >= 0) {
		(void)unlink(y->old_rows);
		(void)unlink(y->old_journal);
		y->size = y->fresh_size = b.len;
		y->anew_at = 2 * b.len + GROWTH;
		y->ended_serial = y->running_serial = v->serial;
		y->running_at_ms = y->sync_at_ms = CLOCK_NEVER;
		use_reserve(y, given);
	}
	buffer_clear(&b);
	oplog_view_unref(v);
	return r;
}

/* Appends all or nothing: what is left of a line would spoil the next one. */
static int append_to_file(struct history *y, const struct buffer *b, bool sync)
{
	int r = file_write_all(y->fd, buffer_data(b), b->len);

	if (r < 0 && ftruncate(y->fd, (off_t)y->size) < 0)
		set_state(y, FILE_STALE);
	if (r < 0)
		return r;
	if (sync && fdatasync(y->fd) < 0) {
		r = -errno;
		/* After an error, another fdatasync() could succeed without the data on disk. */
		set_state(y, FILE_STALE);
		return r;
	}
	y->size += b->len;
	return 0;
}

/* On a full disk, a new file without the lines that no longer count may be small enough. */
static int append_or_make_room(struct history *y, const struct buffer *b)
{
	int r = y->state == FILE_STALE ? write_anew(y, numbers_to_reserve(y)) : 0;

	if (r >= 0)
		r = append_to_file(y, b, true);
	if (r < 0 && y->size > y->fresh_size) {
		r = write_anew(y, numbers_to_reserve(y));
		if (r >= 0)
			r = append_to_file(y, b, true);
	}
	return r;
}

/* --- a transaction begins ------------------------------------------------------------------- */

static int put_parts(
	struct buffer *b, const struct transaction *t, const struct plan_input *in, bool undo)
{
	int64_t now = clock_wall_ms();
	int r = 0;

	for (size_t i = 0; i < t->n_parts && r >= 0; i++) {
		const struct domain *d = in[i].domain;
		struct begun p = {
			.transaction = t->id,
			.operation = t->parts[i].operation,
			.started_at = now,
			.undo = undo,
			.request = *in[i].request,
		};

		if (d) {
			p.existed = true;
			p.state = d->state;
			p.vcpus = d->num_vcpu;
			p.crypto = d->num_crypto;
			p.memory_bytes = d->mem_bytes;
		}
		r = put_begun(b, &p);
	}
	return r;
}

/*
 * Appends the rows that have ended and, if the reserve is low, new numbers. Then either a
 * beginning, with a sync, or (NULL) the rows that run, if they are due.
 */
static int append_lines(
	struct history *y, const struct oplog_view *v, const char *beginning, uint64_t now_ms)
{
	struct oplog_numbers given = numbers_to_reserve(y);
	bool running = !beginning && now_ms >= y->running_at_ms, reserve = reserve_is_low(y);
	bool sync = beginning || reserve || now_ms >= y->sync_at_ms;
	struct buffer b = BUFFER_EMPTY;
	int r = put_rows(&b, v, y->ended_serial, false);

	if (r >= 0 && running)
		r = put_rows(&b, v, y->running_serial, true);
	if (r >= 0 && reserve)
		r = put_given(&b, &given);
	if (r >= 0 && beginning)
		r = buffer_append_text(&b, beginning);
	if (r >= 0 && beginning)
		r = append_or_make_room(y, &b);
	else if (r >= 0 && (b.len > 0 || sync))
		r = append_to_file(y, &b, sync);
	if (r >= 0) {
		y->ended_serial = v->serial;
		if (running) {
			y->running_serial = v->serial;
			y->running_at_ms = CLOCK_NEVER;
		}
		if (sync)
			y->sync_at_ms = CLOCK_NEVER;
		else if (b.len > 0 && y->sync_at_ms == CLOCK_NEVER)
			y->sync_at_ms = clock_after(now_ms, SYNC_MS);
		if (reserve)
			use_reserve(y, given);
	}
	buffer_clear(&b);
	return r;
}

int history_begin(
	struct history *y, const struct transaction *t, const struct plan_input *in, bool undo)
{
	const struct oplog_view *v = handover_oplog(y->handover);
	struct buffer lines = BUFFER_EMPTY;
	struct open_lines *e = NULL;
	int r = y->state != FILE_FINISHED ? put_parts(&lines, t, in, undo) : -ESHUTDOWN;

	if (r >= 0)
		r = open_lines_new(t->id, &lines, &e);
	if (r >= 0)
		r = append_lines(y, v, e->text, clock_ms());
	if (r >= 0) {
		LIST_INSERT_HEAD(&y->open, e, link);
		y->retry_at_ms = 0;
	} else {
		note_failure(y, r, clock_ms());
		open_lines_free(e);
	}
	buffer_clear(&lines);
	oplog_view_unref(v);
	return r;
}

/* --- time ---------------------------------------------------------------------------------- */

static bool any_runs(const struct oplog_view *v, uint32_t transaction)
{
	for (size_t i = 0; i < v->n_rows; i++)
		if (v->rows[i]->transaction == transaction && operation_running(v->rows[i]))
			return true;
	return false;
}

static void forget_what_ended(struct history *y, const struct oplog_view *v)
{
	struct open_lines *e = LIST_FIRST(&y->open), *next;

	for (; e; e = next) {
		next = LIST_NEXT(e, link);
		if (any_runs(v, e->transaction))
			continue;
		LIST_REMOVE(e, link);
		open_lines_free(e);
	}
}

void history_turn(struct history *y, uint64_t now_ms)
{
	if (y->state == FILE_FINISHED || now_ms < y->retry_at_ms)
		return;
	const struct oplog_view *v = handover_oplog(y->handover);
	bool changed = v->serial != y->seen_serial;
	int r = 0;

	if (changed)
		forget_what_ended(y, v);
	if (y->state == FILE_STALE)
		r = write_anew(y, numbers_to_reserve(y));
	else if (changed || now_ms >= y->running_at_ms || now_ms >= y->sync_at_ms)
		r = append_lines(y, v, NULL, now_ms);
	if (r >= 0) {
		y->seen_serial = v->serial;
		y->retry_at_ms = 0;
		if (y->running_at_ms == CLOCK_NEVER && any_row(v, y->running_serial, true))
			y->running_at_ms = clock_after(now_ms, RUNNING_MS);
	} else {
		note_failure(y, r, now_ms);
	}
	/* If this fails, lines are still appended, and a new file is tried again after GROWTH. */
	if (r >= 0 && y->size >= y->anew_at)
		(void)write_anew(y, numbers_to_reserve(y));
	oplog_view_unref(v);
}

uint64_t history_next(const struct history *y)
{
	if (y->retry_at_ms != 0)
		return y->retry_at_ms;
	return y->running_at_ms < y->sync_at_ms ? y->running_at_ms : y->sync_at_ms;
}

/* --- life ---------------------------------------------------------------------------------- */

int history_open(const char *directory, struct handover *h, struct history **ret)
{
	struct history *y = calloc(1, sizeof(*y));

	if (!y)
		return -ENOMEM;
	y->handover = h;
	y->fd = -1;
	y->running_at_ms = y->sync_at_ms = CLOCK_NEVER;
	LIST_INIT(&y->open);
	int r = text_printf(&y->path, "%s/history", directory);
	if (r >= 0)
		r = text_printf(&y->old_rows, "%s/operations", directory);
	if (r >= 0)
		r = text_printf(&y->old_journal, "%s/journal", directory);
	if (r >= 0) {
		file_remove_left_overs(y->path);
		r = load(y);
	}
	if (r >= 0)
		r = write_anew(y, numbers_to_reserve(y));
	if (file_error_is_disk(r)) {
		note_failure(y, r, clock_ms());
	} else if (r < 0) {
		if (y->old_journal)
			log_err(TOKEN, "cannot open %s: %s", y->path, strerror(-r));
		history_free(y);
		return r;
	}
	*ret = y;
	return 0;
}

void history_free(struct history *y)
{
	struct open_lines *e;

	if (!y)
		return;
	while ((e = LIST_FIRST(&y->open))) {
		LIST_REMOVE(e, link);
		open_lines_free(e);
	}
	for (size_t i = 0; i < y->n_left_open; i++)
		set_request_clear(&y->left_open[i].request);
	free(y->left_open);
	if (y->fd >= 0)
		close(y->fd);
	free(y->path);
	free(y->old_rows);
	free(y->old_journal);
	free(y);
}

const struct begun *history_left_open(const struct history *y, size_t *ret_n)
{
	*ret_n = y->n_left_open;
	return y->left_open;
}

int history_finish(struct history *y)
{
	if (y->state == FILE_FINISHED)
		return 0;
	struct oplog_numbers given = handover_seal(y->handover);
	const struct oplog_view *v = handover_oplog(y->handover);

	forget_what_ended(y, v);
	oplog_view_unref(v);
	int r = write_anew(y, given);
	if (r < 0)
		note_failure(y, r, clock_ms());
	set_state(y, FILE_FINISHED);
	return r;
}
