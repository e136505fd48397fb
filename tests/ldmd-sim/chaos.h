/*
 * Random but legal changes, as many as a test wants.
 */
#ifndef LDMD_SIM_CHAOS_H
#define LDMD_SIM_CHAOS_H

#include "host.h"

/*
 * Makes `count` changes, each a success. With `at_once` every operation ends before the next
 * begins; otherwise those that take time run on. Returns how many were made.
 */
unsigned chaos_run(struct sim *sim, unsigned count, bool at_once);

#endif
