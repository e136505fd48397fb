/*
 * See filter.h.
 */
#include "snmp/filter.h"

#include <string.h>

#include "util/log.h"

#define TOKEN "agentx:filter"

/* Nobody sends so much: the beginning of a PDU was lost, and so is all that follows. */
#define STREAM_LOST (1U << 26)

void filter_begin(struct filter *f, const char *context, const struct mib_list *mibs)
{
	memset(f, 0, offsetof(struct filter, sets));
	f->context = context;
	f->mibs = mibs;
}

/* --- the phases of a SET -------------------------------------------------------------------- */

/*
 * The library copies the session number of a phase into its Response and uses it for nothing else.
 * The phase gets a number that no session has, so that answer_to_phase() knows the Response by it.
 */
static enum filter_verdict pass_phase(
	const struct filter *f, struct filter_set *s, uint8_t *pdu, uint64_t now_ms)
{
	s->packet = agentx_number(pdu, AGENTX_AT_PACKET);
	s->type = pdu[1];
	s->answered = false;
	s->passed_ms = now_ms;
	agentx_set_number(pdu, AGENTX_AT_SESSION, ~f->session);
	agentx_set_number(pdu, AGENTX_AT_TRANSACTION, s->id);
	return FILTER_TO_LIBRARY;
}

/*
 * The library frees what it knows of a SET with the answer to its last phase, uses it with the
 * answer to any other, and forgets to answer a CommitSet that comes again (agentx/subagent.c). So
 * a phase has to wait for the answer to the one before, and the next SET has a number of its own.
 * A master that asks again for the same has its answer already, or will get it.
 */
static enum filter_verdict take_phase(struct filter *f, const struct agentx_header *h, uint8_t *pdu,
	uint64_t now_ms, enum agentx_error *ret_error)
{
	struct filter_set *open = NULL;

	for (struct filter_set *s = f->sets; s < f->sets + f->n_sets; s++) {
		if (s->transaction != h->transaction)
			continue;
		if (s->type == h->type && s->packet == h->packet)
			return FILTER_DROP;
		if (s->type != AGENTX_UNDO_SET && s->type != AGENTX_CLEANUP_SET && !s->cleanup)
			open = s;
	}
	if (!open && h->type == AGENTX_TEST_SET) {
		if (f->n_sets == FILTER_SETS_MAX) {
			log_info(TOKEN, "the AgentX master begins SETs and ends none");
			return FILTER_HANG_UP;
		}
		open = &f->sets[f->n_sets++];
		*open = (struct filter_set){.transaction = h->transaction, .id = ++f->last_id};
		return pass_phase(f, open, pdu, now_ms);
	}
	if (open && open->answered)
		return pass_phase(f, open, pdu, now_ms);
	if (h->type == AGENTX_CLEANUP_SET) {
		if (open)
			open->cleanup = true;
		return FILTER_DROP;
	}
	*ret_error = AGENTX_PROCESSING_ERROR;
	return open && h->type == open->type ? FILTER_DROP : FILTER_REFUSE;
}

void filter_cleanup(struct filter *f, uint64_t now_ms, uint8_t ret_pdu[AGENTX_HEADER_SIZE])
{
	struct filter_set *s = f->sets;

	while (!s->cleanup || !s->answered)
		s++;
	const struct agentx_header h = {
		.version = AGENTX_VERSION, .type = AGENTX_CLEANUP_SET, .packet = s->packet};
	struct agentx_writer w = agentx_writer(ret_pdu, AGENTX_HEADER_SIZE, &h);
	agentx_finish(&w);
	pass_phase(f, s, ret_pdu, now_ms);
}

/* Gives a Response the numbers that the master knows. */
static enum filter_verdict answer_to_phase(struct filter *f, uint8_t *response)
{
	uint32_t id = agentx_number(response, AGENTX_AT_TRANSACTION);
	struct filter_set *s = f->sets, *end = s + f->n_sets;

	while (s < end && s->id != id)
		s++;
	if (s == end || s->answered)
		return FILTER_DROP;
	agentx_set_number(response, AGENTX_AT_SESSION, f->session);
	agentx_set_number(response, AGENTX_AT_TRANSACTION, s->transaction);
	s->answered = true;
	uint8_t type = s->type;
	if (type == AGENTX_UNDO_SET || type == AGENTX_CLEANUP_SET) {
		*s = end[-1];
		f->n_sets--;
	} else if (s->cleanup) {
		return FILTER_CLEANUP;
	}
	return type == AGENTX_CLEANUP_SET ? FILTER_DROP : FILTER_TO_MASTER;
}

bool filter_owes(const struct filter *f, uint64_t now_ms)
{
	for (size_t i = 0; i < f->n_sets; i++)
		if (!f->sets[i].answered && now_ms < f->sets[i].passed_ms + FILTER_PHASE_MS)
			return true;
	return false;
}

/* --- from the master ------------------------------------------------------------------------ */

/* The answer to a PDU that our side sent. */
static enum filter_verdict take_response(
	struct filter *f, const struct agentx_header *h, uint8_t *pdu, uint64_t now_ms)
{
	uint32_t uptime;
	uint16_t error;

	if (h->length > AGENTX_PDU_MAX - AGENTX_HEADER_SIZE ||
		!agentx_response(pdu, &uptime, &error))
		return FILTER_DROP;
	if (error == AGENTX_NOT_OPEN) {
		log_info(TOKEN, "the AgentX master does not know our session any more");
		return FILTER_HANG_UP;
	}
	if (!f->open && h->packet == FILTER_OPEN_PACKET) {
		f->open = error == AGENTX_NO_ERROR;
		f->session = h->session;
		f->uptime = uptime;
		agentx_set_number(pdu, AGENTX_AT_TRANSACTION, f->open_transaction);
		agentx_set_number(pdu, AGENTX_AT_PACKET, f->open_packet);
		return FILTER_TO_LIBRARY;
	}
	if (h->packet == f->exchange.packet)
		f->exchange.type = 0;
	f->awaits = f->awaits && h->packet != f->last_packet;
	f->awaits_since_ms = now_ms;
	for (struct filter_region *g = f->regions; g < f->regions + f->mibs->n; g++)
		if (g->registration == REGISTRATION_ASKED && h->packet == g->packet) {
			g->registration = error ? REGISTRATION_REFUSED : REGISTRATION_GRANTED;
			g->error = error;
			agentx_set_no_error(pdu);
		}
	return FILTER_TO_LIBRARY;
}

/*
 * What is wrong with a request; from a good one the context is taken out. The phases behind TestSet
 * need have none (6.1.1).
 */
static enum agentx_error error_in(
	const struct filter *f, const struct agentx_header *h, uint8_t *pdu)
{
	bool has_context = h->flags & AGENTX_NON_DEFAULT_CONTEXT;

	if (h->version != AGENTX_VERSION || h->type < AGENTX_GET || h->type > AGENTX_CLEANUP_SET ||
		h->length % 4)
		return AGENTX_PARSE_ERROR;
	if (!f->open || h->session != f->session)
		return AGENTX_NOT_OPEN;
	if (has_context ? !f->context : f->context && h->type <= AGENTX_TEST_SET)
		return AGENTX_UNSUPPORTED_CONTEXT;
	if (h->length > AGENTX_PDU_MAX - AGENTX_HEADER_SIZE)
		return AGENTX_TOO_BIG;
	return has_context && !agentx_cut_context(pdu, f->context) ? AGENTX_UNSUPPORTED_CONTEXT
								   : AGENTX_NO_ERROR;
}

enum filter_verdict filter_from_master(
	struct filter *f, uint8_t *pdu, uint64_t now_ms, enum agentx_error *ret_error)
{
	const struct agentx_header h = agentx_header(pdu);

	if (h.length > STREAM_LOST) {
		log_info(TOKEN, "the AgentX master sends a PDU of %u octets", h.length);
		return FILTER_HANG_UP;
	}
	if (h.type == AGENTX_CLOSE) {
		log_info(TOKEN, "the AgentX master closed our session");
		return FILTER_HANG_UP;
	}
	if (h.type == AGENTX_RESPONSE)
		return h.version == AGENTX_VERSION ? take_response(f, &h, pdu, now_ms)
						   : FILTER_DROP;
	enum agentx_error error = error_in(f, &h, pdu);
	if (error) {
		*ret_error = error;
		return h.type == AGENTX_CLEANUP_SET ? FILTER_DROP : FILTER_REFUSE;
	}
	if (h.type <= AGENTX_GET_BULK)
		return FILTER_READ;
	return take_phase(f, &h, pdu, now_ms, ret_error);
}

/* --- from the library ----------------------------------------------------------------------- */

/* 6.2.3: timeout, priority, range_subid, reserved; then the root of a module. */
static void note_register(struct filter *f, const struct agentx_header *h, const uint8_t *pdu)
{
	struct agentx_reader r = agentx_reader(pdu);
	struct agentx_oid root;

	(void)agentx_read_u16(&r);
	(void)agentx_read_u16(&r);
	agentx_read_oid(&r, &root);
	for (size_t i = 0; i < f->mibs->n; i++) {
		const struct mib *m = f->mibs->mibs[i];

		if (root.length == m->root_length &&
			memcmp(root.arcs, m->root, root.length * sizeof(root.arcs[0])) == 0)
			f->regions[i] = (struct filter_region){
				.registration = REGISTRATION_ASKED, .packet = h->packet};
	}
}

/* What is about the MIB, not about the session. */
static bool takes_context(uint8_t type)
{
	return type == AGENTX_REGISTER || type == AGENTX_UNREGISTER || type == AGENTX_NOTIFY ||
	       type == AGENTX_ADD_CAPS || type == AGENTX_REMOVE_CAPS;
}

/* The library reads nothing else until the answer is there, or its time-out is over. */
static bool is_waited_for(uint8_t type)
{
	return type == AGENTX_CLOSE || type == AGENTX_REGISTER || type == AGENTX_UNREGISTER ||
	       type == AGENTX_ADD_CAPS || type == AGENTX_REMOVE_CAPS;
}

bool filter_end_exchange(struct filter *f, uint8_t ret_pdu[AGENTX_RESPONSE_SIZE])
{
	if (f->exchange.type == 0)
		return false;
	agentx_error_response(ret_pdu, &f->exchange, AGENTX_NO_ERROR);
	f->exchange.type = 0;
	return true;
}

enum filter_verdict filter_from_library(
	struct filter *f, uint8_t *pdu, uint64_t now_ms, enum agentx_error *ret_error)
{
	const struct agentx_header h = agentx_header(pdu);

	if (h.type == AGENTX_OPEN) {
		f->open_transaction = h.transaction;
		f->open_packet = h.packet;
		return FILTER_DROP;
	}
	if (h.type == AGENTX_RESPONSE) {
		enum filter_verdict verdict =
			h.session == f->session ? FILTER_TO_MASTER : answer_to_phase(f, pdu);
		if (h.length <= AGENTX_PDU_MAX - AGENTX_HEADER_SIZE || verdict != FILTER_TO_MASTER)
			return verdict;
		*ret_error = AGENTX_TOO_BIG;
		return FILTER_REFUSE;
	}
	if (!f->awaits)
		f->awaits_since_ms = now_ms;
	f->awaits = true;
	f->last_packet = h.packet;
	if (is_waited_for(h.type))
		f->exchange = h;
	if (h.type == AGENTX_REGISTER)
		note_register(f, &h, pdu);
	if (f->context && takes_context(h.type))
		agentx_put_context(pdu, f->context);
	return FILTER_TO_MASTER;
}
