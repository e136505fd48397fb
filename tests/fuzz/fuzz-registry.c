/*
 * The index registry's files: what is read is written the same, a damaged file never makes two
 * domains share a number, and no number is given out again.
 *
 * The check sum is put right, or nothing would get behind it; the copy stays as the input is.
 */
#include "fuzz.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/registry-internal.h"
#include "inventory/registry.h"
#include "util/buffer.h"
#include "util/cleanup.h"

const char fuzz_name[] = "registry";

static void with_sum(const uint8_t *data, size_t size, struct buffer *ret)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	FUZZ_CHECK(buffer_append(ret, data, size) == 0);
	if (size == 0 || data[size - 1] != '\n')
		FUZZ_CHECK(buffer_append(ret, "\n", 1) == 0);
	for (size_t i = 0; i < ret->len; i++)
		sum = (sum ^ (unsigned char)buffer_data(ret)[i]) * UINT64_C(0x100000001b3);
	FUZZ_CHECK(buffer_printf(ret, "sum %016" PRIx64 "\n", sum) == 0);
}

static void check_entries(struct registry *s)
{
	for (size_t i = 0; i < s->by_index.n; i++) {
		struct registry_entry *e = s->by_index.items[i];

		FUZZ_CHECK(e->index > 0 && e->index < s->next);
		FUZZ_CHECK(*e->name && registry_find_index(s, e->index) == e);
		FUZZ_CHECK(e->uuid ? registry_find_uuid(s, e->uuid) == e
				   : registry_find_name(s, e->name) == e);
	}
}

/* Printed, read and printed again it is the same. */
static void check_round_trip(struct registry *s)
{
	_cleanup_free_ char *once = NULL, *twice = NULL;
	size_t n_once, n_twice, line;
	struct registry again;

	FUZZ_CHECK(registry_print(s, &once, &n_once) == 0);
	registry_init(&again);
	FUZZ_CHECK(registry_parse(&again, once, n_once, &line) == 0);
	FUZZ_CHECK(registry_print(&again, &twice, &n_twice) == 0);
	FUZZ_CHECK(n_once == n_twice && memcmp(once, twice, n_once) == 0);
	FUZZ_CHECK(registry_salvage_next(once, n_once) == s->next || s->next > REGISTRY_INDEX_MAX);
	registry_clear(&again);
}

static bool check_text(const char *text, size_t size)
{
	struct registry s;
	size_t line;

	registry_init(&s);
	int r = registry_parse(&s, text, size, &line);
	FUZZ_CHECK(r == 0 || r == -EBADMSG);
	if (r == 0) {
		check_entries(&s);
		check_round_trip(&s);
	}
	(void)registry_salvage_next(text, size);
	registry_clear(&s);
	return r == 0;
}

/* An agent's life with these files, twice. */
static void check_files(bool good)
{
	static const char uuid[] = "11111111-2222-3333-4444-555555555555";
	uint32_t first[2], second[2], object[2];
	struct registry *r = NULL;

	FUZZ_CHECK(registry_open(fuzz_directory(), false, &r) == 0 || !good);
	if (!r)
		FUZZ_CHECK(registry_open(fuzz_directory(), true, &r) == 0);
	registry_present_begin(r);
	/* -ENOSPC is fine: there are files that have given out everything. */
	if (registry_assign(r, uuid, "fuzzed", &first[0]) < 0 ||
		registry_assign(r, NULL, "fuzzed too", &first[1]) < 0) {
		registry_free(r);
		return;
	}
	FUZZ_CHECK(first[0] != first[1]);
	FUZZ_CHECK(registry_assign_object(r, first[0], "vdisk", "vdisk0", &object[0]) == 0);
	registry_present_end(r);
	FUZZ_CHECK(registry_commit(r) == 0);
	uint32_t next = registry_next_index(r);
	registry_free(r);

	r = NULL;
	FUZZ_CHECK(registry_open(fuzz_directory(), false, &r) == 0);
	FUZZ_CHECK(registry_next_index(r) == next);
	FUZZ_CHECK(registry_assign(r, uuid, "fuzzed", &second[0]) == 0);
	FUZZ_CHECK(registry_assign(r, NULL, "fuzzed too", &second[1]) == 0);
	FUZZ_CHECK(registry_assign_object(r, first[0], "vdisk", "vdisk0", &object[1]) == 0);
	FUZZ_CHECK(first[0] == second[0] && first[1] == second[1] && object[0] == object[1]);
	registry_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(buffer_clear) struct buffer text = BUFFER_EMPTY;

	with_sum(data, size, &text);
	bool good = check_text((const char *)data, size);
	good |= check_text(buffer_data(&text), text.len);
	fuzz_empty_directory();
	fuzz_write_file("index-registry", buffer_data(&text), text.len);
	fuzz_write_file("index-registry.copy", data, size);
	check_files(good);
	return 0;
}
