/*
 * See notify.h.
 */
#include "snmp/notify.h"

#include "snmp/agentx.h"
#include "snmp/session.h"
#include "snmp/library.h"
#include "tables/notify-queue.h"

struct sender {
	struct notify_queue *queue;
	struct agentx_session *session;
};

/*
 * A notification that was not answered in time counts as sent: the master has it, and handles it
 * later if the session lasts. After notOpen it stays in the queue, for the next session.
 */
static int on_answer(int op, netsnmp_session *library, int reqid, netsnmp_pdu *pdu, void *magic)
{
	(void)library, (void)reqid;
	long error = op == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE ? pdu->errstat : 0;

	if (error != AGENTX_NOT_OPEN)
		notify_queue_answered(magic, error != 0);
	return 1;
}

static bool send_one(void *user, const struct notification *what)
{
	const struct sender *s = user;
	netsnmp_pdu *pdu = snmp_pdu_create(AGENTX_NOTIFY);

	if (!pdu)
		return false;
	if (varbinds_from_notification(what, &pdu->variables) &&
		agentx_session_send(s->session, pdu, on_answer, s->queue))
		return true;
	snmp_free_pdu(pdu);
	return false;
}

/* In AGENTX_CONTESTED another agent holds our root and sends the same notifications. */
static bool may_send(const struct agentx_session *s)
{
	return s->state == AGENTX_SERVING && !s->slow;
}

void notify_turn(struct notify_queue *q, struct agentx_session *s, uint64_t now_ms)
{
	notify_queue_follow(
		q, s->epoch, s->state == AGENTX_SERVING || s->state == AGENTX_CONTESTED, now_ms);
	if (may_send(s))
		notify_queue_send(q, send_one, &(struct sender){q, s});
}

uint64_t notify_deadline(
	const struct notify_queue *q, const struct agentx_session *s, uint64_t now_ms)
{
	return notify_queue_deadline(q, may_send(s), now_ms);
}
