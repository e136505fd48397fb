/*
 * What the plugin remembers from one run to the next: a time for each key, in a file that is
 * replaced as a whole.
 */
#ifndef CHECK_LDOMS_MEMORY_H
#define CHECK_LDOMS_MEMORY_H

#include <stdint.h>

struct memory;

/*
 * Reads the memory of name, which may contain any characters, from its file in the folder. The
 * folder is made if it does not exist; without a file the memory is empty. 0 or a negative errno.
 */
int memory_open(const char *folder, const char *name, struct memory **ret);
/* Replaces the file. 0 or a negative errno. */
int memory_save(struct memory *m);
void memory_free(struct memory *m);

/* The time of the key, in seconds since 1970; 0: the key is not known. */
int64_t memory_get(const struct memory *m, const char *key);
/* Sets the time of the key; time 0 removes the key. 0 or -ENOMEM. */
int memory_put(struct memory *m, const char *key, int64_t time);
/* Removes the keys that begin with the prefix and have an earlier time. */
void memory_forget_before(struct memory *m, const char *prefix, int64_t time);

#endif
