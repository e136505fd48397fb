/*
 * The answer to a request: the same tree with responses on three levels.
 */
#ifndef LDMD_SIM_REPLY_H
#define LDMD_SIM_REPLY_H

#include "request.h"
#include "util.h"

void reply_write(struct request *request, struct buf *out);

/* Faults that damage the finished bytes of a document. */
void reply_mangle(struct sim *sim, const char *action, const char *domain, struct buf *text);

#endif
