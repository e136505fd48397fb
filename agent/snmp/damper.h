/*
 * Holds back a domain that has too many notifications: a number in a minute, counted for each
 * domain and kind by itself, so that one whose state flaps still tells of a lost disk.
 */
#ifndef SNMP_DAMPER_H
#define SNMP_DAMPER_H

#include <stdbool.h>
#include <stdint.h>

struct damper;

int damper_new(struct damper **ret);
void damper_free(struct damper *d);
/* 0: no limit. */
void damper_set_rate(struct damper *d, uint64_t per_minute);
/* Counts one and says whether it may go. Without memory it may. */
bool damper_pass(struct damper *d, uint32_t index, uint32_t kind, uint64_t now_ms);

#endif
