/*
 * Reads and writes AgentX PDUs (RFC 2741 5 and 6), as far as transport.c and read.c need them.
 *
 * A reader never passes the end of its PDU, a writer never the end of its room. Both remember a
 * failure, so that the caller asks once, at the end.
 */
#ifndef SNMP_AGENTX_H
#define SNMP_AGENTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tables/value.h"

enum agentx_type {
	AGENTX_OPEN = 1,
	AGENTX_CLOSE,
	AGENTX_REGISTER,
	AGENTX_UNREGISTER,
	AGENTX_GET,
	AGENTX_GET_NEXT,
	AGENTX_GET_BULK,
	AGENTX_TEST_SET,
	AGENTX_COMMIT_SET,
	AGENTX_UNDO_SET,
	AGENTX_CLEANUP_SET,
	AGENTX_NOTIFY,
	AGENTX_PING,
	AGENTX_ADD_CAPS = 16,
	AGENTX_REMOVE_CAPS,
	AGENTX_RESPONSE,
};

/* Bits of h.flags (6.1). */
enum { AGENTX_NON_DEFAULT_CONTEXT = 8, AGENTX_NETWORK_BYTE_ORDER = 0x10 };

/* res.error (RFC 2741 6.2.16); numbers below 256 are SNMP's. */
enum agentx_error {
	AGENTX_NO_ERROR = 0,
	AGENTX_TOO_BIG = 1,
	AGENTX_NOT_OPEN = 257,
	AGENTX_UNSUPPORTED_CONTEXT = 262,
	AGENTX_DUPLICATE_REGISTRATION = 263,
	AGENTX_PARSE_ERROR = 266,
	AGENTX_PROCESSING_ERROR = 268,
};

/* v.type where there is no value (RFC 2741 5.4). */
enum { AGENTX_NO_SUCH_OBJECT = 128, AGENTX_NO_SUCH_INSTANCE, AGENTX_END_OF_MIB_VIEW };

#define AGENTX_VERSION	     1
#define AGENTX_HEADER_SIZE   20
#define AGENTX_RESPONSE_SIZE 28 /* without varbinds */
/* Octets of the longest PDU that net-snmp takes, with the header (agentx/protocol.c). */
#define AGENTX_PDU_MAX 65536
#define AGENTX_OID_MAX 128 /* sub-identifiers, RFC 2578 3.5 */
/* Octets of a context's name at most (SnmpAdminString, RFC 3411 5), and of its field in a PDU. */
#define AGENTX_CONTEXT_MAX  255
#define AGENTX_CONTEXT_SIZE (4 + 256)
/* Octets of the longest name that SNMP's access control takes (vacmContextName, RFC 3415). */
#define VACM_CONTEXT_MAX 32

struct agentx_header {
	uint8_t version, type, flags;
	uint32_t session, transaction, packet;
	uint32_t length; /* of what follows the header, in octets */
};
struct agentx_header agentx_header(const uint8_t pdu[AGENTX_HEADER_SIZE]);

/* Offsets of the fields that are changed in place. */
enum {
	AGENTX_AT_SESSION = 4,
	AGENTX_AT_TRANSACTION = 8,
	AGENTX_AT_PACKET = 12,
	AGENTX_AT_LENGTH = 16,
	AGENTX_AT_ERROR = 24, /* res.error and res.index of a Response; both are 0 at success */
};
/* The 32 bits at an offset of a PDU, which are in the byte order that the PDU's flags say. */
uint32_t agentx_number(const uint8_t *pdu, size_t at);
void agentx_set_number(uint8_t *pdu, size_t at, uint32_t number);
/* Octets of a PDU with its header; only the header is read. */
size_t agentx_size(const uint8_t *pdu);
/* sysUpTime (1/100 s) and res.error of a whole Response; false: the Response is too short. */
bool agentx_response(const uint8_t *pdu, uint32_t *ret_uptime, uint16_t *ret_error);

/* --- the context, behind the header (6.1.1) --------------------------------------------------- */

/* Removes the context from a whole PDU that has one. False: the PDU has another context. */
bool agentx_cut_context(uint8_t *pdu, const char *context);
/* Puts a context into a whole PDU that has none; behind it is room for AGENTX_CONTEXT_SIZE. */
void agentx_put_context(uint8_t *pdu, const char *context);

/* --- reading -------------------------------------------------------------------------------- */

struct agentx_reader {
	const uint8_t *at, *end;
	bool network; /* byte order */
	bool failed;  /* something was missing or had a length that it must not have */
};

struct agentx_oid {
	const uint8_t *octets; /* borrowed from the PDU */
	size_t size;	       /* of octets */
	bool include;
	size_t length; /* sub-identifiers; 0: the null OID */
	uint32_t arcs[AGENTX_OID_MAX];
};

/* Over the body of a whole PDU. */
struct agentx_reader agentx_reader(const uint8_t *pdu);
uint16_t agentx_read_u16(struct agentx_reader *r);
void agentx_read_oid(struct agentx_reader *r, struct agentx_oid *ret);
/* Reads the name of a varbind and skips its value: an exception, or of an enum value_type. */
void agentx_read_varbind_name(struct agentx_reader *r, struct agentx_oid *ret);

/* --- writing -------------------------------------------------------------------------------- */

struct agentx_writer {
	uint8_t *pdu, *at, *end;
	bool network;
	bool full; /* something did not fit */
};

/* A PDU that begins with that header (the length follows from agentx_finish()). */
struct agentx_writer agentx_writer(uint8_t *room, size_t size, const struct agentx_header *h);
/* A Response to the PDU with that header, AGENTX_RESPONSE_SIZE octets and then its varbinds. */
struct agentx_writer agentx_response_writer(
	uint8_t *room, size_t size, const struct agentx_header *to, enum agentx_error error);
void agentx_write_u32(struct agentx_writer *w, uint32_t number);
void agentx_write_u16(struct agentx_writer *w, uint16_t number);
/* The name of a varbind as the request has it. */
void agentx_write_oid_again(struct agentx_writer *w, const struct agentx_oid *oid);
/* A name in two parts; the first one begins with 1.3.6.1 and has at least five arcs. */
void agentx_write_name(struct agentx_writer *w, const uint32_t *above, size_t n_above,
	const uint32_t *below, size_t n);
void agentx_write_octets(struct agentx_writer *w, const void *octets, size_t n);
void agentx_write_value(struct agentx_writer *w, const struct value *value);
/* v.type (5.4), which is the value's ASN.1 tag as well. */
uint16_t agentx_value_type(enum value_type type);
/* Writes the length into the header. Returns the octets of the PDU; 0: something did not fit. */
size_t agentx_finish(struct agentx_writer *w);

#endif
