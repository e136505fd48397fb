/*
 * What differs between operating systems. One implementation is chosen by configure.
 */
#ifndef DAEMON_PLATFORM_H
#define DAEMON_PLATFORM_H

#include <stdbool.h>

/* No core dump and no debugger of the same user may read the password. -errno. */
int platform_hide_memory(void);
/*
 * Gives up for ever what the agent never needs: privileges, new privileges, starting programs. Root
 * keeps only the capability to open files and sockets of other owners. Before threads start.
 * -errno.
 */
int platform_drop_privileges(void);
/*
 * Memory that was freed goes back to the system, also after a burst: the size from which on it does
 * stays as it is. Before threads start.
 */
void platform_return_memory(void);

#endif
