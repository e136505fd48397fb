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
 * One that the master did not answer in time is in its hands all the same: it will get to it, or
 * the session ends. What was said to a session that it had closed is said again to the next one.
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

/* Where another session holds our root, its agent tells the same. */
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
