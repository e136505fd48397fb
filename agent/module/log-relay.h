/*
 * Writes our log lines into snmpd's log. Only the thread of snmpd's loop may call net-snmp and its
 * logger, so the lines of all threads go into a bounded queue, which that thread empties.
 */
#ifndef MODULE_LOG_RELAY_H
#define MODULE_LOG_RELAY_H

struct log_relay;

/* From now on all lines go through the queue. -ENOMEM, -EMFILE or another -errno. */
int log_relay_new(struct log_relay **ret);
/* Writes the lines that are left. All other threads must have ended, and nothing may be logged
 * afterwards. NULL is allowed. */
void log_relay_free(struct log_relay *r);

#endif
