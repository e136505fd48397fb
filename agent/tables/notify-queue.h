/*
 * Notifications on their way: a bounded queue that is emptied at the pace of whoever sends them. It
 * knows neither AgentX nor net-snmp; what a notification says is in notification.h.
 *
 * A burst of some five hundred stops snmpd and its subagent for good, each in send(). So at most
 * NOTIFY_WINDOW are unanswered at any time.
 */
#ifndef TABLES_NOTIFY_QUEUE_H
#define TABLES_NOTIFY_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "control/handover.h"
#include "tables/notification.h"
#include "tables/view.h"

#define NOTIFY_WINDOW 50
#define NOTIFY_QUEUE  10000

struct notify_queue;

/* facts: whose counters it keeps; mibs: whose notifications it sends. Both must outlive it. */
int notify_queue_new(
	struct agent_facts *facts, const struct mib_list *mibs, struct notify_queue **ret);
void notify_queue_free(struct notify_queue *n);
/* rate: notifications of one domain and kind in a minute; 0: no limit. */
void notify_queue_configure(struct notify_queue *n, bool on, uint64_t rate);

/* Whether the i-th module's changes are not told, as another agent serves that module. */
void notify_queue_silence(struct notify_queue *n, size_t i, bool silent);

/* Takes the changes out of the inbox; notices operations that ended and changes of the link. */
void notify_queue_take(struct notify_queue *n, struct inbox *in, uint64_t now_ms);

/* To be called each turn, with the session that notifications go to. With a new session, those that
 * the last one did not answer are sent again. Those that waited too long for a session are dropped.
 */
void notify_queue_follow(struct notify_queue *n, uint32_t epoch, bool open, uint64_t now_ms);
/* Sends as many as may be under way. False of the sender: it cannot take one now. */
typedef bool notify_sender(void *user, const struct notification *what);
void notify_queue_send(struct notify_queue *n, notify_sender *send, void *user);
/* The master answered the oldest notification that was sent; refused: with an error. Masters answer
 * in order. */
void notify_queue_answered(struct notify_queue *n, bool refused);
/* When the next turn is useful; CLOCK_NEVER. */
uint64_t notify_queue_deadline(const struct notify_queue *n, bool may_send, uint64_t now_ms);

#endif
