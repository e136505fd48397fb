/*
 * Tells the service manager what the agent does, in systemd's protocol (sd_notify(3)), which other
 * service managers know as well. Without the environment variables of that protocol nothing is
 * sent; SMF watches the process itself.
 */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the variables of the protocol and removes them. To be called before threads start. */
void service_open(void);
void service_ready(void);
void service_reloading(void);
void service_stopping(void);
/* One line for people, e.g. in `systemctl status`. */
void service_status(const char *text);
/* The longest time between two calls of service_alive(), in ms; 0: there is no watchdog. */
uint64_t service_watchdog_ms(void);
void service_alive(void);
void service_close(void);

/* Whether stderr goes to a journal that wants a line to begin with its priority. */
bool service_reads_stderr(void);

#endif
