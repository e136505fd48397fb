/*
 * Holds back a domain that has too many notifications: a number in a minute, counted for each
 * domain and kind by itself, so that one whose state flaps still tells of a lost disk.
 */
#ifndef TABLES_RATE_LIMIT_H
#define TABLES_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct rate_limit;

int rate_limit_new(struct rate_limit **ret);
void rate_limit_free(struct rate_limit *d);
/* 0: no limit. */
void rate_limit_set(struct rate_limit *d, uint64_t per_minute);
/* Counts one and says whether it may go. Without memory it may. */
bool rate_limit_pass(struct rate_limit *d, uint32_t index, uint32_t kind, uint64_t now_ms);

#endif
