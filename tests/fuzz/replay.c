/*
 * Feeds a fuzz target the inputs kept in the tree, and simple variations of them that are the same
 * each time: cut short, bytes changed, pieces doubled. Needs no libFuzzer, so every build does it.
 *
 *	replay-NAME [FILE]...      the files only, as they are
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"
#include "util/file.h"

#define INPUT_MAX  ((size_t)16 << 20)
#define VARIATIONS 40
/* Variations of long inputs cost much and show little. */
#define VARIED_MAX ((size_t)16 << 10)

static size_t n_runs;

/* The target gets memory of its own, exactly as long, so that a sanitizer sees a read behind it. */
static void run(const char *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	FUZZ_CHECK(copy);
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	n_runs++;
}

static void change_bytes(struct fuzz_chance *c, char *data, size_t size)
{
	static const char interesting[] = "\0\xff\x7f\x80<>/&'\"%# \n0-19";

	for (uint32_t n = 1 + fuzz_chance_below(c, 4); n > 0; n--) {
		size_t at = fuzz_chance_below(c, (uint32_t)size);

		if (fuzz_chance_below(c, 2) == 0)
			data[at] ^= (char)(1 << fuzz_chance_below(c, 8));
		else
			data[at] = interesting[fuzz_chance_below(c, sizeof(interesting) - 1)];
	}
}

/* A piece of it comes twice, or not at all. */
static char *move_piece(struct fuzz_chance *c, const char *data, size_t size, size_t *ret_size)
{
	size_t from = fuzz_chance_below(c, (uint32_t)size);
	size_t n = 1 + fuzz_chance_below(c, (uint32_t)(size - from));
	bool twice = fuzz_chance_below(c, 2);
	char *made = malloc(2 * size);

	FUZZ_CHECK(made);
	memcpy(made, data, from);
	if (twice) {
		memcpy(made + from, data + from, n);
		memcpy(made + from + n, data + from, size - from);
		*ret_size = size + n;
	} else {
		memcpy(made + from, data + from + n, size - from - n);
		*ret_size = size - n;
	}
	return made;
}

static void run_variation(struct fuzz_chance *c, const char *data, size_t size)
{
	_cleanup_free_ char *made = move_piece(c, data, size, &size);

	if (size > 0 && fuzz_chance_below(c, 3) > 0)
		change_bytes(c, made, size);
	run(made, size);
}

static void run_variations(const char *data, size_t size)
{
	struct fuzz_chance c = fuzz_chance_of((const uint8_t *)data, size);

	if (size == 0 || size > VARIED_MAX)
		return;
	for (size_t i = 1; i < 16; i++)
		run(data, size * i / 16);
	run(data, size - 1);
	for (int i = 0; i < VARIATIONS; i++)
		run_variation(&c, data, size);
}

static void run_file(const char *path, bool vary)
{
	_cleanup_free_ char *data = NULL;
	size_t size;
	int r = file_read(path, INPUT_MAX, &data, &size);

	/* Told first: whoever crashes is known. */
	printf("# %s\n", path);
	fflush(stdout);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(-r));
		exit(99);
	}
	run(data, size);
	if (vary)
		run_variations(data, size);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_input(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static size_t run_folder(const char *kind)
{
	_cleanup_free_ char *folder = NULL;
	struct dirent **entries;
	int n;

	if (asprintf(&folder, "%s/tests/fuzz/%s/%s", TOP_SRCDIR, kind, fuzz_name) < 0)
		return 0;
	n = scandir(folder, &entries, is_input, by_name);
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) >= 0)
			run_file(path, true);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return n > 0 ? (size_t)n : 0;
}

int main(int argc, char **argv)
{
	size_t n;

	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		run_file(argv[i], false);
	if (argc > 1)
		return 0;
	printf("1..2\n");
	n = run_folder("corpus");
	printf("%s 1 - %zu inputs of the corpus of %s, %zu runs\n", n > 0 ? "ok" : "not ok", n,
		fuzz_name, n_runs);
	n_runs = 0;
	n = run_folder("found");
	printf("ok 2 - %zu inputs that once were trouble, %zu runs\n", n, n_runs);
	return 0;
}
