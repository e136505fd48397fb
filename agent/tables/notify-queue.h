/*
 * The notifications that are to be sent, in a bounded queue. A notification leaves the queue when
 * it is answered. Knows neither AgentX nor net-snmp.
 *
 * A burst of some five hundred blocks snmpd and its subagent for ever, each in send(). So at most
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

/* facts: where the counters are; mibs: the modules whose notifications are sent. Both must outlive
 * the queue. -ENOMEM. */
int notify_queue_new(
	struct agent_facts *facts, const struct mib_list *mibs, struct notify_queue **ret);
void notify_queue_free(struct notify_queue *n);
/* rate: notifications of one domain and kind in a minute; 0: no limit. */
void notify_queue_configure(struct notify_queue *n, bool on, uint64_t rate);

/* silent: no notifications of the i-th module, as another agent serves the module. */
void notify_queue_silence(struct notify_queue *n, size_t i, bool silent);

/* Queues notifications of the inbox's changes, which it takes out, of operations that have ended
 * since the last call, and of a change of the link. */
void notify_queue_take(struct notify_queue *n, struct inbox *in, uint64_t now_ms);

/* To be called in each turn. epoch: of the session that notifications go to; open: there is one.
 * What the session before did not answer is sent again; what has waited for five minutes, dropped.
 */
void notify_queue_follow(struct notify_queue *n, uint32_t epoch, bool open, uint64_t now_ms);
/* Sends as many as may be under way. The sender returns false when it cannot send now. */
typedef bool notify_sender(void *user, const struct notification *what);
void notify_queue_send(struct notify_queue *n, notify_sender *send, void *user);
/* The master has answered the oldest notification under way (a master answers in order); refused:
 * with an error. */
void notify_queue_answered(struct notify_queue *n, bool refused);
/* When the next turn is needed; CLOCK_NEVER: when something happens. */
uint64_t notify_queue_deadline(const struct notify_queue *n, bool may_send, uint64_t now_ms);

#endif
