/*
 * See set.h. control/ decides whether a SET is allowed and what became of it; the code here, when
 * to answer.
 */
#include "snmp/set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "snmp/library.h"
#include "tables/lookup.h"
#include "tables/tables.h"
#include "util/clock.h"
#include "util/log.h"

#define TOKEN "set"

/* The next phase of a PDU follows within this time, or never. */
#define OPEN_MS 2000

/* A PDU that is delegated: the library waits for us. */
struct waiting {
	struct waiting *next;
	netsnmp_delegated_cache *cache;
	struct control_key key;
	int mode; /* MODE_SET_ACTION or MODE_SET_UNDO */
	uint64_t deadline_ms;
};

/* What all steps of one phase need. */
struct call {
	struct control *control;
	struct control_key key;
	uint64_t now_ms;
	netsnmp_mib_handler *handler;
	netsnmp_handler_registration *registration;
	netsnmp_agent_request_info *info;
	netsnmp_request_info *requests;
};

/* --- answers -------------------------------------------------------------------------------- */

/* Sets the error of the varbind at that position; of the first one if there is none. */
static void set_error(netsnmp_agent_request_info *info, netsnmp_request_info *requests,
	uint32_t position, int error)
{
	netsnmp_request_info *r = requests;

	while (r && position-- > 0)
		r = r->next;
	netsnmp_set_request_error(info, r ? r : requests, error);
}

/*
 * Answers if the verdict allows it, or if the answer is due. An ACTION that is not decided gets
 * noError, as the operation table shows how it goes on. An UNDO that has not ended gets undoFailed.
 */
static bool answer_phase(int mode, const struct verdict *v, bool due,
	netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	if (mode == MODE_SET_ACTION) {
		if (outcome_failed(v->outcome))
			set_error(info, requests, v->culprit, SNMP_ERR_COMMITFAILED);
		return outcome_decided(v->outcome) || due;
	}
	if (outcome_undone(v->outcome))
		return true;
	if (!outcome_undo_failed(v->outcome) && !outcome_settled(v->outcome) && !due)
		return false;
	set_error(info, requests, v->culprit, SNMP_ERR_UNDOFAILED);
	return true;
}

/* --- from varbinds -------------------------------------------------------------------------- */

static void take_varbind(
	const struct view *v, const netsnmp_variable_list *vb, struct set_varbind *ret)
{
	struct varbind_name name = varbind_name(vb);
	struct lookup found;

	*ret = (struct set_varbind){.type = SET_OTHER};
	if (vb->type == ASN_INTEGER) {
		ret->type = SET_INTEGER;
		ret->number = *vb->val.integer;
	} else if (vb->type == ASN_UNSIGNED) {
		ret->type = SET_UNSIGNED;
		ret->number = (int64_t)(uint32_t)*vb->val.integer;
	} else if (vb->type == ASN_OCTET_STR) {
		ret->type = SET_OCTETS;
		ret->octets = vb->val.string;
		ret->length = vb->val_len;
	}
	if (lookup_whole_get(v, &ldoms_mib, name.arcs, name.length, &found) == LOOKUP_NO_OBJECT ||
		found.cell.column->access < ACCESS_WRITE)
		return;
	if (found.cell.table == &domain_table)
		ret->column = found.cell.column->id;
	else if (found.cell.table == &manager_group)
		ret->column = SET_SCALAR_SAVE; /* the only one that is written */
	ret->row = found.cell.row.index[0];
	ret->row_valid = found.index_complete;
}

/* --- phases --------------------------------------------------------------------------------- */

static void reserve(struct backend *b, const struct call *call)
{
	size_t n = 0;

	for (const netsnmp_request_info *r = call->requests; r; r = r->next)
		n++;
	struct set_varbind *varbinds = calloc(n, sizeof(*varbinds));
	if (!varbinds) {
		set_error(call->info, call->requests, 0, SNMP_ERR_RESOURCEUNAVAILABLE);
		return;
	}
	n = 0;
	for (const netsnmp_request_info *r = call->requests; r; r = r->next)
		take_varbind(&b->view, r->requestvb, &varbinds[n++]);
	struct refusal refusal =
		control_reserve(b->control, call->key, &b->inbox, varbinds, n, call->now_ms);
	free(varbinds);
	if (refusal.error == CONTROL_OK)
		return;
	b->facts.sets_refused++;
	const char *text = control_last_refusal(b->control)->text;
	log_info(TOKEN, "refused (%s, varbind %u): %s", control_error_name(refusal.error),
		refusal.position + 1, text ? text : "-");
	set_error(call->info, call->requests, refusal.position, (int)refusal.error);
}

/* False: the PDU is delegated, and answered later. Without memory it is answered at once. */
static bool answer_or_wait(struct set_phases *s, const struct call *call)
{
	struct verdict v = control_result(call->control, call->key);

	if (answer_phase(call->info->mode, &v, false, call->info, call->requests))
		return true;
	uint64_t until_ms = control_wait_until(call->control, call->key, call->now_ms);
	struct waiting *w = until_ms > call->now_ms ? calloc(1, sizeof(*w)) : NULL;
	netsnmp_delegated_cache *cache =
		w ? netsnmp_create_delegated_cache(
			    call->handler, call->registration, call->info, call->requests, NULL)
		  : NULL;
	if (!cache) {
		free(w);
		return answer_phase(call->info->mode, &v, true, call->info, call->requests);
	}
	*w = (struct waiting){s->waiting, cache, call->key, call->info->mode, until_ms};
	s->waiting = w;
	netsnmp_handler_mark_requests_as_delegated(call->requests, REQUEST_IS_DELEGATED);
	return false;
}

static void action(struct set_phases *s, const struct call *call)
{
	int r = control_start(call->control, call->key, call->now_ms);

	if (r < 0) {
		log_warn(TOKEN, "a SET cannot be carried out: %s", strerror(-r));
		set_error(call->info, call->requests, 0, SNMP_ERR_COMMITFAILED);
		return;
	}
	s->backend->facts.sets++;
	answer_or_wait(s, call);
}

/* After UndoSet the master sends nothing more of a PDU, so its place is freed here. */
static void undo(struct set_phases *s, const struct call *call)
{
	/* The library would answer with the error of ACTION again. */
	for (netsnmp_request_info *r = call->requests; r; r = r->next)
		r->status = SNMP_ERR_NOERROR;
	if (control_undo(call->control, call->key) < 0 || answer_or_wait(s, call))
		control_free(call->control, call->key);
}

void set_phase(struct set_phases *s, uint32_t epoch, netsnmp_mib_handler *handler,
	netsnmp_handler_registration *registration, netsnmp_agent_request_info *info,
	netsnmp_request_info *requests)
{
	const struct call call = {
		.control = s->backend->control,
		.key = {.epoch = epoch, .transaction = (uint32_t)info->asp->pdu->transid},
		.now_ms = s->backend->view.now_ms,
		.handler = handler,
		.registration = registration,
		.info = info,
		.requests = requests,
	};

	s->last_phase_ms = call.now_ms;
	switch (info->mode) {
	case MODE_SET_RESERVE1:
		reserve(s->backend, &call);
		break;
	case MODE_SET_ACTION:
		action(s, &call);
		break;
	case MODE_SET_UNDO:
		undo(s, &call);
		break;
	case MODE_SET_COMMIT:
	case MODE_SET_FREE:
		control_free(call.control, call.key);
		break;
	default:
		break;
	}
}

/* --- PDUs that wait -------------------------------------------------------------------------- */

/* Whether the PDU is answered, or the library has dropped it. */
static bool answer_waiting(struct control *control, struct waiting *w, uint64_t now_ms)
{
	netsnmp_delegated_cache *cache = netsnmp_handler_check_cache(w->cache);
	struct verdict v = control_result(control, w->key);

	if (!cache)
		return true;
	bool in_time = answer_phase(w->mode, &v, false, cache->reqinfo, cache->requests);
	if (!in_time && now_ms < w->deadline_ms)
		return false;
	if (!in_time) {
		answer_phase(w->mode, &v, true, cache->reqinfo, cache->requests);
		control_wait_missed(control, now_ms);
	}
	netsnmp_handler_mark_requests_as_delegated(cache->requests, REQUEST_IS_NOT_DELEGATED);
	return true;
}

static void remove_waiting(struct waiting **link)
{
	struct waiting *w = *link;

	*link = w->next;
	netsnmp_free_delegated_cache(w->cache);
	free(w);
}

void set_phases_clear(struct set_phases *s)
{
	while (s->waiting)
		remove_waiting(&s->waiting);
}

void set_phases_turn(struct set_phases *s, uint64_t now_ms)
{
	struct control *control = s->backend->control;

	for (struct waiting **link = &s->waiting; *link;) {
		struct waiting *w = *link;
		if (!answer_waiting(control, w, now_ms)) {
			link = &w->next;
			continue;
		}
		if (w->mode == MODE_SET_UNDO)
			control_free(control, w->key);
		remove_waiting(link);
	}
}

uint64_t set_phases_deadline(const struct set_phases *s)
{
	uint64_t deadline_ms = CLOCK_NEVER;

	for (const struct waiting *w = s->waiting; w; w = w->next)
		if (w->deadline_ms < deadline_ms)
			deadline_ms = w->deadline_ms;
	return deadline_ms;
}

bool set_phases_busy(const struct set_phases *s, uint64_t now_ms)
{
	return s->waiting || now_ms - s->last_phase_ms < OPEN_MS;
}

void set_phases_abandon(struct set_phases *s, uint32_t epoch)
{
	for (; s->waiting; remove_waiting(&s->waiting)) {
		netsnmp_delegated_cache *cache = netsnmp_handler_check_cache(s->waiting->cache);
		if (!cache)
			continue;
		for (netsnmp_request_info *r = cache->requests; r; r = r->next)
			netsnmp_set_request_error(cache->reqinfo, r, SNMP_ERR_GENERR);
		netsnmp_handler_mark_requests_as_delegated(
			cache->requests, REQUEST_IS_NOT_DELEGATED);
	}
	netsnmp_check_outstanding_agent_requests();
	control_session_lost(s->backend->control, epoch);
}
