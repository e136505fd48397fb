/*
 * An AgentX master (RFC 2741) for one subagent in the same process: answers Open, Register and the
 * like from a thread of its own until the subagent serves; from then on every PDU is the caller's.
 */
#ifndef TESTS_FUZZ_MASTER_H
#define TESTS_FUZZ_MASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"

enum agentx_type {
	AGENTX_OPEN = 1,
	AGENTX_CLOSE = 2,
	AGENTX_GET = 5,
	AGENTX_GETNEXT = 6,
	AGENTX_GETBULK = 7,
	AGENTX_TESTSET = 8,
	AGENTX_COMMITSET = 9,
	AGENTX_UNDOSET = 10,
	AGENTX_CLEANUPSET = 11,
	AGENTX_NOTIFY = 12,
	AGENTX_PING = 13,
	AGENTX_RESPONSE = 18,
};

struct agentx_header {
	uint8_t type, flags;
	uint32_t session, transaction, packet, length;
};

struct master;

/* Listens on that socket. */
struct master *master_new(const char *path);
/*
 * Answers by itself, until master_take(): the session of the subagent's last Open, whose
 * descriptor is the caller's from then on, and so are the octets that have come already.
 */
void master_serve(struct master *m);
int master_take(struct master *m, uint32_t *ret_session, struct buffer *ret_rest);

/* Appends a PDU; in network byte order, or the other. */
void agentx_put(struct buffer *b, const struct agentx_header *h, const struct buffer *body);
void agentx_put_u32(struct buffer *b, bool network, uint32_t n);
void agentx_put_u16(struct buffer *b, bool network, uint16_t n);
/* Arcs behind 1.3.6.1.4. */
void agentx_put_oid(struct buffer *b, bool network, const uint32_t *arcs, size_t n, bool include);
void agentx_put_octets(struct buffer *b, bool network, const void *octets, size_t n);
#define AGENTX_NETWORK_BYTE_ORDER 0x10

/* The next PDU of what was received; false: there is none yet. Its body is behind the header. */
#define AGENTX_HEADER_SIZE 20
bool agentx_next(const struct buffer *b, struct agentx_header *ret);
/* The answer "no error" to it. */
void agentx_put_answer(struct buffer *b, const struct agentx_header *to, uint32_t session);

#endif
