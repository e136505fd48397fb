/*
 * Numbers as ldmd and the configuration write them. Strict: surrounding white space is allowed,
 * anything else that is not part of the number is -EINVAL, too large is -ERANGE. Nothing is stored
 * on errors.
 */
#ifndef UTIL_NUMBER_H
#define UTIL_NUMBER_H

#include <stdint.h>

/* Decimal digits only. */
int parse_u64(const char *text, uint64_t *ret);
int parse_u32(const char *text, uint32_t *ret);
/* "4G", "2048M", "256k", "1T", plain bytes ("123", "123B"); powers of 1024. In bytes. */
int parse_size(const char *text, uint64_t *ret_bytes);
/* "0.7%", "100", "12.34 %"; rounded down to 0.1 %. -ERANGE above 100 %. */
int parse_permille(const char *text, uint32_t *ret_permille);
/* "1d 22h 53m", "3h", "42s", "2w", or plain seconds. In seconds. */
int parse_uptime(const char *text, uint64_t *ret_seconds);

#endif
