/*
 * What differs between operating systems. configure chooses one implementation.
 */
#ifndef DAEMON_PLATFORM_H
#define DAEMON_PLATFORM_H

/*
 * Keeps the password out of core dumps and, on Linux, out of reach of debuggers that the same user
 * runs. -errno.
 */
int platform_hide_memory(void);
/*
 * Gives up for ever the privileges that the agent never needs. Linux: all capabilities, and new
 * ones by exec(2); root keeps only CAP_DAC_OVERRIDE, to open files and sockets of other owners.
 * Solaris: fork, exec and looking at other processes. To be called before threads start. -errno.
 */
int platform_drop_privileges(void);
/*
 * Makes the C library give freed memory back to the system, also after a burst of allocations. To
 * be called before threads start.
 */
void platform_return_memory(void);

#endif
