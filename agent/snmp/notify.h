/*
 * Sends the notifications of tables/notify-queue.h as AgentX Notify (RFC 2741 6.2.10).
 */
#ifndef SNMP_NOTIFY_H
#define SNMP_NOTIFY_H

#include <stdint.h>

struct agentx_session;
struct notify_queue;

/* What may be sent now; nothing to a master that stopped answering. */
void notify_turn(struct notify_queue *q, struct agentx_session *s, uint64_t now_ms);
/* When the next turn is useful; CLOCK_NEVER. */
uint64_t notify_deadline(
	const struct notify_queue *q, const struct agentx_session *s, uint64_t now_ms);

#endif
