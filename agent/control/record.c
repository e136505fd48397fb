/* See record.h. Each field starts with a sign of its own, so an empty text is a field as well. */
#include "control/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/log.h"
#include "util/number.h"

int record_put_number(struct buffer *b, uint64_t number)
{
	return buffer_printf(b, "#%llu ", (unsigned long long)number);
}

static int put_octet(struct buffer *b, unsigned char c)
{
	if (c <= ' ' || c == '%' || c >= 0x7f)
		return buffer_printf(b, "%%%02X", c);
	return buffer_append(b, &c, 1);
}

int record_put_text(struct buffer *b, const char *text)
{
	int rc = buffer_append(b, "=", 1);

	for (const char *p = text; p != NULL && *p != '\0' && rc >= 0; p++)
		rc = put_octet(b, (unsigned char)*p);
	return rc < 0 ? rc : buffer_append(b, " ", 1);
}

int record_end(struct buffer *b)
{
	return buffer_append(b, ".\n", 2);
}

struct record record_begin(char *line)
{
	size_t n = strlen(line);

	/* A line without its end was not written to its end. */
	return (struct record){n > 0 && line[n - 1] == '.' ? line : NULL};
}

static int next_field(struct record *r, char sign, char **ret)
{
	char *field = strsep(&r->rest, " ");

	if (field == NULL || *field != sign)
		return -EBADMSG;
	*ret = field + 1;
	return 0;
}

int record_get_number(struct record *r, uint64_t *ret)
{
	char *field;
	int rc = next_field(r, '#', &field);

	if (rc < 0)
		return rc;
	return parse_u64(field, ret) < 0 ? -EBADMSG : 0;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int record_get_text(struct record *r, char **ret)
{
	char *field, *text, *to;
	int rc = next_field(r, '=', &field);

	if (rc < 0)
		return rc;
	text = to = calloc(1, strlen(field) + 1);
	if (text == NULL)
		return -ENOMEM;
	for (const char *p = field; *p != '\0'; p++) {
		if (*p != '%') {
			*to++ = *p;
			continue;
		}
		if (hex(p[1]) < 0 || hex(p[2]) < 0) {
			free(text);
			return -EBADMSG;
		}
		*to++ = (char)(hex(p[1]) * 16 + hex(p[2]));
		p += 2;
	}
	*ret = text;
	return 0;
}

int record_keep_aside(const char *path, const char *token)
{
	_cleanup_free_ char *aside = NULL;

	if (asprintf(&aside, "%s.damaged", path) < 0) {
		aside = NULL;
		return -ENOMEM;
	}
	log_err(token, "%s is damaged; what could be read is used, the file is kept as %s", path,
		aside);
	return rename(path, aside) < 0 ? -errno : file_sync_folder(path);
}
