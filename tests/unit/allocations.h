/*
 * Memory that runs out when a test says so. The linker puts these functions in the place of the C
 * library's for all that is ours (--wrap); libraries are served as ever.
 */
#ifndef TESTS_UNIT_ALLOCATIONS_H
#define TESTS_UNIT_ALLOCATIONS_H

#include <stdbool.h>
#include <stddef.h>

/* From now on: the nth allocation of this thread fails, and all after it if `for_good`. */
void allocations_fail(size_t nth, bool for_good);
/* No more failures. Whether there was one. */
bool allocations_stop(void);
/* Blocks that were allocated by ours and not given back. */
size_t allocations_open(void);

#endif
