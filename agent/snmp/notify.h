/*
 * Sends the notifications of tables/notify-queue.h as AgentX Notify (RFC 2741 6.2.10).
 */
#ifndef SNMP_NOTIFY_H
#define SNMP_NOTIFY_H

#include <stdint.h>

struct agentx_session;
struct notify_queue;

/* Sends as many as may be under way; none while the master does not answer. */
void notify_turn(struct notify_queue *q, struct agentx_session *s, uint64_t now_ms);
/* When the next turn is needed; CLOCK_NEVER: when something happens. */
uint64_t notify_deadline(
	const struct notify_queue *q, const struct agentx_session *s, uint64_t now_ms);

#endif
