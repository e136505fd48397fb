/*
 * The answer to a request: the same tree with responses on three levels.
 */
#ifndef LDMD_SIM_REPLY_H
#define LDMD_SIM_REPLY_H

#include "request.h"
#include "util.h"

void reply_write(struct request *request, struct buf *out);
/* An answer to a question that nobody asked. */
void reply_write_unasked(struct buf *out);

#endif
