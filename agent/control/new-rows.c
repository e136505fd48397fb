/* See new-rows.h. */
#include "control/new-rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/model.h"
#include "inventory/refresh.h"
#include "inventory/registry.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/number.h"
#include "util/text.h"

/* When a row was changed last. */
struct touched {
	uint32_t index;
	uint64_t at_ms;
};

struct new_rows {
	struct refresh *refresh;
	struct registry *registry;
	struct touched touched[NEW_ROWS_MAX];
	size_t n;
};

int new_rows_new(struct refresh *refresh, struct registry *registry, struct new_rows **ret)
{
	struct new_rows *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->refresh = refresh;
	r->registry = registry;
	*ret = r;
	return 0;
}

void new_rows_free(struct new_rows *r)
{
	free(r);
}

const struct domain *new_rows_find(const struct new_rows *r, uint32_t index)
{
	const struct domain *d = snapshot_find_index(refresh_snapshot(r->refresh), index);

	return row_domain(d) ? NULL : d;
}

/* --- when each was changed last ------------------------------------------------------------ */

static int touch_row(struct new_rows *r, uint32_t index, uint64_t now_ms)
{
	size_t i = 0;

	while (i < r->n && r->touched[i].index != index)
		i++;
	if (i == NEW_ROWS_MAX)
		return -ENOSPC;
	r->touched[i] = (struct touched){index, now_ms};
	r->n = i == r->n ? i + 1 : r->n;
	return 0;
}

static void forget_row(struct new_rows *r, uint32_t index)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->touched[i].index == index) {
			r->touched[i] = r->touched[--r->n];
			return;
		}
	}
}

/* --- changing them ------------------------------------------------------------------------- */

static bool is_complete(const struct domain *row)
{
	return row_has_name(row) &&
	       (row->template_name || (row->num_vcpu > 0 && row->mem_bytes > 0));
}

static int set_values(struct domain *row, const struct set_request *d)
{
	if ((d->fields & FIELD_VCPU_BIT) != 0) {
		row->num_vcpu = d->vcpus;
		row->known |= KNOWN_VCPU;
	}
	if ((d->fields & FIELD_MEMORY_BIT) != 0) {
		row->mem_bytes = (uint64_t)d->memory_mb * MEGABYTE;
		row->known |= KNOWN_MEMORY;
	}
	if ((d->fields & FIELD_CRYPTO_BIT) != 0) {
		row->num_crypto = d->crypto;
		row->known |= KNOWN_CRYPTO;
	}
	if ((d->fields & FIELD_ADMIN_BIT) != 0)
		row->wanted_admin = d->admin;
	if ((d->fields & FIELD_TEMPLATE_BIT) != 0 &&
		text_set(&row->template_name, d->template[0] != '\0' ? d->template : NULL) < 0)
		return -ENOMEM;
	row->row_status = is_complete(row) ? ROW_NOT_IN_SERVICE : ROW_NOT_READY;
	return 0;
}

static int set_name(struct new_rows *r, struct domain *row, const struct set_request *d)
{
	char *copy;
	int rc;

	if ((d->fields & FIELD_NAME_BIT) == 0 || strcmp(d->name, row->name) == 0)
		return 0;
	copy = strdup(d->name);
	if (!copy)
		return -ENOMEM;
	/* The registry may not know yet that the domain of this name has gone. */
	if (snapshot_find_name(refresh_snapshot(r->refresh), d->name) == NULL)
		registry_absent(r->registry, d->name);
	rc = registry_rename(r->registry, row->index, d->name);
	if (rc < 0) {
		free(copy);
		return rc;
	}
	free(row->name);
	row->name = copy;
	return 0;
}

/* A row without a name gets one that no domain can have. */
static int new_row(struct new_rows *r, const struct set_request *d, struct domain **ret)
{
	_cleanup_free_ char *name = NULL;
	uint32_t index;
	int rc = (d->fields & FIELD_NAME_BIT) != 0 ? text_copy(d->name, &name)
						   : text_printf(&name, "?%u", d->index);

	if (rc >= 0)
		rc = domain_new(name, ret);
	if (rc < 0)
		return rc;
	if (snapshot_find_name(refresh_snapshot(r->refresh), name) == NULL)
		registry_absent(r->registry, name);
	rc = registry_reserve(r->registry, name, d->index, &index);
	if (rc < 0) {
		domain_unref(*ret);
		return rc;
	}
	(*ret)->index = index;
	(*ret)->state = DOMAIN_INACTIVE;
	return 0;
}

int new_rows_put(struct new_rows *r, const struct set_request *d, uint64_t now_ms)
{
	const struct domain *old = new_rows_find(r, d->index);
	struct domain *row;
	int rc = old ? domain_copy(old, &row) : new_row(r, d, &row);

	if (rc < 0)
		return rc;
	rc = touch_row(r, d->index, now_ms);
	if (rc >= 0)
		rc = set_name(r, row, d);
	if (rc >= 0)
		rc = set_values(row, d);
	row->last_change_ms = now_ms;
	if (rc >= 0)
		rc = refresh_put_row(r->refresh, row);
	else
		domain_unref(row);
	if (rc < 0 && old) {
		(void)registry_rename(r->registry, d->index, old->name);
	} else if (rc < 0) {
		registry_release(r->registry, d->index);
		forget_row(r, d->index);
	}
	return rc;
}

static void drop_row(struct new_rows *r, uint32_t index)
{
	int rc = new_rows_find(r, index) != NULL ? refresh_drop_row(r->refresh, index) : 0;

	if (rc < 0)
		log_warn("control:new_rows", "row %u cannot be removed: %s", index, strerror(-rc));
	registry_release(r->registry, index);
	forget_row(r, index);
}

void new_rows_restore(struct new_rows *r, uint32_t index, const struct domain *row, uint64_t now_ms)
{
	int rc;

	if (!row) {
		drop_row(r, index);
		return;
	}
	rc = registry_rename(r->registry, index, row->name);
	if (rc >= 0)
		rc = touch_row(r, index, now_ms);
	if (rc >= 0)
		rc = refresh_put_row(r->refresh, domain_ref(row));
	if (rc < 0)
		log_warn("control:new_rows", "row %u cannot be put back: %s", index, strerror(-rc));
}

/* --- time ---------------------------------------------------------------------------------- */

void new_rows_turn(struct new_rows *r, uint64_t now_ms, new_rows_in_use *in_use, void *user)
{
	for (size_t i = r->n; i > 0; i--) {
		struct touched *t = &r->touched[i - 1];

		/* ldmd has the domain: the row is no longer one that is being made. */
		if (new_rows_find(r, t->index) == NULL)
			*t = r->touched[--r->n];
		else if (now_ms < clock_after(t->at_ms, NEW_ROWS_IDLE_MS))
			continue;
		/* Without the row, a domain that is just being made would get another index. */
		else if (in_use(user, t->index))
			t->at_ms = now_ms;
		else
			drop_row(r, t->index);
	}
}

uint64_t new_rows_next(const struct new_rows *r)
{
	uint64_t next = CLOCK_NEVER;

	for (size_t i = 0; i < r->n; i++) {
		uint64_t at = clock_after(r->touched[i].at_ms, NEW_ROWS_IDLE_MS);

		next = at < next ? at : next;
	}
	return next;
}
