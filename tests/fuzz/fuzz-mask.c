/*
 * What of a document goes to the log: made of anything that ldmd sends, in time that follows its
 * size.
 */
#include "fuzz.h"

#include "ldm/mask.h"
#include "util/buffer.h"
#include "util/cleanup.h"

const char fuzz_name[] = "mask";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(buffer_clear) struct buffer out = BUFFER_EMPTY;

	FUZZ_CHECK(ldm_mask((const char *)data, size, &out) == 0);
	return 0;
}
