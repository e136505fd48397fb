/*
 * Tells the service manager how the agent is: the protocol of systemd, which others speak as well.
 * Without the environment variables of sd_notify(3) nothing is sent (SMF watches the process
 * itself).
 */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/* Looks at the environment once and clears what children must not see; before threads start. */
void service_open(void);
void service_ready(void);
void service_reloading(void);
void service_stopping(void);
/* One line for people, e.g. in `systemctl status`. */
void service_status(const char *text);
/* 0: nobody watches; else service_alive() has to be called more often than this. */
uint64_t service_watchdog_ms(void);
void service_alive(void);
void service_close(void);

/* Whether stderr goes to a journal that wants a line to begin with its priority. */
bool service_reads_stderr(void);

#endif
