/* See memory.h. A line of the file is "TIME KEY", so a key with a line end cannot be stored. */
#include "memory.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
	char *key;
	int64_t time;
};

struct memory {
	char *path;
	struct entry *entries;
	size_t n;
};

static struct entry *find(const struct memory *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->entries[i].key, key) == 0)
			return &m->entries[i];
	return NULL;
}

static void drop(struct memory *m, struct entry *e)
{
	free(e->key);
	*e = m->entries[--m->n];
}

int64_t memory_get(const struct memory *m, const char *key)
{
	const struct entry *e = find(m, key);

	return e ? e->time : 0;
}

int memory_put(struct memory *m, const char *key, int64_t time)
{
	struct entry *e = find(m, key);

	if (e && time == 0)
		drop(m, e);
	else if (e)
		e->time = time;
	if (e || time == 0 || strchr(key, '\n'))
		return 0;
	struct entry *more = reallocarray(m->entries, m->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	m->entries = more;
	more[m->n] = (struct entry){.key = strdup(key), .time = time};
	if (!more[m->n].key)
		return -ENOMEM;
	m->n++;
	return 0;
}

void memory_forget_before(struct memory *m, const char *prefix, int64_t time)
{
	for (size_t i = m->n; i-- > 0;)
		if (strncmp(m->entries[i].key, prefix, strlen(prefix)) == 0 &&
			m->entries[i].time < time)
			drop(m, &m->entries[i]);
}

/* folder/name; a character that is not safe in a file name becomes %XX. NULL: no memory. */
static char *path_of(const char *folder, const char *name)
{
	char *path = NULL;
	size_t size;
	FILE *out = open_memstream(&path, &size);

	if (!out)
		return NULL;
	fprintf(out, "%s/", folder);
	for (const char *c = name; *c; c++) {
		bool plain =
			isalnum((unsigned char)*c) || strchr("_-:@", *c) || (*c == '.' && c > name);
		fprintf(out, plain ? "%c" : "%%%02X", (unsigned char)*c);
	}
	if (fclose(out) != 0) {
		free(path);
		return NULL;
	}
	return path;
}

static int read_file(struct memory *m)
{
	FILE *file = fopen(m->path, "re");
	char *line = NULL;
	size_t size = 0;
	int r = 0;

	if (!file)
		return errno == ENOENT ? 0 : -errno;
	for (ssize_t length; r == 0 && (length = getline(&line, &size, file)) > 0;) {
		char *key;
		int64_t time = strtoll(line, &key, 10);

		line[length - 1] = '\0';
		/* A damaged line is left out. */
		if (time > 0 && *key == ' ' && key[1])
			r = memory_put(m, key + 1, time);
	}
	free(line);
	fclose(file);
	return r;
}

int memory_open(const char *folder, const char *name, struct memory **ret)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->path = path_of(folder, name);
	int r = m->path ? 0 : -ENOMEM;
	if (r == 0 && mkdir(folder, 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0)
		r = read_file(m);
	if (r < 0)
		memory_free(m);
	else
		*ret = m;
	return r;
}

int memory_save(struct memory *m)
{
	char *fresh;

	if (asprintf(&fresh, "%s.%ld", m->path, (long)getpid()) < 0)
		return -ENOMEM;
	FILE *file = fopen(fresh, "we");
	int r = file ? 0 : -errno;
	if (file) {
		for (size_t i = 0; i < m->n; i++)
			fprintf(file, "%" PRId64 " %s\n", m->entries[i].time, m->entries[i].key);
		bool failed = ferror(file);
		if (fclose(file) != 0 || failed || rename(fresh, m->path) < 0) {
			r = errno ? -errno : -EIO;
			unlink(fresh);
		}
	}
	free(fresh);
	return r;
}

void memory_free(struct memory *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		free(m->entries[i].key);
	free(m->entries);
	free(m->path);
	free(m);
}
