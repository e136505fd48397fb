/*
 * What every fuzz target stands on.
 *
 * A target is one file with fuzz_name and LLVMFuzzerTestOneInput(). clang links it with libFuzzer
 * (make fuzz); any compiler links it with replay.c, which feeds the inputs kept in the tree and
 * simple variations of them (make check).
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Folders of inputs: tests/fuzz/corpus/NAME, tests/fuzz/found/NAME. */
extern const char fuzz_name[];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An abort that says what should have been. */
#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_fail(#condition, __FILE__, __LINE__);                                 \
	} while (0)
void fuzz_fail(const char *condition, const char *file, int line) __attribute__((noreturn));

/* Bytes of the input that decide what is done; 0 when there are no more. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};
uint8_t fuzz_byte(struct fuzz_input *in);
uint32_t fuzz_u32(struct fuzz_input *in);
/* Up to max bytes, borrowed. */
const uint8_t *fuzz_bytes(struct fuzz_input *in, size_t max, size_t *ret_n);

/*
 * Chance that is always the same for the same input, for what must not cost bytes of it, so that
 * inputs stay readable documents.
 */
struct fuzz_chance {
	uint64_t state;
};
struct fuzz_chance fuzz_chance_of(const uint8_t *data, size_t size);
uint32_t fuzz_chance_below(struct fuzz_chance *c, uint32_t below);

/* A folder in memory where it can be, this process' own, removed at its end. */
const char *fuzz_directory(void);
/* A file in it, made anew. */
void fuzz_write_file(const char *name, const void *content, size_t size);
void fuzz_remove_file(const char *name);
void fuzz_empty_directory(void);

/* Milliseconds that CLOCK_MONOTONIC is ahead of itself. */
void fuzz_advance_clock(uint64_t ms);
/* From now on that is all that moves it; it always begins at the same time. */
void fuzz_stop_clock(void);

#endif
