/*
 * Writing JSON on one line.
 */
#ifndef LDMD_SIM_JSON_H
#define LDMD_SIM_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "util.h"

/* key = NULL inside arrays. Commas are placed from what stands before. */
void json_open(struct buf *out, const char *key, char bracket);
void json_close(struct buf *out, char bracket);
void json_string(struct buf *out, const char *key, const char *value); /* NULL = null */
void json_number(struct buf *out, const char *key, uint64_t value);
void json_bool(struct buf *out, const char *key, bool value);

#endif
