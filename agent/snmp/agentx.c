/*
 * See agentx.h. Section numbers are those of RFC 2741.
 */
#include "snmp/agentx.h"

#include <string.h>

/* 5.1: 1.3.6.1.X with an X of one octet is written as a prefix. */
static const uint32_t internet[] = {1, 3, 6, 1};
enum { INTERNET = 4, PREFIXED = 5 };

/* From the byte order of a PDU to that of this machine, or back. */
static uint32_t in_order(uint32_t n, bool network)
{
	return network == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) ? n : __builtin_bswap32(n);
}

static uint32_t get_u32(const uint8_t *p, bool network)
{
	uint32_t n;
	memcpy(&n, p, 4);
	return in_order(n, network);
}

static uint16_t get_u16(const uint8_t *p, bool network)
{
	return (uint16_t)(network ? p[0] << 8 | p[1] : p[1] << 8 | p[0]);
}

static void put_u32(uint8_t *p, bool network, uint32_t n)
{
	n = in_order(n, network);
	memcpy(p, &n, 4);
}

/* Copies n numbers out of a PDU, or into one. */
static void copy_u32s(void *to, const void *from, size_t n, bool network)
{
	if (n > 0)
		memcpy(to, from, 4 * n);
	if (in_order(1, network) == 1)
		return;
	for (uint8_t *p = to, *end = p + 4 * n; p < end; p += 4)
		put_u32(p, network, get_u32(p, !network));
}

static void put_u16(uint8_t *p, bool network, uint16_t n)
{
	p[network ? 0 : 1] = (uint8_t)(n >> 8);
	p[network ? 1 : 0] = (uint8_t)n;
}

static bool is_network(const uint8_t *pdu)
{
	return pdu[2] & AGENTX_NETWORK_BYTE_ORDER;
}

struct agentx_header agentx_header(const uint8_t pdu[AGENTX_HEADER_SIZE])
{
	bool network = is_network(pdu);

	return (struct agentx_header){
		.version = pdu[0],
		.type = pdu[1],
		.flags = pdu[2],
		.session = get_u32(pdu + AGENTX_AT_SESSION, network),
		.transaction = get_u32(pdu + AGENTX_AT_TRANSACTION, network),
		.packet = get_u32(pdu + AGENTX_AT_PACKET, network),
		.length = get_u32(pdu + AGENTX_AT_LENGTH, network),
	};
}

uint32_t agentx_number(const uint8_t *pdu, size_t at)
{
	return get_u32(pdu + at, is_network(pdu));
}

void agentx_set_number(uint8_t *pdu, size_t at, uint32_t number)
{
	put_u32(pdu + at, is_network(pdu), number);
}

size_t agentx_size(const uint8_t *pdu)
{
	return AGENTX_HEADER_SIZE + (size_t)agentx_number(pdu, AGENTX_AT_LENGTH);
}

bool agentx_response(const uint8_t *pdu, uint32_t *ret_uptime, uint16_t *ret_error)
{
	if (agentx_number(pdu, AGENTX_AT_LENGTH) < AGENTX_RESPONSE_SIZE - AGENTX_HEADER_SIZE)
		return false;
	*ret_uptime = agentx_number(pdu, AGENTX_HEADER_SIZE);
	*ret_error = get_u16(pdu + AGENTX_HEADER_SIZE + 4, is_network(pdu));
	return true;
}

/* --- reading -------------------------------------------------------------------------------- */

struct agentx_reader agentx_reader(const uint8_t *pdu)
{
	return (struct agentx_reader){
		pdu + AGENTX_HEADER_SIZE, pdu + agentx_size(pdu), is_network(pdu), false};
}

/* The next n octets, or NULL. */
static const uint8_t *take_octets(struct agentx_reader *r, size_t n)
{
	const uint8_t *p = r->at;

	if (r->failed || n > (size_t)(r->end - p)) {
		r->failed = true;
		return NULL;
	}
	r->at += n;
	return p;
}

uint16_t agentx_read_u16(struct agentx_reader *r)
{
	const uint8_t *p = take_octets(r, 2);
	return p ? get_u16(p, r->network) : 0;
}

/* 5.1: n_subid, prefix, include, reserved; then the sub-identifiers behind the prefix. */
void agentx_read_oid(struct agentx_reader *r, struct agentx_oid *ret)
{
	const uint8_t *head = take_octets(r, 4),
		      *p = head ? take_octets(r, 4 * (size_t)head[0]) : NULL;

	ret->length = 0;
	if (!p)
		return;
	size_t n = head[0], prefixed = head[1] ? PREFIXED : 0;
	if (prefixed + n > AGENTX_OID_MAX) {
		r->failed = true;
		return;
	}
	ret->octets = head;
	ret->size = 4 + 4 * n;
	ret->include = head[2] != 0;
	ret->length = prefixed + n;
	if (prefixed) {
		memcpy(ret->arcs, internet, sizeof(internet));
		ret->arcs[INTERNET] = head[1];
	}
	copy_u32s(ret->arcs + prefixed, p, n, r->network);
}

void agentx_read_varbind_name(struct agentx_reader *r, struct agentx_oid *ret)
{
	uint16_t type = agentx_read_u16(r);
	size_t n = 4;

	(void)agentx_read_u16(r);
	agentx_read_oid(r, ret);
	if (type >= AGENTX_NO_SUCH_OBJECT)
		return;
	if (type == agentx_value_type(VALUE_OID)) {
		const uint8_t *head = take_octets(r, 4);
		n = head ? 4 * (size_t)head[0] : 0;
	} else if (type == agentx_value_type(VALUE_COUNTER64)) {
		n = 8;
	} else if (type == agentx_value_type(VALUE_OCTETS)) {
		const uint8_t *length = take_octets(r, 4);
		n = length ? get_u32(length, r->network) : 0;
		n += -n % 4;
	}
	(void)take_octets(r, n);
}

/* --- writing -------------------------------------------------------------------------------- */

/* Room for n octets, or NULL. */
static uint8_t *room_for(struct agentx_writer *w, size_t n)
{
	uint8_t *p = w->at;

	if (n > (size_t)(w->end - p)) {
		w->full = true;
		return NULL;
	}
	w->at += n;
	return p;
}

void agentx_write_u32(struct agentx_writer *w, uint32_t number)
{
	uint8_t *p = room_for(w, 4);
	if (p)
		put_u32(p, w->network, number);
}

void agentx_write_u16(struct agentx_writer *w, uint16_t number)
{
	uint8_t *p = room_for(w, 2);
	if (p)
		put_u16(p, w->network, number);
}

struct agentx_writer agentx_writer(uint8_t *room, size_t size, const struct agentx_header *h)
{
	struct agentx_writer w = {
		room, room, room + size, h->flags & AGENTX_NETWORK_BYTE_ORDER, false};
	uint8_t *p = room_for(&w, 4);

	if (p)
		memcpy(p, (const uint8_t[]){h->version, h->type, h->flags, 0}, 4);
	agentx_write_u32(&w, h->session);
	agentx_write_u32(&w, h->transaction);
	agentx_write_u32(&w, h->packet);
	agentx_write_u32(&w, 0);
	return w;
}

/* 6.2.16. Without an index, net-snmp's master turns an error of SNMP into genErr. */
struct agentx_writer agentx_response_writer(
	uint8_t *room, size_t size, const struct agentx_header *to, enum agentx_error error)
{
	struct agentx_header h = *to;
	h.version = AGENTX_VERSION;
	h.type = AGENTX_RESPONSE;
	h.flags &= AGENTX_NETWORK_BYTE_ORDER;
	struct agentx_writer w = agentx_writer(room, size, &h);

	agentx_write_u32(&w, 0); /* sysUpTime, which the master knows */
	agentx_write_u16(&w, (uint16_t)error);
	agentx_write_u16(&w, error > 0 && error < 256);
	return w;
}

void agentx_write_oid_again(struct agentx_writer *w, const struct agentx_oid *oid)
{
	uint8_t *p = room_for(w, oid->size);

	if (!p)
		return;
	memcpy(p, oid->octets, oid->size);
	p[2] = 0; /* include is only for search ranges */
}

void agentx_write_name(struct agentx_writer *w, const uint32_t *above, size_t n_above,
	const uint32_t *below, size_t n)
{
	size_t rest = n_above - PREFIXED;
	uint8_t *p = room_for(w, 4 + 4 * (rest + n));

	if (!p)
		return;
	memcpy(p, (const uint8_t[]){(uint8_t)(rest + n), (uint8_t)above[INTERNET], 0, 0}, 4);
	copy_u32s(p + 4, above + PREFIXED, rest, w->network);
	copy_u32s(p + 4 + 4 * rest, below, n, w->network);
}

/* 5.3: padded with zeros to a multiple of four octets. */
void agentx_write_octets(struct agentx_writer *w, const void *octets, size_t n)
{
	size_t padding = -n % 4;

	agentx_write_u32(w, (uint32_t)n);
	uint8_t *p = room_for(w, n + padding);
	if (!p)
		return;
	if (n > 0)
		memcpy(p, octets, n);
	memset(p + n, 0, padding);
}

uint16_t agentx_value_type(enum value_type type)
{
	static const uint8_t types[_VALUE_TYPE_MAX] = {
		[VALUE_INTEGER] = 2,
		[VALUE_UNSIGNED] = 66,
		[VALUE_COUNTER] = 65,
		[VALUE_COUNTER64] = 70,
		[VALUE_TIME_TICKS] = 67,
		[VALUE_OCTETS] = 4,
		[VALUE_OID] = 6,
	};
	return types[type];
}

void agentx_write_value(struct agentx_writer *w, const struct value *value)
{
	switch (value->type) {
	case VALUE_OCTETS:
		agentx_write_octets(w, value_octets(value), value->octets.length);
		break;
	case VALUE_OID:
		agentx_write_name(w, value->oid.arcs, value->oid.length, NULL, 0);
		break;
	case VALUE_COUNTER64:
		/* 5.4: the 64 bits as one number in the byte order of the PDU. */
		agentx_write_u32(w, (uint32_t)(value->big >> (w->network ? 32 : 0)));
		agentx_write_u32(w, (uint32_t)(value->big >> (w->network ? 0 : 32)));
		break;
	case VALUE_INTEGER:
		agentx_write_u32(w, (uint32_t)value->integer);
		break;
	default:
		agentx_write_u32(w, value->number);
	}
}

size_t agentx_finish(struct agentx_writer *w)
{
	size_t size = (size_t)(w->at - w->pdu);

	if (w->full)
		return 0;
	put_u32(w->pdu + AGENTX_AT_LENGTH, w->network, (uint32_t)(size - AGENTX_HEADER_SIZE));
	return size;
}

/* --- the context ---------------------------------------------------------------------------- */

bool agentx_cut_context(uint8_t *pdu, const char *context)
{
	struct agentx_reader r = agentx_reader(pdu);
	const uint8_t *length = take_octets(&r, 4);
	size_t n = length ? get_u32(length, r.network) : 0;

	if (n != strlen(context))
		return false;
	const uint8_t *octets = take_octets(&r, n + -n % 4);
	if (!octets || memcmp(octets, context, n) != 0)
		return false;
	size_t rest = (size_t)(r.end - r.at);
	memmove(pdu + AGENTX_HEADER_SIZE, r.at, rest);
	pdu[2] &= (uint8_t)~AGENTX_NON_DEFAULT_CONTEXT;
	put_u32(pdu + AGENTX_AT_LENGTH, r.network, (uint32_t)rest);
	return true;
}

void agentx_put_context(uint8_t *pdu, const char *context)
{
	uint8_t *body = pdu + AGENTX_HEADER_SIZE;
	size_t n = strlen(context), size = 4 + n + -n % 4;
	size_t rest = agentx_size(pdu) - AGENTX_HEADER_SIZE;

	memmove(body + size, body, rest);
	struct agentx_writer w = {pdu, body, body + size, is_network(pdu), false};
	agentx_write_octets(&w, context, n);
	pdu[2] |= AGENTX_NON_DEFAULT_CONTEXT;
	put_u32(pdu + AGENTX_AT_LENGTH, w.network, (uint32_t)(size + rest));
}
