/*
 * A directory of the test's own.
 */
#include "test.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "temp-directory.h"

char *temp_directory_new(void)
{
	char *directory = strdup("/tmp/ldoms-test-XXXXXX");

	assert_non_null(directory);
	assert_non_null(mkdtemp(directory));
	return directory;
}

char *temp_path(const char *directory, const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
	return path;
}

/* file_write_atomic() writes to NAME.XXXXXX first. */
static bool is_half_written(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && strlen(dot + 1) == 6;
}

int temp_directory_free(char *directory)
{
	DIR *d = opendir(directory);
	struct dirent *e;
	int r = 0;

	while (d && (e = readdir(d))) {
		char *path = temp_path(directory, e->d_name);

		if (is_half_written(e->d_name)) {
			print_error("%s was left behind\n", path);
			r = -1;
		}
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			remove(path);
		free(path);
	}
	if (d)
		closedir(d);
	rmdir(directory);
	free(directory);
	return r;
}
