/*
 * Notifications on their way: a bounded queue that is emptied at the master's pace.
 *
 * A burst of some five hundred stops snmpd and its subagent for good, each in send(). So at most
 * NOTIFY_WINDOW are unanswered at any time, and none is sent to a master that stopped answering.
 */
#ifndef SNMP_NOTIFY_H
#define SNMP_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "control/handover.h"
#include "tables/view.h"

#define NOTIFY_WINDOW 50
#define NOTIFY_QUEUE  10000

struct agentx_session;
struct notifier;

/* facts: whose counters it keeps; must outlive it. */
int notifier_new(struct agent_facts *facts, struct notifier **ret);
void notifier_free(struct notifier *n);
/* rate: notifications of one domain and kind in a minute; 0: no limit. */
void notifier_configure(struct notifier *n, bool on, uint64_t rate);

/* Takes the changes out of the inbox; notices operations that ended and changes of the link. */
void notifier_take(struct notifier *n, struct inbox *in, uint64_t now_ms);
/* Sends what may be sent now. */
void notifier_turn(struct notifier *n, struct agentx_session *session, uint64_t now_ms);
/* When the next turn is useful; CLOCK_NEVER. */
uint64_t notifier_deadline(
	const struct notifier *n, const struct agentx_session *session, uint64_t now_ms);
size_t notifier_waiting(const struct notifier *n);

#endif
