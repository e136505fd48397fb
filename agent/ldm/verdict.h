/*
 * What the response elements of a reply say, at three levels and maybe twice. Private to the codec.
 */
#ifndef LDM_VERDICT_H
#define LDM_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

enum verdict_level {
	VERDICT_DATA,
	VERDICT_COMMAND,
	VERDICT_ROOT,
	_VERDICT_MAX,
};

struct verdict {
	bool failed;		    /* some level said failure */
	bool data_failed;	    /* the data that is open did */
	struct buffer data_message; /* what it said with that */
	struct buffer failure, warning;

	size_t seen[_VERDICT_MAX]; /* responses of the element that is open */
	enum verdict_level level;  /* of the response that is open */
	bool says_failure;
	struct buffer messages;
};

void verdict_clear(struct verdict *v);
/* A data, cmd or root element is opened. */
void verdict_begin(struct verdict *v, enum verdict_level level);
/* A response in it. */
void verdict_open(struct verdict *v, enum verdict_level level);
void verdict_status(struct verdict *v, const char *word);
/* Both leave out what is beyond cap bytes. -ENOMEM. */
int verdict_message(struct verdict *v, const char *text, size_t cap);
int verdict_close(struct verdict *v, size_t cap);

#endif
