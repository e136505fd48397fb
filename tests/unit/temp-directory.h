/*
 * A directory of the test's own.
 */
#ifndef TESTS_UNIT_TEMP_DIRECTORY_H
#define TESTS_UNIT_TEMP_DIRECTORY_H

/* The caller gives it back with temp_directory_free(). */
char *temp_directory_new(void);

/* "DIRECTORY/NAME", to be freed. */
char *temp_path(const char *directory, const char *name);

/*
 * Removes it, the files and empty folders in it, and frees the name. 0, or -1 where the temporary
 * file of an atomic write was left behind: a teardown hands that on.
 */
int temp_directory_free(char *directory);

#endif
