/*
 * The whole program as one call: options, configuration, the two threads, signals.
 * Returns the exit status: 0 fine, 1 failed, 2 wrong usage or configuration.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#define EXIT_USAGE 2

int daemon_main(int argc, char **argv);

#endif
