/*
 * Operator's words: splitting a line as a shell would, and turning "set-vcpu ldg1 8" into the same
 * object a client's document gives.
 */
#ifndef LDMD_SIM_WORDS_H
#define LDMD_SIM_WORDS_H

#include <stddef.h>

#include "actions.h"

struct words {
	char **list;
	size_t count;
};

/* Blanks separate, quotes and backslash protect. */
void words_split(struct words *words, const char *line);
void words_free(struct words *words);

/*
 * A task for `ACTION DOMAIN [ARG]...` from word `first` on; DOMAIN may be "-" for none. Options
 * start with '-'. NULL with a static reason.
 */
struct task *words_to_task(
	struct sim *sim, const struct words *words, size_t first, const char **ret_why);

#endif
