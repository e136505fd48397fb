/*
 * The whole program as one call: options, configuration, the two threads, signals.
 * Returns the exit status (sysexits are not used: 0 fine, 1 failed, 2 wrong usage).
 */
#pragma once

int daemon_main(int argc, char **argv);
