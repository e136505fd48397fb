/*
 * Faults that damage the finished bytes of what ldmd says.
 */
#ifndef LDMD_SIM_MANGLE_H
#define LDMD_SIM_MANGLE_H

#include "util.h"

struct sim;
struct subject;

void mangle(struct sim *sim, const struct subject *subject, struct buf *text);

#endif
