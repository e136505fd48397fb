/*
 * Log lines on their way into snmpd's log. Only the thread of snmpd's loop may call net-snmp, its
 * logger too: so lines of any thread go into a bounded queue, which that thread empties.
 */
#ifndef MODULE_LOG_RELAY_H
#define MODULE_LOG_RELAY_H

struct log_relay;

/* From now on all lines go through the queue, and snmpd's loop writes them. -ENOMEM, -errno. */
int log_relay_new(struct log_relay **ret);
/* After the other thread ended: writes what is left. Nothing may be logged after it. NULL is
 * allowed. */
void log_relay_free(struct log_relay *r);

#endif
