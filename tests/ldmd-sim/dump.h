/*
 * The whole host as one line of JSON, for tests to compare with what a client says.
 */
#ifndef LDMD_SIM_DUMP_H
#define LDMD_SIM_DUMP_H

#include "host.h"

void dump_write(const struct host *host, struct buf *out);

#endif
