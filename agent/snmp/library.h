/*
 * The library's manners: how libnetsnmp is started as a subagent that leaves the process alone (no
 * signals, no files, no output of its own), and how it is ended.
 */
#ifndef SNMP_LIBRARY_H
#define SNMP_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>

struct pollset;

/* What the library logs when the master refused a registration; nothing else tells. */
#define LIBRARY_REFUSED_LINE "registering pdu failed"

/* Nothing is connected yet; what is registered goes out later. -EALREADY: it ran in this process
 * before; -EIO. */
int library_start(const char *agentx_socket);
/* Connects to the master for the first time, blocking for as long as that one does. */
void library_connect(void);
/* Closes the session if there is one. */
void library_stop(void);

/* One turn. prepare: which descriptors it wants to read and, with timers, when its next alarm is
 * due. -ENOMEM. */
int library_prepare(struct pollset *ps, bool timers, uint64_t now_ms);
void library_read(const struct pollset *ps);

#endif
