/*
 * Far above what the largest host sends, far below what would hurt.
 */
#include "ldm/limits.h"

const struct ldm_limits ldm_limits_default = {
	.bytes = (size_t)64 << 20,
	.depth = 64,
	.attributes = 64,
	.tag = (size_t)64 << 10,
	.value = (size_t)256 << 10,
	.properties = 256,
	.resources = 65536,
	.messages = (size_t)16 << 10,
};
