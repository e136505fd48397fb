/*
 * The operation rows in memory; oplog-file.c keeps them over a restart.
 *
 * A change makes a new view (256 pointers) and leaves the old one to whoever still reads it.
 */
#include "control/oplog.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The reference counts stand in front, out of the readers' sight. */
struct operation_box {
	atomic_uint references;
	struct operation o;
};

struct view_box {
	atomic_uint references;
	struct oplog_view v;
	const struct operation *rows[];
};

struct oplog {
	const struct oplog_view *view; /* never NULL */
	uint32_t last_index, last_transaction;
	uint32_t skipped, limit; /* indexes */
};

static struct operation_box *box_of(const struct operation *o)
{
	return (struct operation_box *)((char *)(uintptr_t)o - offsetof(struct operation_box, o));
}

static struct view_box *box_of_view(const struct oplog_view *v)
{
	return (struct view_box *)((char *)(uintptr_t)v - offsetof(struct view_box, v));
}

/* --- rows ---------------------------------------------------------------------------------- */

int operation_new(struct operation **ret)
{
	struct operation_box *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return -ENOMEM;
	atomic_init(&b->references, 1);
	b->o.status = OPERATION_QUEUED;
	*ret = &b->o;
	return 0;
}

static const struct operation *operation_ref(const struct operation *o)
{
	atomic_fetch_add(&box_of(o)->references, 1);
	return o;
}

void operation_unref(const struct operation *o)
{
	struct operation_box *b;

	if (o == NULL)
		return;
	b = box_of(o);
	if (atomic_fetch_sub(&b->references, 1) != 1)
		return;
	free(b->o.domain);
	free(b->o.request);
	free(b->o.before);
	free(b->o.after);
	free(b->o.message);
	free(b);
}

static int copy_text(char **to, const char *from)
{
	*to = from != NULL ? strdup(from) : NULL;
	return from != NULL && *to == NULL ? -ENOMEM : 0;
}

int operation_copy(const struct operation *o, struct operation **ret)
{
	struct operation *n;
	int r;

	if (operation_new(&n) < 0)
		return -ENOMEM;
	*n = *o;
	n->domain = n->request = n->before = n->after = n->message = NULL;
	r = copy_text(&n->domain, o->domain) | copy_text(&n->request, o->request) |
	    copy_text(&n->before, o->before) | copy_text(&n->after, o->after) |
	    copy_text(&n->message, o->message);
	if (r != 0) {
		operation_unref(n);
		return -ENOMEM;
	}
	*ret = n;
	return 0;
}

/* Not inside a UTF-8 character. */
static size_t cut_at(const char *text, size_t max)
{
	size_t n = strnlen(text, max + 1);

	if (n <= max)
		return n;
	for (n = max; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
		n--;
	return n;
}

int operation_set_text(char **field, const char *text)
{
	char *copy = NULL;

	if (text != NULL) {
		copy = strndup(text, cut_at(text, OPLOG_MESSAGE_MAX));
		if (copy == NULL)
			return -ENOMEM;
		for (char *p = copy; *p != '\0'; p++)
			if ((unsigned char)*p < 0x20 || *p == 0x7f)
				*p = ' ';
	}
	free(*field);
	*field = copy;
	return 0;
}

bool operation_running(const struct operation *o)
{
	return o->status == OPERATION_QUEUED || o->status == OPERATION_RUNNING;
}

uint64_t operation_duration_ms(const struct operation *o, uint64_t now_ms)
{
	if (!operation_running(o) || o->started_ms == 0 || now_ms < o->started_ms)
		return o->duration_ms;
	return now_ms - o->started_ms;
}

const char *operation_status_name(enum operation_status status)
{
	static const char *const names[] = {
		[OPERATION_NONE] = "none",
		[OPERATION_RUNNING] = "running",
		[OPERATION_SUCCEEDED] = "succeeded",
		[OPERATION_FAILED] = "failed",
		[OPERATION_ROLLED_BACK] = "rolledBack",
		[OPERATION_ROLLBACK_FAILED] = "rollbackFailed",
		[OPERATION_PARTIAL] = "partial",
		[OPERATION_UNKNOWN] = "unknown",
		[OPERATION_QUEUED] = "queued",
	};

	if ((size_t)status >= sizeof(names) / sizeof(names[0]) || names[status] == NULL)
		return "unknown";
	return names[status];
}

/* --- views --------------------------------------------------------------------------------- */

static struct view_box *view_new(size_t n_rows, uint64_t serial)
{
	struct view_box *b = calloc(1, sizeof(*b) + n_rows * sizeof(b->rows[0]));

	if (b == NULL)
		return NULL;
	atomic_init(&b->references, 1);
	b->v.serial = serial;
	b->v.rows = b->rows;
	return b;
}

static void view_add(struct view_box *b, const struct operation *take)
{
	b->rows[b->v.n_rows++] = take;
}

const struct oplog_view *oplog_view_ref(const struct oplog_view *v)
{
	if (v != NULL)
		atomic_fetch_add(&box_of_view(v)->references, 1);
	return v;
}

void oplog_view_unref(const struct oplog_view *v)
{
	struct view_box *b;

	if (v == NULL)
		return;
	b = box_of_view(v);
	if (atomic_fetch_sub(&b->references, 1) != 1)
		return;
	for (size_t i = 0; i < v->n_rows; i++)
		operation_unref(v->rows[i]);
	free(b);
}

size_t oplog_view_lower_bound(const struct oplog_view *v, uint32_t index)
{
	size_t low = 0, high = v->n_rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v->rows[middle]->index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct operation *oplog_view_find(const struct oplog_view *v, uint32_t index)
{
	size_t i;

	if (v == NULL)
		return NULL;
	i = oplog_view_lower_bound(v, index);
	return i < v->n_rows && v->rows[i]->index == index ? v->rows[i] : NULL;
}

const struct operation *oplog_view_last(const struct oplog_view *v, uint32_t domain_index)
{
	for (size_t i = v != NULL ? v->n_rows : 0; i > 0; i--)
		if (v->rows[i - 1]->domain_index == domain_index)
			return v->rows[i - 1];
	return NULL;
}

uint64_t oplog_view_changed_ms(const struct oplog_view *v)
{
	uint64_t last = 0;

	for (size_t i = 0; v != NULL && i < v->n_rows; i++)
		if (v->rows[i]->changed_ms > last)
			last = v->rows[i]->changed_ms;
	return last;
}

static enum admin_state admin_from_ldmd(enum domain_state state)
{
	switch (state) {
	case DOMAIN_ACTIVE:
	case DOMAIN_STARTING:
		return ADMIN_ACTIVE;
	case DOMAIN_BOUND:
	case DOMAIN_STOPPING:
	case DOMAIN_BINDING:
		return ADMIN_BOUND;
	default:
		return ADMIN_INACTIVE;
	}
}

/* forceStop leads to bound, restart to active; reads never give more than 3. */
static enum admin_state admin_readable(enum admin_state target)
{
	switch (target) {
	case ADMIN_FORCE_STOP:
		return ADMIN_BOUND;
	case ADMIN_RESTART:
		return ADMIN_ACTIVE;
	default:
		return target;
	}
}

enum admin_state control_admin_state(const struct domain *d, const struct oplog_view *v)
{
	const struct operation *o;

	if (d->row_status != ROW_ACTIVE && d->wanted_admin != ADMIN_NONE)
		return (enum admin_state)d->wanted_admin;
	for (size_t i = v != NULL ? v->n_rows : 0; i > 0; i--) {
		o = v->rows[i - 1];
		if (o->domain_index == d->index && operation_running(o) && o->target != ADMIN_NONE)
			return admin_readable(o->target);
	}
	return admin_from_ldmd(d->state == DOMAIN_UNKNOWN ? d->known_state : d->state);
}

/* --- the log ------------------------------------------------------------------------------- */

int oplog_new(struct oplog **ret)
{
	struct oplog *l = calloc(1, sizeof(*l));
	struct view_box *b = view_new(0, 1);

	if (l == NULL || b == NULL) {
		free(l);
		free(b);
		return -ENOMEM;
	}
	l->view = &b->v;
	l->limit = OPLOG_INDEX_MAX;
	*ret = l;
	return 0;
}

void oplog_free(struct oplog *l)
{
	if (l == NULL)
		return;
	oplog_view_unref(l->view);
	free(l);
}

/* How many of the rows have to go, so that n more fit; rows that run never go. */
static size_t surplus(const struct oplog_view *v, size_t n)
{
	return v->n_rows + n > OPLOG_ROWS ? v->n_rows + n - OPLOG_ROWS : 0;
}

static int add_rows(struct oplog *l, struct operation *const *take, size_t n)
{
	const struct oplog_view *v = l->view;
	struct view_box *b = view_new(v->n_rows + n, v->serial + 1);
	size_t drop = surplus(v, n);

	if (b == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < v->n_rows; i++) {
		if (drop > 0 && !operation_running(v->rows[i]))
			drop--;
		else
			view_add(b, operation_ref(v->rows[i]));
	}
	for (size_t i = 0; i < n; i++)
		view_add(b, take[i]);
	l->view = &b->v;
	oplog_view_unref(v);
	return 0;
}

struct oplog_numbers oplog_given(const struct oplog *l)
{
	uint32_t index = l->last_index > l->skipped ? l->last_index : l->skipped;

	return (struct oplog_numbers){index, l->last_transaction};
}

void oplog_skip(struct oplog *l, struct oplog_numbers given)
{
	l->skipped = given.index;
	if (given.transaction > l->last_transaction)
		l->last_transaction = given.transaction;
}

void oplog_limit(struct oplog *l, uint32_t index)
{
	l->limit = index;
}

int oplog_append(struct oplog *l, struct operation *const *take, size_t n)
{
	uint32_t given = oplog_given(l).index;
	int r;

	if (n > OPLOG_INDEX_MAX - given)
		return -ENOSPC;
	if (given + n > l->limit)
		return -EAGAIN;
	for (size_t i = 0; i < n; i++)
		take[i]->index = given + 1 + (uint32_t)i;
	r = add_rows(l, take, n);
	if (r < 0)
		return r;
	l->last_index = given + (uint32_t)n;
	if (n > 0 && take[0]->transaction != 0)
		l->last_transaction = take[0]->transaction;
	return 0;
}

int oplog_restore(struct oplog *l, struct operation *take)
{
	int r;

	if (take->index <= l->last_index || take->index > OPLOG_INDEX_MAX)
		return -EEXIST;
	r = add_rows(l, &take, 1);
	if (r < 0)
		return r;
	l->last_index = take->index;
	if (take->transaction > l->last_transaction)
		l->last_transaction = take->transaction;
	return 0;
}

static void free_rows(struct operation *const *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		operation_unref(rows[i]);
}

int oplog_replace(struct oplog *l, struct operation *const *take, size_t n)
{
	const struct oplog_view *v = l->view;
	struct view_box *b = view_new(v->n_rows, v->serial + 1);
	size_t k = 0, gone = 0;

	if (b == NULL) {
		free_rows(take, n);
		return -ENOMEM;
	}
	for (size_t i = 0; i < v->n_rows; i++) {
		for (; k < n && take[k]->index < v->rows[i]->index; k++, gone++)
			operation_unref(take[k]);
		if (k < n && take[k]->index == v->rows[i]->index)
			view_add(b, take[k++]);
		else
			view_add(b, operation_ref(v->rows[i]));
	}
	free_rows(&take[k], n - k);
	gone += n - k;
	l->view = &b->v;
	oplog_view_unref(v);
	return gone > 0 ? -ENOENT : 0;
}

uint32_t oplog_next_transaction(const struct oplog *l)
{
	return l->last_transaction < OPLOG_INDEX_MAX ? l->last_transaction + 1 : 1;
}

const struct oplog_view *oplog_view(const struct oplog *l)
{
	return oplog_view_ref(l->view);
}
