/*
 * See set.h. What is right and wrong is decided in control/; here is only when to answer.
 */
#include "snmp/set.h"

#include <errno.h>
#include <stdlib.h>

#include "snmp/varbind.h"
#include "tables/lookup.h"
#include "tables/tables.h"
#include "util/clock.h"
#include "util/log.h"

#define TOKEN "set"

/* After a phase the next one follows that soon, or never. */
#define OPEN_MS 2000

/* A PDU that is delegated: the library waits for us. */
struct waiting {
	struct waiting *next;
	netsnmp_delegated_cache *cache;
	struct control_key key;
	int mode; /* MODE_SET_ACTION or MODE_SET_UNDO */
	uint64_t deadline_ms;
};

struct set_phases {
	struct control *control;
	struct agent_facts *facts;
	struct waiting *waiting;
	uint64_t last_phase_ms;
};

int set_phases_new(struct control *control, struct agent_facts *facts, struct set_phases **ret)
{
	struct set_phases *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->control = control;
	s->facts = facts;
	*ret = s;
	return 0;
}

void set_phases_free(struct set_phases *s)
{
	if (!s)
		return;
	while (s->waiting) {
		struct waiting *w = s->waiting;
		s->waiting = w->next;
		netsnmp_free_delegated_cache(w->cache);
		free(w);
	}
	free(s);
}

/* --- answers -------------------------------------------------------------------------------- */

static netsnmp_request_info *nth_request(netsnmp_request_info *requests, uint32_t position)
{
	netsnmp_request_info *r = requests;
	while (r && position-- > 0)
		r = r->next;
	return r ? r : requests;
}

static void fail(netsnmp_agent_request_info *info, netsnmp_request_info *requests,
	uint32_t position, int error)
{
	netsnmp_set_request_error(info, nth_request(requests, position), error);
}

static void fail_all(netsnmp_agent_request_info *info, netsnmp_request_info *requests, int error)
{
	for (; requests; requests = requests->next)
		netsnmp_set_request_error(info, requests, error);
}

/*
 * Answers if there is something to say, or if there must be. An ACTION that is not decided is
 * noError: it goes on in sight. An UNDO that did not end is undoFailed.
 */
static bool answer(int mode, const struct verdict *v, bool must, netsnmp_agent_request_info *info,
	netsnmp_request_info *requests)
{
	if (mode == MODE_SET_ACTION) {
		if (outcome_failed(v->outcome))
			fail(info, requests, v->culprit, SNMP_ERR_COMMITFAILED);
		return outcome_decided(v->outcome) || must;
	}
	if (outcome_undone(v->outcome))
		return true;
	if (!outcome_undo_failed(v->outcome) && !outcome_settled(v->outcome) && !must)
		return false;
	fail(info, requests, v->culprit, SNMP_ERR_UNDOFAILED);
	return true;
}

/* --- from varbinds -------------------------------------------------------------------------- */

static void take_value(const netsnmp_variable_list *vb, struct set_varbind *ret)
{
	switch (vb->type) {
	case ASN_INTEGER:
		ret->type = SET_INTEGER;
		ret->number = *vb->val.integer;
		break;
	case ASN_UNSIGNED:
		ret->type = SET_UNSIGNED;
		ret->number = (int64_t)(uint32_t)*vb->val.integer;
		break;
	case ASN_OCTET_STR:
		ret->type = SET_OCTETS;
		ret->octets = vb->val.string;
		ret->length = vb->val_len;
		break;
	default:
		ret->type = SET_OTHER;
	}
}

static void take_varbind(
	const struct view *v, const netsnmp_variable_list *vb, struct set_varbind *ret)
{
	struct relative_name name;
	struct lookup found;

	*ret = (struct set_varbind){.column = 0};
	take_value(vb, ret);
	if (varbind_name(vb, &name) != NAME_INSIDE)
		return;
	if (lookup_get(v, name.sub, name.length, &found) == LOOKUP_NO_OBJECT)
		return;
	if (found.cell.table != &domain_table || found.cell.column->access < ACCESS_WRITE)
		return;
	ret->column = found.cell.column->id;
	ret->row = found.cell.row.index[0];
	ret->row_valid = found.index_complete;
}

static int take_varbinds(const struct set_call *call, struct set_varbind **ret, size_t *ret_n)
{
	size_t n = 0;
	for (const netsnmp_request_info *r = call->requests; r; r = r->next)
		n++;
	struct set_varbind *varbinds = calloc(n, sizeof(*varbinds));
	if (!varbinds)
		return -ENOMEM;
	n = 0;
	for (const netsnmp_request_info *r = call->requests; r; r = r->next)
		take_varbind(call->view, r->requestvb, &varbinds[n++]);
	*ret = varbinds;
	*ret_n = n;
	return 0;
}

/* --- phases --------------------------------------------------------------------------------- */

static struct control_key key_of(const struct set_call *call)
{
	return (struct control_key){
		.epoch = call->epoch,
		.transaction = (uint32_t)call->info->asp->pdu->transid,
	};
}

static void reserve(struct set_phases *s, const struct set_call *call)
{
	struct set_varbind *varbinds;
	size_t n;

	if (take_varbinds(call, &varbinds, &n) < 0) {
		fail(call->info, call->requests, 0, SNMP_ERR_RESOURCEUNAVAILABLE);
		return;
	}
	struct refusal refusal = control_reserve(
		s->control, key_of(call), call->inbox, varbinds, n, call->view->now_ms);
	free(varbinds);
	if (refusal.error == CONTROL_OK)
		return;
	s->facts->sets_refused++;
	const char *text = control_last_refusal(s->control)->text;
	log_info(TOKEN, "refused (%s, varbind %u): %s", control_error_name(refusal.error),
		refusal.position + 1, text ? text : "-");
	fail(call->info, call->requests, refusal.position, (int)refusal.error);
}

/* Delegated; false: there is no memory for waiting, so it was answered at once. */
static bool wait_for(
	struct set_phases *s, const struct set_call *call, int mode, uint64_t deadline_ms)
{
	struct waiting *w = calloc(1, sizeof(*w));
	netsnmp_delegated_cache *cache =
		w ? netsnmp_create_delegated_cache(
			    call->handler, call->registration, call->info, call->requests, NULL)
		  : NULL;
	if (!cache) {
		free(w);
		answer(mode, &(struct verdict){0}, true, call->info, call->requests);
		return false;
	}
	w->cache = cache;
	w->key = key_of(call);
	w->mode = mode;
	w->deadline_ms = deadline_ms;
	w->next = s->waiting;
	s->waiting = w;
	netsnmp_handler_mark_requests_as_delegated(call->requests, REQUEST_IS_DELEGATED);
	return true;
}

/* False: the answer comes later. */
static bool answer_or_wait(struct set_phases *s, const struct set_call *call, int mode)
{
	struct verdict v = control_result(s->control, key_of(call));

	if (answer(mode, &v, false, call->info, call->requests))
		return true;
	uint64_t now_ms = call->view->now_ms;
	uint64_t until = control_wait_until(s->control, key_of(call), now_ms);
	if (until > now_ms)
		return !wait_for(s, call, mode, until);
	return answer(mode, &v, true, call->info, call->requests);
}

static void action(struct set_phases *s, const struct set_call *call)
{
	int r = control_start(s->control, key_of(call), call->view->now_ms);

	if (r < 0) {
		log_warn(TOKEN, "cannot be handed over: error %d", -r);
		fail(call->info, call->requests, 0, SNMP_ERR_COMMITFAILED);
		return;
	}
	s->facts->sets++;
	answer_or_wait(s, call, MODE_SET_ACTION);
}

/* The library keeps what ACTION answered and would say it again. */
static void forget_errors(netsnmp_request_info *requests)
{
	for (; requests; requests = requests->next)
		requests->status = SNMP_ERR_NOERROR;
}

/* UNDO is the last that the master says of a PDU. */
static void undo(struct set_phases *s, const struct set_call *call)
{
	forget_errors(call->requests);
	if (control_undo(s->control, key_of(call)) < 0 || answer_or_wait(s, call, MODE_SET_UNDO))
		control_free(s->control, key_of(call));
}

void set_phase(struct set_phases *s, const struct set_call *call)
{
	s->last_phase_ms = call->view->now_ms;
	switch (call->info->mode) {
	case MODE_SET_RESERVE1:
		reserve(s, call);
		break;
	case MODE_SET_ACTION:
		action(s, call);
		break;
	case MODE_SET_UNDO:
		undo(s, call);
		break;
	case MODE_SET_COMMIT:
	case MODE_SET_FREE:
		control_free(s->control, key_of(call));
		break;
	default:
		break;
	}
}

/* --- later ---------------------------------------------------------------------------------- */

static bool finished(struct set_phases *s, struct waiting *w, uint64_t now_ms)
{
	netsnmp_delegated_cache *cache = netsnmp_handler_check_cache(w->cache);
	struct verdict v = control_result(s->control, w->key);

	if (!cache)
		return true;
	bool in_time = answer(w->mode, &v, false, cache->reqinfo, cache->requests);
	if (!in_time && now_ms < w->deadline_ms)
		return false;
	if (!in_time)
		answer(w->mode, &v, true, cache->reqinfo, cache->requests);
	control_wait_ended(s->control, w->key, in_time, now_ms);
	netsnmp_handler_mark_requests_as_delegated(cache->requests, REQUEST_IS_NOT_DELEGATED);
	return true;
}

static void forget(struct set_phases *s, struct waiting *w)
{
	if (w->mode == MODE_SET_UNDO)
		control_free(s->control, w->key);
	netsnmp_free_delegated_cache(w->cache);
	free(w);
}

void set_phases_turn(struct set_phases *s, uint64_t now_ms)
{
	struct waiting **link = &s->waiting;
	while (*link) {
		struct waiting *w = *link;
		if (!finished(s, w, now_ms)) {
			link = &w->next;
			continue;
		}
		*link = w->next;
		forget(s, w);
	}
}

uint64_t set_phases_deadline(const struct set_phases *s)
{
	uint64_t deadline = CLOCK_NEVER;
	for (const struct waiting *w = s->waiting; w; w = w->next)
		if (w->deadline_ms < deadline)
			deadline = w->deadline_ms;
	return deadline;
}

bool set_phases_busy(const struct set_phases *s, uint64_t now_ms)
{
	return s->waiting || now_ms - s->last_phase_ms < OPEN_MS;
}

void set_phases_abandon(struct set_phases *s, uint32_t epoch)
{
	while (s->waiting) {
		struct waiting *w = s->waiting;
		netsnmp_delegated_cache *cache = netsnmp_handler_check_cache(w->cache);
		if (cache) {
			fail_all(cache->reqinfo, cache->requests, SNMP_ERR_GENERR);
			netsnmp_handler_mark_requests_as_delegated(
				cache->requests, REQUEST_IS_NOT_DELEGATED);
		}
		s->waiting = w->next;
		forget(s, w);
	}
	netsnmp_check_outstanding_agent_requests();
	control_session_lost(s->control, epoch);
}
