/*
 * A manager's walk over all tables, looking at each value: in order, within the bounds of the MIB,
 * and coming to an end.
 */
#ifndef TESTS_FUZZ_PICTURE_H
#define TESTS_FUZZ_PICTURE_H

#include <stdint.h>

struct oplog_view;
struct snapshot;
struct value;

/* NULL: none. */
void picture_walk(const struct snapshot *s, const struct oplog_view *operations, uint64_t now_ms);
void picture_check_value(const struct value *v);

#endif
