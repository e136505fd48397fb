/*
 * What the plugin remembers from one run to the next: a time for each key, in a file that is
 * replaced as a whole.
 */
#ifndef CHECK_LDOMS_MEMORY_H
#define CHECK_LDOMS_MEMORY_H

#include <stdint.h>

struct memory;

/*
 * The memory in the folder, which is made if need be, for a name, which may have any characters. A
 * file that is not there is an empty memory. 0 or a negative errno.
 */
int memory_open(const char *folder, const char *name, struct memory **ret);
/* Writes what has changed. 0 or a negative errno. */
int memory_save(struct memory *m);
void memory_free(struct memory *m);

/* Seconds since 1970; 0: nothing is remembered. */
int64_t memory_get(const struct memory *m, const char *key);
/* time 0 forgets the key. 0 or -ENOMEM. */
int memory_put(struct memory *m, const char *key, int64_t time);
/* Forgets what begins with the prefix and is older than a time. */
void memory_forget_before(struct memory *m, const char *prefix, int64_t time);

#endif
