/* See journal.h. */
#include "control/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/record.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/log.h"

#define TOKEN	    "control:journal"
#define JOURNAL_CAP (64u << 20)

struct journal {
	char *path;
	int fd;
	size_t open;		       /* entries begun and not ended, of this run and the last */
	struct journal_entry *entries; /* of the last run */
	size_t n_entries;
	uint32_t *ended; /* to be written at the next commit */
	size_t n_ended;
};

/* --- reading ------------------------------------------------------------------------------- */

static void entry_clear(struct journal_entry *e)
{
	for (size_t i = 0; i < e->n_parts; i++)
		set_request_clear(&e->parts[i].request);
	free(e->parts);
	memset(e, 0, sizeof(*e));
}

static struct journal_entry *find_entry(struct journal *j, uint32_t transaction)
{
	for (size_t i = 0; i < j->n_entries; i++)
		if (j->entries[i].transaction == transaction)
			return &j->entries[i];
	return NULL;
}

static int find_or_add(struct journal *j, uint32_t transaction, struct journal_entry **ret)
{
	struct journal_entry *more;

	*ret = find_entry(j, transaction);
	if (*ret != NULL)
		return 0;
	more = reallocarray(j->entries, j->n_entries + 1, sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	j->entries = more;
	*ret = &more[j->n_entries++];
	**ret = (struct journal_entry){.transaction = transaction};
	return 0;
}

/* An empty field is no text. */
static int get_text(struct record *r, char **ret)
{
	int rc = record_get_text(r, ret);

	if (rc >= 0 && **ret == '\0') {
		free(*ret);
		*ret = NULL;
	}
	return rc;
}

static int get_request(struct record *r, struct set_request *d)
{
	uint64_t n[7];
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(n) && rc >= 0; i++)
		rc = record_get_number(r, &n[i]);
	if (rc < 0)
		return rc;
	*d = (struct set_request){
		.index = (uint32_t)n[0],
		.fields = (unsigned)n[1],
		.admin = (enum admin_state)n[2],
		.vcpus = (uint32_t)n[3],
		.memory_mb = (uint32_t)n[4],
		.crypto = (uint32_t)n[5],
		.row = (enum row_request)n[6],
	};
	rc = get_text(r, &d->domain);
	if (rc >= 0)
		rc = get_text(r, &d->name);
	if (rc >= 0)
		rc = get_text(r, &d->template);
	/* A text that is asked for is there, if only as nothing. */
	if (rc >= 0 && d->template == NULL && (d->fields & FIELD_TEMPLATE_BIT) != 0)
		d->fields &= ~(unsigned)FIELD_TEMPLATE_BIT;
	if (rc >= 0 && d->name == NULL && (d->fields & FIELD_NAME_BIT) != 0)
		d->fields &= ~(unsigned)FIELD_NAME_BIT;
	return rc;
}

static int get_part(struct record *r, uint32_t *ret_transaction, struct journal_part *p)
{
	uint64_t n[3] = {0}, was[5] = {0};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(n) && rc >= 0; i++)
		rc = record_get_number(r, &n[i]);
	for (size_t i = 0; i < ARRAY_SIZE(was) && rc >= 0; i++)
		rc = record_get_number(r, &was[i]);
	if (rc < 0)
		return rc;
	*ret_transaction = (uint32_t)n[0];
	*p = (struct journal_part){
		.operation = (uint32_t)n[1],
		.started_at = (int64_t)n[2],
		.existed = was[0] != 0,
		.state = (enum domain_state)was[1],
		.vcpus = (uint32_t)was[2],
		.crypto = (uint32_t)was[3],
		.memory_bytes = was[4],
	};
	rc = get_request(r, &p->request);
	if (rc < 0)
		set_request_clear(&p->request);
	return rc;
}

/* The undo of an entry that was not closed yet: it is the same one. */
static bool begun_already(struct journal_entry *e, const struct journal_part *part)
{
	for (size_t i = 0; i < e->n_parts; i++) {
		if (e->parts[i].operation != part->operation)
			continue;
		e->parts[i].undo = e->parts[i].undo || part->undo;
		return true;
	}
	return false;
}

static int read_begin(struct journal *j, struct record *r, bool undo)
{
	struct journal_entry *e;
	struct journal_part part, *more;
	uint32_t transaction;
	int rc = get_part(r, &transaction, &part);

	if (rc < 0)
		return rc;
	part.undo = undo;
	rc = find_or_add(j, transaction, &e);
	if (rc < 0 || begun_already(e, &part))
		goto out;
	more = reallocarray(e->parts, e->n_parts + 1, sizeof(*more));
	if (more == NULL) {
		rc = -ENOMEM;
		goto out;
	}
	e->parts = more;
	e->parts[e->n_parts++] = part;
	return 0;
out:
	set_request_clear(&part.request);
	return rc;
}

static int read_end(struct journal *j, struct record *r)
{
	struct journal_entry *e;
	uint64_t transaction;
	int rc = record_get_number(r, &transaction);

	if (rc < 0)
		return rc;
	e = find_entry(j, (uint32_t)transaction);
	if (e == NULL)
		return 0;
	entry_clear(e);
	*e = j->entries[--j->n_entries];
	return 0;
}

static int read_line(struct journal *j, struct record *r)
{
	_cleanup_free_ char *kind = NULL;
	int rc = record_get_text(r, &kind);

	if (rc < 0)
		return rc;
	if (strcmp(kind, "begin") == 0)
		return read_begin(j, r, false);
	if (strcmp(kind, "undo") == 0)
		return read_begin(j, r, true);
	if (strcmp(kind, "end") == 0)
		return read_end(j, r);
	return -EBADMSG;
}

/* What follows the last newline was torn off by the crash; nothing must be written behind it. */
static int drop_torn_line(const struct journal *j, const char *content, size_t len)
{
	size_t whole = len;

	while (whole > 0 && content[whole - 1] != '\n')
		whole--;
	if (whole < len && truncate(j->path, (off_t)whole) < 0)
		return -errno;
	return 0;
}

static int read_all(struct journal *j)
{
	_cleanup_free_ char *content = NULL;
	size_t len = 0;
	bool damaged = false;
	char *rest;
	int rc = file_read(j->path, JOURNAL_CAP, &content, &len);

	if (rc == -ENOENT)
		return 0;
	if (rc == -EINVAL || rc == -EFBIG)
		return record_keep_aside(j->path, TOKEN);
	if (rc < 0)
		return rc;
	rc = drop_torn_line(j, content, len);
	if (rc < 0)
		return rc;
	for (rest = content; strchr(rest, '\n') != NULL;) {
		struct record r = record_begin(strsep(&rest, "\n"));

		rc = read_line(j, &r);
		if (rc == -ENOMEM)
			return rc;
		damaged = damaged || rc < 0;
	}
	return damaged ? record_keep_aside(j->path, TOKEN) : 0;
}

static int open_file(struct journal *j)
{
	j->fd = open(j->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return j->fd < 0 ? -errno : file_sync_folder(j->path);
}

/* Conditions of the disk, which may get better. */
static bool is_disk_trouble(int error)
{
	return error == -EROFS || error == -ENOSPC || error == -EDQUOT || error == -EIO;
}

int journal_open(const char *directory, struct journal **ret)
{
	struct journal *j = calloc(1, sizeof(*j));
	int rc;

	if (j == NULL)
		return -ENOMEM;
	j->fd = -1;
	if (asprintf(&j->path, "%s/journal", directory) < 0) {
		j->path = NULL;
		journal_free(j);
		return -ENOMEM;
	}
	rc = read_all(j);
	if (rc >= 0)
		rc = open_file(j);
	if (is_disk_trouble(rc)) {
		log_err(TOKEN, "cannot write %s: %s; no SET can begin until that is mended",
			j->path, strerror(-rc));
	} else if (rc < 0) {
		log_err(TOKEN, "cannot open %s: %s", j->path, strerror(-rc));
		journal_free(j);
		return rc;
	}
	j->open = j->n_entries;
	*ret = j;
	return 0;
}

void journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	for (size_t i = 0; i < j->n_entries; i++)
		entry_clear(&j->entries[i]);
	free(j->entries);
	free(j->ended);
	free(j->path);
	if (j->fd >= 0)
		close(j->fd);
	free(j);
}

const struct journal_entry *journal_entries(const struct journal *j, size_t *ret_n)
{
	*ret_n = j->n_entries;
	return j->entries;
}

/* --- writing ------------------------------------------------------------------------------- */

static int put_request(struct buffer *b, const struct set_request *d)
{
	const uint64_t n[] = {
		d->index, d->fields, d->admin, d->vcpus, d->memory_mb, d->crypto, d->row};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(n) && rc >= 0; i++)
		rc = record_put_number(b, n[i]);
	if (rc >= 0)
		rc = record_put_text(b, d->domain);
	if (rc >= 0)
		rc = record_put_text(b, d->name);
	return rc < 0 ? rc : record_put_text(b, d->template);
}

static int put_part(struct buffer *b, const char *word, const struct transaction *t, size_t i,
	const struct plan_input *in, int64_t now)
{
	const struct domain *d = in->domain;
	const uint64_t n[] = {t->id, t->parts[i].operation, (uint64_t)now, d != NULL,
		d != NULL ? d->state : 0, d != NULL ? d->num_vcpu : 0,
		d != NULL ? d->num_crypto : 0, d != NULL ? d->mem_bytes : 0};
	int rc = record_put_text(b, word);

	for (size_t k = 0; k < ARRAY_SIZE(n) && rc >= 0; k++)
		rc = record_put_number(b, n[k]);
	if (rc >= 0)
		rc = put_request(b, in->request);
	return rc < 0 ? rc : record_end(b);
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* All of it, or none: half a line of a full disk would end up in front of the next one. */
static int append(struct journal *j, struct buffer *b, bool sync)
{
	int rc = j->fd < 0 ? open_file(j) : 0;
	off_t old = j->fd < 0 ? -1 : lseek(j->fd, 0, SEEK_END);

	if (rc >= 0)
		rc = old < 0 ? -errno : write_all(j->fd, buffer_data(b), b->len);
	if (rc >= 0 && sync && fdatasync(j->fd) < 0)
		rc = -errno;
	if (rc < 0 && old >= 0 && ftruncate(j->fd, old) < 0)
		log_err(TOKEN, "cannot shorten %s: %s", j->path, strerror(errno));
	if (rc < 0)
		log_err(TOKEN, "cannot write %s: %s", j->path, strerror(-rc));
	return rc;
}

static int begin(struct journal *j, const char *word, const struct transaction *t,
	const struct plan_input *in)
{
	struct buffer b = BUFFER_EMPTY;
	int64_t now = clock_wall_ms();
	int rc = 0;

	for (size_t i = 0; i < t->n_parts && rc >= 0; i++)
		rc = put_part(&b, word, t, i, &in[i], now);
	if (rc >= 0)
		rc = append(j, &b, true);
	if (rc >= 0)
		j->open++;
	buffer_clear(&b);
	return rc;
}

int journal_begin(struct journal *j, const struct transaction *t, const struct plan_input *in)
{
	return begin(j, "begin", t, in);
}

/* An end that was not written yet is taken back: it is open again. */
int journal_undo(struct journal *j, const struct transaction *t, const struct plan_input *in)
{
	int rc = begin(j, "undo", t, in);

	for (size_t i = 0; i < j->n_ended && rc >= 0; i++) {
		if (j->ended[i] != t->id)
			continue;
		j->ended[i] = j->ended[--j->n_ended];
		j->open--;
		break;
	}
	return rc;
}

void journal_end(struct journal *j, uint32_t transaction)
{
	uint32_t *more = reallocarray(j->ended, j->n_ended + 1, sizeof(*more));

	/* Without memory it stays open, and is settled by reading at the next start. */
	if (more == NULL)
		return;
	j->ended = more;
	j->ended[j->n_ended++] = transaction;
}

static int append_ends(struct journal *j)
{
	struct buffer b = BUFFER_EMPTY;
	int rc = 0;

	for (size_t i = 0; i < j->n_ended && rc >= 0; i++) {
		rc = record_put_text(&b, "end");
		if (rc >= 0)
			rc = record_put_number(&b, j->ended[i]);
		if (rc >= 0)
			rc = record_end(&b);
	}
	if (rc >= 0)
		rc = append(j, &b, false);
	buffer_clear(&b);
	return rc;
}

void journal_commit(struct journal *j)
{
	if (j->n_ended == 0)
		return;
	if (j->n_ended < j->open || ftruncate(j->fd, 0) < 0)
		if (append_ends(j) < 0)
			return; /* tried again at the next commit */
	j->open -= j->n_ended < j->open ? j->n_ended : j->open;
	j->n_ended = 0;
}

/* --- settling ------------------------------------------------------------------------------ */

static bool as_before(const struct journal_part *p, const struct domain *d)
{
	if (d == NULL || !p->existed)
		return d == NULL && !p->existed;
	return p->state == d->state && p->vcpus == d->num_vcpu && p->crypto == d->num_crypto &&
	       p->memory_bytes == d->mem_bytes;
}

/* ldmd has what was asked for, or would need steps, or cannot get there from where it is. */
static int steps_left(const struct journal_part *p, const struct domain *d, size_t *ret_n)
{
	struct set_request wanted = p->request;
	struct plan_input in = {&wanted, d};
	struct plan plan;
	size_t part;
	unsigned field;
	const char *reason;
	int rc;

	if (d != NULL && wanted.row != ROW_REQUEST_DESTROY)
		wanted.fields &= ~(unsigned)(FIELD_ROW_BIT | FIELD_NAME_BIT | FIELD_TEMPLATE_BIT);
	rc = plan_make(&in, 1, &plan, &part, &field, &reason);
	if (rc >= 0) {
		*ret_n = plan.n;
		plan_clear(&plan);
	}
	return rc;
}

enum operation_status journal_settle(const struct journal_part *p, const struct domain *d)
{
	bool restart =
		(p->request.fields & FIELD_ADMIN_BIT) != 0 && p->request.admin == ADMIN_RESTART;
	size_t left = 0;
	int rc;

	if (d != NULL && (domain_in_transition(d) || d->memory_dr))
		return OPERATION_RUNNING;
	if (p->undo)
		return as_before(p, d) ? OPERATION_ROLLED_BACK : OPERATION_ROLLBACK_FAILED;
	/* Whether it was restarted does not show. */
	if (restart && d != NULL && d->state == DOMAIN_ACTIVE)
		return OPERATION_UNKNOWN;
	rc = steps_left(p, d, &left);
	if (rc >= 0 && left == 0)
		return OPERATION_SUCCEEDED;
	if (as_before(p, d))
		return OPERATION_FAILED;
	return d != NULL ? OPERATION_PARTIAL : OPERATION_UNKNOWN;
}

enum operation_status journal_settle_by_next(
	const struct journal_part *p, const struct journal_part *next)
{
	const struct domain left = {
		.index = next->request.index,
		.state = next->state,
		.num_vcpu = next->vcpus,
		.num_crypto = next->crypto,
		.mem_bytes = next->memory_bytes,
		.row_status = ROW_ACTIVE,
	};
	enum operation_status status = journal_settle(p, next->existed ? &left : NULL);

	/* One that is pre-empted leaves the domain on its way. */
	return status != OPERATION_RUNNING ? status : OPERATION_UNKNOWN;
}
