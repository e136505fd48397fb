/*
 * The whole program as one call: options, configuration, the two threads, signals.
 * Returns the exit status (options.h).
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

int daemon_main(int argc, char **argv);

#endif
