/*
 * The first response of an element is its verdict, a second one is a warning (LDoms 3.6). Older
 * managers put a notice into the first one although it says success: a warning too.
 */
#include <string.h>
#include <strings.h>

#include "ldm/verdict.h"

void verdict_clear(struct verdict *v)
{
	buffer_clear(&v->data_message);
	buffer_clear(&v->failure);
	buffer_clear(&v->warning);
	buffer_clear(&v->messages);
}

void verdict_begin(struct verdict *v, enum verdict_level level)
{
	v->seen[level] = 0;
	if (level != VERDICT_DATA)
		return;
	v->data_failed = false;
	buffer_reset(&v->data_message);
}

void verdict_open(struct verdict *v, enum verdict_level level)
{
	v->level = level;
	v->says_failure = false;
	v->seen[level]++;
	buffer_reset(&v->messages);
}

void verdict_status(struct verdict *v, const char *word)
{
	v->says_failure = strcasecmp(word, "success") != 0;
}

/* At most cap bytes, and no half characters. */
static int join(struct buffer *to, const char *text, size_t cap)
{
	const char *between = to->len > 0 ? "; " : "";
	size_t len = strlen(text), before = to->len + strlen(between);
	int r;

	if (len == 0 || before >= cap)
		return 0;
	if (len > cap - before)
		for (len = cap - before; len > 0 && (text[len] & 0xc0) == 0x80; len--)
			;
	r = buffer_append_text(to, between);
	return r < 0 ? r : buffer_append(to, text, len);
}

int verdict_message(struct verdict *v, const char *text, size_t cap)
{
	return join(&v->messages, text, cap);
}

int verdict_close(struct verdict *v, size_t cap)
{
	const char *text = buffer_data(&v->messages);
	int r;

	if (v->seen[v->level] > 1 || !v->says_failure)
		return join(&v->warning, text, cap);
	v->failed = true;
	r = join(&v->failure, text, cap);
	if (v->level != VERDICT_DATA || r < 0)
		return r;
	v->data_failed = true;
	return join(&v->data_message, text, cap);
}
