/*
 * The clock for all intervals and deadlines, which never jumps, and the wall clock for people.
 */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdint.h>

/* "Never" as a deadline. */
#define CLOCK_NEVER UINT64_MAX

/* Milliseconds since some moment in the past; never 0. */
uint64_t clock_ms(void);
/* The wall clock, for people: milliseconds since 1970. */
int64_t clock_wall_ms(void);
/* now_ms + delay_ms; CLOCK_NEVER if the sum does not fit. */
uint64_t clock_after(uint64_t now_ms, uint64_t delay_ms);

#endif
