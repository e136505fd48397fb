/*
 * Comparing and rounding of numbers, and parsers of numbers as ldmd and the configuration write
 * them. The parsers allow white space around the number; any other text is -EINVAL, a number that
 * is too large -ERANGE. Nothing is stored on errors.
 */
#ifndef UTIL_NUMBER_H
#define UTIL_NUMBER_H

#include <stdint.h>

#define MEGABYTE (UINT64_C(1) << 20)

/* Rounded down. */
static inline uint64_t bytes_to_megabytes(uint64_t bytes)
{
	return bytes / MEGABYTE;
}

/* -1, 0 or 1, as qsort(3) and bsearch(3) want it. */
static inline int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Decimal digits only. */
int parse_u64(const char *text, uint64_t *ret);
int parse_u32(const char *text, uint32_t *ret);
/* The text is like "4G", "2048M", "256k", "1T", or bytes, "123", "123B"; 1k is 1024 bytes. */
int parse_size(const char *text, uint64_t *ret_bytes);
/* The text is like "0.7%", "100", "12.34 %"; rounded down to 0.1 %. -ERANGE: above 100 %. */
int parse_permille(const char *text, uint32_t *ret_permille);
/* The text is like "1d 22h 53m", "3h", "42s", "2w", or a number of seconds. */
int parse_uptime(const char *text, uint64_t *ret_seconds);

#endif
