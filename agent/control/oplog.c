/*
 * See oplog.h. history.c keeps the rows over a restart.
 *
 * If somebody reads the current view, a change makes a new view (256 pointers) and leaves the old
 * one to its readers. Otherwise the current view itself is changed, so that many changes between
 * two reads cost little.
 */
#include "control/oplog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/cleanup.h"
#include "util/number.h"
#include "util/reference.h"
#include "util/text.h"
#include "util/utf8.h"

/* A view and its rows, which the log may still change. */
struct view_rows {
	struct oplog_view v;
	const struct operation *rows[];
};

struct oplog {
	struct view_rows *current; /* never NULL */
	struct oplog_numbers given;
	uint32_t limit; /* the last index that may be given; 0: there is no limit */
};

/* --- rows ---------------------------------------------------------------------------------- */

int operation_new(struct operation **ret)
{
	struct operation *o = shared_new(sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->status = OPERATION_QUEUED;
	*ret = o;
	return 0;
}

void operation_unref(const struct operation *shared)
{
	struct operation *o = shared_last(shared);

	if (!o)
		return;
	free(o->domain);
	free(o->request);
	free(o->before);
	free(o->after);
	free(o->message);
	shared_free(o);
}

int operation_copy(const struct operation *o, struct operation **ret)
{
	struct operation *n;

	if (operation_new(&n) < 0)
		return -ENOMEM;
	*n = *o;
	n->domain = n->request = n->before = n->after = n->message = NULL;
	if (text_copy(o->domain, &n->domain) < 0 || text_copy(o->request, &n->request) < 0 ||
		text_copy(o->before, &n->before) < 0 || text_copy(o->after, &n->after) < 0 ||
		text_copy(o->message, &n->message) < 0) {
		operation_unref(n);
		return -ENOMEM;
	}
	*ret = n;
	return 0;
}

int operation_set_text(char **field, const char *text)
{
	char *copy = NULL;

	if (text) {
		copy = strndup(text, utf8_cut(text, OPLOG_MESSAGE_MAX));
		if (!copy)
			return -ENOMEM;
		for (char *p = copy; *p != '\0'; p++)
			if ((unsigned char)*p < 0x20 || *p == 0x7f)
				*p = ' ';
	}
	free(*field);
	*field = copy;
	return 0;
}

int operation_set_domain(char **field, const struct domain *d)
{
	_cleanup_free_ char *text = NULL;

	if (d && text_printf(&text, "vcpus=%u memory=%lluM crypto=%u state=%s", d->num_vcpu,
			 (unsigned long long)bytes_to_megabytes(d->mem_bytes), d->num_crypto,
			 domain_state_name(d->state)) < 0)
		return -ENOMEM;
	return operation_set_text(field, text);
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

	if ((size_t)status >= sizeof(names) / sizeof(names[0]) || !names[status])
		return "unknown";
	return names[status];
}

/* --- views --------------------------------------------------------------------------------- */

static struct view_rows *view_new(size_t n_rows, uint64_t serial)
{
	struct view_rows *b = shared_new(sizeof(*b) + n_rows * sizeof(b->rows[0]));

	if (!b)
		return NULL;
	b->v.serial = serial;
	b->v.rows = b->rows;
	return b;
}

const struct oplog_view *oplog_view_ref(const struct oplog_view *v)
{
	return shared_ref(v);
}

void oplog_view_unref(const struct oplog_view *shared)
{
	struct oplog_view *v = shared_last(shared);

	if (!v)
		return;
	for (size_t i = 0; i < v->n_rows; i++)
		operation_unref(v->rows[i]);
	shared_free(v);
}

size_t oplog_view_lower_bound(const struct oplog_view *v, uint32_t index)
{
	return first_where(i, v->n_rows, v->rows[i]->index >= index);
}

const struct operation *oplog_view_find(const struct oplog_view *v, uint32_t index)
{
	if (!v)
		return NULL;
	size_t i = oplog_view_lower_bound(v, index);
	return i < v->n_rows && v->rows[i]->index == index ? v->rows[i] : NULL;
}

const struct operation *oplog_view_by_age(const struct oplog_view *v, size_t i)
{
	return v->rows[(v->oldest + i) % v->n_rows];
}

const struct operation *oplog_view_last(const struct oplog_view *v, uint32_t domain_index)
{
	for (size_t i = v ? v->n_rows : 0; i > 0; i--) {
		const struct operation *o = oplog_view_by_age(v, i - 1);

		if (o->domain_index == domain_index)
			return o;
	}
	return NULL;
}

uint64_t oplog_view_changed_ms(const struct oplog_view *v)
{
	uint64_t last = 0;

	for (size_t i = 0; v && i < v->n_rows; i++)
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

/* A read never gives forceStop or restart, but the state to which they lead. */
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
	if (d->row_status != ROW_ACTIVE && d->wanted_admin != ADMIN_NONE)
		return (enum admin_state)d->wanted_admin;
	for (size_t i = v ? v->n_rows : 0; i > 0; i--) {
		const struct operation *o = oplog_view_by_age(v, i - 1);

		if (o->domain_index == d->index && operation_running(o) && o->target != ADMIN_NONE)
			return admin_readable(o->target);
	}
	return admin_from_ldmd(d->state == DOMAIN_UNKNOWN ? d->known_state : d->state);
}

/* --- numbers ------------------------------------------------------------------------------- */

uint32_t oplog_number_after(uint32_t number, uint32_t n)
{
	return n > OPLOG_INDEX_MAX - number ? n - (OPLOG_INDEX_MAX - number) : number + n;
}

uint32_t oplog_numbers_between(uint32_t from, uint32_t to)
{
	return to >= from ? to - from : to + (OPLOG_INDEX_MAX - from);
}

struct oplog_numbers oplog_given(const struct oplog *l)
{
	return l->given;
}

bool oplog_number_is_newer(uint32_t number, uint32_t than)
{
	if (number == than || number == 0)
		return false;
	return than == 0 || oplog_numbers_between(than, number) <= OPLOG_INDEX_MAX / 2;
}

void oplog_skip(struct oplog *l, struct oplog_numbers given)
{
	if (oplog_number_is_newer(given.index, l->given.index))
		l->given.index = given.index;
	if (oplog_number_is_newer(given.transaction, l->given.transaction))
		l->given.transaction = given.transaction;
}

void oplog_limit(struct oplog *l, uint32_t index)
{
	l->limit = index;
}

uint32_t oplog_next_transaction(const struct oplog *l)
{
	return oplog_number_after(l->given.transaction, 1);
}

/*
 * How many indexes n rows use up. The rows of one transaction have consecutive indexes, so the last
 * few before OPLOG_INDEX_MAX may be left out. -EAGAIN, -ENOSPC: as oplog_append().
 */
static int number_cost(const struct oplog *l, size_t n, uint32_t *ret)
{
	const struct oplog_view *v = &l->current->v;
	uint32_t left = OPLOG_INDEX_MAX - l->given.index;
	uint64_t cost = n > left ? (uint64_t)left + n : n;

	/* The indexes from the last one given to that of the oldest row are free. */
	if (v->n_rows > 0 && cost > oplog_numbers_between(oplog_number_after(l->given.index, 1),
					    v->rows[v->oldest]->index))
		return -ENOSPC;
	if (l->limit != 0 && cost > oplog_numbers_between(l->given.index, l->limit))
		return -EAGAIN;
	*ret = (uint32_t)cost;
	return 0;
}

/* --- the log ------------------------------------------------------------------------------- */

int oplog_new(struct oplog **ret)
{
	struct oplog *l = calloc(1, sizeof(*l));
	struct view_rows *b = view_new(0, 1);

	if (!l || !b) {
		free(l);
		shared_free(b);
		return -ENOMEM;
	}
	l->current = b;
	*ret = l;
	return 0;
}

void oplog_free(struct oplog *l)
{
	if (!l)
		return;
	oplog_view_unref(&l->current->v);
	free(l);
}

static int by_index(const void *a, const void *b)
{
	const struct operation *const *x = a, *const *y = b;

	return compare_u64((*x)->index, (*y)->index);
}

static int add_rows(struct oplog *l, struct operation *const *take, size_t n)
{
	const struct oplog_view *v = &l->current->v;
	struct view_rows *b = view_new(v->n_rows + n, v->serial + 1);
	size_t surplus = v->n_rows + n > OPLOG_ROWS ? v->n_rows + n - OPLOG_ROWS : 0;

	if (!b)
		return -ENOMEM;
	for (size_t i = 0; i < v->n_rows; i++) {
		const struct operation *o = oplog_view_by_age(v, i);

		/* Rows that run are never dropped. */
		if (surplus > 0 && !operation_running(o))
			surplus--;
		else
			b->rows[b->v.n_rows++] = o;
	}
	for (size_t i = 0; i < n; i++)
		b->rows[b->v.n_rows++] = take[i];
	/* The rows are sorted by age, and so by index unless the indexes began at 1 again. */
	const struct operation *oldest = b->rows[0];
	if (oldest->index > b->rows[b->v.n_rows - 1]->index) {
		qsort(b->rows, b->v.n_rows, sizeof(b->rows[0]), by_index);
		b->v.oldest = oplog_view_lower_bound(&b->v, oldest->index);
	}
	for (size_t i = 0; i < n; i++)
		take[i]->serial = b->v.serial;
	/* The new rows brought their reference with them; the others get one for this view. */
	for (size_t i = 0; i < b->v.n_rows; i++)
		if (b->rows[i]->serial != b->v.serial)
			shared_ref(b->rows[i]);
	l->current = b;
	oplog_view_unref(v);
	return 0;
}

int oplog_append(struct oplog *l, struct operation *const *take, size_t n)
{
	uint32_t cost = 0;
	int r = number_cost(l, n, &cost);

	if (r < 0 || n == 0)
		return r;
	uint32_t last = oplog_number_after(l->given.index, cost);
	for (size_t i = 0; i < n; i++)
		take[i]->index = last - (uint32_t)(n - 1 - i);
	r = add_rows(l, take, n);
	if (r < 0)
		return r;
	l->given.index = last;
	if (take[0]->transaction != 0)
		l->given.transaction = take[0]->transaction;
	return 0;
}

int oplog_restore(struct oplog *l, struct operation *take)
{
	if (take->index > OPLOG_INDEX_MAX || take->transaction > OPLOG_INDEX_MAX ||
		!oplog_number_is_newer(take->index, l->given.index))
		return -EEXIST;
	int r = add_rows(l, &take, 1);
	if (r < 0)
		return r;
	oplog_skip(l, (struct oplog_numbers){take->index, take->transaction});
	return 0;
}

/* The current view if nobody reads it, else a copy in its place. NULL: no memory. */
static struct view_rows *view_to_change(struct oplog *l)
{
	struct view_rows *now = l->current;

	if (reference_is_only(&shared_of(now)->references)) {
		now->v.serial++;
		return now;
	}
	struct view_rows *b = view_new(now->v.n_rows, now->v.serial + 1);
	if (!b)
		return NULL;
	b->v.oldest = now->v.oldest;
	for (size_t i = 0; i < now->v.n_rows; i++)
		b->rows[b->v.n_rows++] = shared_ref(now->rows[i]);
	l->current = b;
	oplog_view_unref(&now->v);
	return b;
}

int oplog_replace(struct oplog *l, struct operation *const *take, size_t n)
{
	struct view_rows *b = view_to_change(l);
	size_t gone = 0;

	for (size_t k = 0; k < n; k++) {
		size_t i = b ? oplog_view_lower_bound(&b->v, take[k]->index) : 0;

		if (!b || i == b->v.n_rows || b->rows[i]->index != take[k]->index) {
			operation_unref(take[k]);
			gone++;
			continue;
		}
		take[k]->serial = b->v.serial;
		operation_unref(b->rows[i]);
		b->rows[i] = take[k];
	}
	return !b ? -ENOMEM : gone > 0 ? -ENOENT : 0;
}

const struct oplog_view *oplog_view(const struct oplog *l)
{
	return oplog_view_ref(&l->current->v);
}
