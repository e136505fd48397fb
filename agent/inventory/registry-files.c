/*
 * The files of the registry in the state directory, and how they are read, checked and written.
 *
 *   index-registry         written first, so never older than the copy
 *   index-registry.copy    written after it; used when the other one is damaged
 *   index-registry.damaged-TIME, index-registry.copy.damaged-TIME   damaged files, for people
 *   lock                   held by the agent that uses the directory; holds its process id
 *
 * A file is never written in place, so a crash leaves a good file. If the first write fails, the
 * copy is not written. A number is not shown before a write was tried. If the write fails, the
 * agent logs it and serves on, because rows whose numbers may change are better than no rows.
 */
#include "inventory/registry-internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/log.h"
#include "util/number.h"
#include "util/text.h"

#define TOKEN REGISTRY_TOKEN
#define MAGIC "ldoms-agentx-registry 1"
/* 65,536 objects and 10,000 domains with the longest names, encoded, are less than that. */
#define FILE_MAX_OCTETS (256u << 20)

enum { MAIN, COPY, N_FILES };

/* --- text, written ------------------------------------------------------------------------- */

static uint64_t checksum(const char *text, size_t size)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ (unsigned char)text[i]) * 0x100000001b3u;
	return sum;
}

/* Appends the name, which is the last word of a line, and ends the line. */
static int print_name(struct buffer *out, const char *name)
{
	int rc = percent_append(out, name);

	return rc < 0 ? rc : buffer_append(out, "\n", 1);
}

static int print_entry(struct buffer *out, const struct registry_entry *e)
{
	int rc = buffer_printf(out, "d %" PRIu32 " %s ", e->index, e->uuid ? e->uuid : "-");

	return rc < 0 ? rc : print_name(out, e->name);
}

static int print_object(struct buffer *out, const struct registry_object *o)
{
	if (!*o->name)
		return buffer_printf(
			out, "c %" PRIu32 " %s %" PRIu32 "\n", o->owner, o->kind, o->index);
	int rc = buffer_printf(out, "o %" PRIu32 " %s %" PRIu32 " ", o->owner, o->kind, o->index);
	return rc < 0 ? rc : print_name(out, o->name);
}

/* By owner and kind, the counter of a kind before its objects. */
static int compare_kind(const void *a, const void *b)
{
	const struct registry_object *const *x = a, *const *y = b;
	int order = compare_u64((*x)->owner, (*y)->owner);

	if (order == 0)
		order = strcmp((*x)->kind, (*y)->kind);
	if (order == 0)
		order = (*(*x)->name != 0) - (*(*y)->name != 0);
	return order ? order : compare_u64((*x)->index, (*y)->index);
}

/* The items sorted by `compare`, in an array that the caller frees. NULL: no memory. */
static void **in_order(const struct sorted *s, int (*compare)(const void *a, const void *b))
{
	void **order = calloc(s->n + 1, sizeof(void *));

	if (!order || s->n == 0)
		return order;
	memcpy(order, s->items, s->n * sizeof(void *));
	qsort(order, s->n, sizeof(void *), compare);
	return order;
}

int registry_print(const struct registry *r, char **ret_text, size_t *ret_size)
{
	_cleanup_free_ void **entries = in_order(&r->by_index, registry_compare_seen);
	_cleanup_free_ void **objects = in_order(&r->objects, compare_kind);
	_cleanup_(buffer_clear) struct buffer out = BUFFER_EMPTY;

	if (!entries || !objects)
		return -ENOMEM;
	int rc = buffer_printf(
		&out, MAGIC "\nserial %" PRIu64 "\nnext %" PRIu32 "\n", r->serial, r->next);
	for (size_t i = 0; rc == 0 && i < r->by_index.n; i++)
		rc = print_entry(&out, entries[i]);
	for (size_t i = 0; rc == 0 && i < r->objects.n; i++)
		rc = print_object(&out, objects[i]);
	if (rc == 0)
		rc = buffer_printf(
			&out, "sum %016" PRIx64 "\n", checksum(buffer_data(&out), out.len));
	if (rc < 0)
		return rc;
	*ret_size = out.len;
	*ret_text = buffer_steal(&out);
	return *ret_text ? 0 : -ENOMEM;
}

/* --- text, read ---------------------------------------------------------------------------- */

/* Takes one word off the line; NULL: there is none. */
static char *take_word(char **line)
{
	char *word = strsep(line, " ");

	return word && *word ? word : NULL;
}

static bool take_number(char **line, uint64_t max, uint64_t *ret)
{
	const char *word = take_word(line);

	return word && *word >= '0' && *word <= '9' && parse_u64(word, ret) == 0 && *ret <= max;
}

/* The name must be the last word, and not empty. */
static char *take_name(char **line)
{
	char *word = take_word(line);

	return word && !*line && percent_decode(word) == 0 && *word ? word : NULL;
}

static int parse_domain(struct registry *r, char *line)
{
	struct registry_entry *e;
	uint64_t index;

	if (!take_number(&line, REGISTRY_INDEX_MAX, &index) || index == 0 || index >= r->next)
		return -EBADMSG;
	const char *uuid = take_word(&line), *name = take_name(&line);
	if (!uuid || !name)
		return -EBADMSG;
	if (strcmp(uuid, "-") == 0)
		uuid = NULL;
	int rc = registry_add(r, (uint32_t)index, uuid, name, &e);
	if (rc == 0)
		e->seen = r->turn++;
	return rc;
}

/* A counter has a next number, and no name. */
static int parse_object(struct registry *r, bool is_counter, char *line)
{
	uint64_t owner, number, max = is_counter ? UINT32_MAX : REGISTRY_INDEX_MAX;
	struct registry_object *o;
	const char *name = "";

	if (!take_number(&line, REGISTRY_INDEX_MAX, &owner))
		return -EBADMSG;
	const char *kind = take_word(&line);
	if (!kind || !take_number(&line, max, &number) || number == 0)
		return -EBADMSG;
	if (!is_counter)
		name = take_name(&line);
	if (!name)
		return -EBADMSG;
	return registry_add_object(r, (uint32_t)owner, kind, (uint32_t)number, name, &o);
}

static int parse_next(struct registry *r, char *line)
{
	uint64_t next;

	if (!take_number(&line, (uint64_t)REGISTRY_INDEX_MAX + 1, &next) || next == 0)
		return -EBADMSG;
	r->next = (uint32_t)next;
	return 0;
}

static int parse_line(struct registry *r, size_t at, char *line)
{
	if (at == 1)
		return strcmp(line, MAGIC) == 0 ? 0 : -EBADMSG;
	const char *what = take_word(&line);
	if (!what || !line)
		return -EBADMSG;
	if (at == 2)
		return strcmp(what, "serial") == 0 && take_number(&line, UINT64_MAX, &r->serial)
			       ? 0
			       : -EBADMSG;
	if (at == 3)
		return strcmp(what, "next") == 0 ? parse_next(r, line) : -EBADMSG;
	if (strcmp(what, "d") == 0)
		return parse_domain(r, line);
	if (strcmp(what, "c") == 0 || strcmp(what, "o") == 0)
		return parse_object(r, *what == 'c', line);
	return -EBADMSG;
}

/* The last line, "sum <16 digits>\n", has the check sum of all lines before it. */
static int check_sum(const char *text, size_t size, size_t *ret_body)
{
	static const size_t last = sizeof("sum 0123456789abcdef\n") - 1;
	_cleanup_free_ char *expected = NULL;

	if (size <= last || memchr(text, '\0', size))
		return -EBADMSG;
	*ret_body = size - last;
	if (text_printf(&expected, "sum %016" PRIx64 "\n", checksum(text, *ret_body)) < 0)
		return -ENOMEM;
	return memcmp(text + *ret_body, expected, last) == 0 ? 0 : -EBADMSG;
}

int registry_parse(struct registry *r, const char *text, size_t size, size_t *ret_line)
{
	size_t body, at = 0;
	int rc = check_sum(text, size, &body);

	*ret_line = 0;
	if (rc < 0)
		return rc;
	char *copy = strndup(text, body - 1), *rest = copy, *line;
	if (!copy)
		return -ENOMEM;
	while (rc == 0 && (line = strsep(&rest, "\n")))
		rc = parse_line(r, ++at, line);
	free(copy);
	*ret_line = at;
	/* An entry twice, or a counter of a domain that is not there, is damage too. */
	if (rc == -EEXIST || rc == -ENOENT || (rc == 0 && at < 3))
		return -EBADMSG;
	return rc;
}

uint32_t registry_salvage_next(const char *text, size_t size)
{
	static const char key[] = "\nnext ";
	const char *at = memmem(text, size, key, sizeof(key) - 1);
	uint64_t next = 0;

	if (!at)
		return 0;
	at += sizeof(key) - 1;
	while (at < text + size && *at >= '0' && *at <= '9' && next <= REGISTRY_INDEX_MAX)
		next = next * 10 + (uint64_t)(*at++ - '0');
	return next <= REGISTRY_INDEX_MAX ? (uint32_t)next : 0;
}

/* --- the lock ------------------------------------------------------------------------------ */

/* Without a lock file because the disk is full or read-only, the agent still serves. */
static int take_lock(struct registry *r, const char *path)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int rc = 0;

	r->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->lock_fd < 0) {
		rc = -errno;
		if (file_error_is_disk(rc)) {
			log_warn(TOKEN, "cannot make the lock file %s: %s; going on without it",
				path, strerror(-rc));
			return 0;
		}
		log_err(TOKEN, "cannot open the lock file %s: %s", path, strerror(-rc));
		return rc;
	}
	if (fcntl(r->lock_fd, F_SETLK, &whole) < 0) {
		rc = errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
		if (rc == -EBUSY)
			log_err(TOKEN, "another agent uses the state directory (%s is locked)",
				path);
		else
			log_err(TOKEN, "cannot lock %s: %s", path, strerror(-rc));
		return rc;
	}
	/* The process id is for people; no program reads it. */
	if (ftruncate(r->lock_fd, 0) == 0)
		(void)dprintf(r->lock_fd, "%ld\n", (long)getpid());
	for (int i = 0; i < N_FILES; i++)
		file_remove_left_overs(r->paths[i]);
	return 0;
}

/* --- loading ------------------------------------------------------------------------------- */

/* The result of reading one file. */
struct reading {
	int error; /* 0, -ENOENT, -EBADMSG, or from the file system */
	size_t line;
	uint32_t salvaged; /* high-water mark of a damaged file; 0: unreadable */
	struct registry content;
};

static void read_one(const char *path, struct reading *in)
{
	char *text;
	size_t size;

	*in = (struct reading){0};
	registry_init(&in->content);
	in->error = file_read(path, FILE_MAX_OCTETS, &text, &size);
	if (in->error == -EFBIG || in->error == -EINVAL || in->error == -EIO)
		in->error = -EBADMSG;
	if (in->error < 0)
		return;
	in->error = registry_parse(&in->content, text, size, &in->line);
	if (in->error == -EBADMSG)
		in->salvaged = registry_salvage_next(text, size);
	free(text);
}

/* The new name has the time in seconds, so it is free but for a second damage in that second. */
static void put_aside(const char *path)
{
	_cleanup_free_ char *aside = NULL;

	if (text_printf(&aside, "%s.damaged-%lld", path, (long long)time(NULL)) < 0)
		return;
	if (rename(path, aside) == 0)
		log_warn(TOKEN, "%s is kept as %s", path, aside);
	else
		log_warn(TOKEN, "%s cannot be renamed: %s", path, strerror(errno));
}

static void tell_damage(const char *path, const struct reading *in)
{
	if (in->line > 0)
		log_warn(TOKEN, "%s is damaged at line %zu", path, in->line);
	else
		log_warn(TOKEN, "%s is damaged: cut short or changed (wrong check sum)", path);
}

/* The damaged file may have had higher numbers than this one, so some numbers are left out. */
static void skip_ahead(struct registry *r, uint32_t salvaged)
{
	if (salvaged > r->next)
		r->next = salvaged;
	if (r->next <= REGISTRY_INDEX_MAX - REGISTRY_WINDOW)
		r->next += REGISTRY_WINDOW;
}

/* Whether an agent has run here before: then it has given out numbers. */
static bool has_other_state(const char *directory)
{
	static const char *const others[] = {
		"history", "journal", "operations", "unsaved", "index-registry"};
	DIR *d = opendir(directory);
	bool found = false;

	for (const struct dirent *e; d && !found && (e = readdir(d));)
		for (size_t i = 0; i < ARRAY_SIZE(others); i++)
			found |= strncmp(e->d_name, others[i], strlen(others[i])) == 0;
	if (d)
		closedir(d);
	return found;
}

static int start_anew(
	struct registry *r, const char *directory, const struct reading *in, bool accept_damage)
{
	if (in[MAIN].error == -ENOENT && in[COPY].error == -ENOENT && !has_other_state(directory))
		return 0;
	if (!accept_damage) {
		log_err(TOKEN,
			"the index registry and its copy (%s, %s) are damaged or missing: starting "
			"would give domains new numbers. Restore one of them from a backup, or "
			"start once with -R to number all domains anew",
			r->paths[MAIN], r->paths[COPY]);
		return -EBADMSG;
	}
	for (int i = 0; i < N_FILES; i++)
		if (in[i].error == -EBADMSG)
			put_aside(r->paths[i]);
	skip_ahead(
		r, in[MAIN].salvaged > in[COPY].salvaged ? in[MAIN].salvaged : in[COPY].salvaged);
	log_warn(TOKEN, "starting with an empty index registry; next number is %u", r->next);
	return 0;
}

/* Takes over the content of file `from`. */
static void go_on_with(struct registry *r, struct reading *in, int from)
{
	struct registry *content = &in[from].content;
	int other = from == MAIN ? COPY : MAIN;

	memcpy(content->paths, r->paths, sizeof(r->paths));
	content->lock_fd = r->lock_fd;
	content->recovered = r->recovered;
	*r = *content;
	registry_init(content);
	/* A missing copy is no damage: the first start may have ended before it was written. */
	if (!r->recovered && (from == MAIN || in[MAIN].error != -ENOENT))
		return;
	if (in[other].error == -EBADMSG)
		put_aside(r->paths[other]);
	log_warn(TOKEN, "going on with %s", r->paths[from]);
	if (from == COPY)
		skip_ahead(r, in[MAIN].salvaged);
}

/*
 * Takes the newer of the good files. If there is none: -EBADMSG or, with accept_damage, an empty
 * registry whose high-water mark is above the old one, if a damaged file still shows it.
 */
static int settle(struct registry *r, const char *directory, struct reading *in, bool accept_damage)
{
	int from = -1;

	for (int i = 0; i < N_FILES; i++) {
		int error = in[i].error;

		/* A file that cannot be read may be the newer one, so do not start. */
		if (error < 0 && error != -ENOENT && error != -EBADMSG) {
			log_err(TOKEN, "cannot read %s: %s", r->paths[i], strerror(-error));
			return error;
		}
		if (error == 0 && (from < 0 || in[i].content.serial > in[from].content.serial))
			from = i;
	}
	for (int i = 0; i < N_FILES; i++)
		if (in[i].error == -EBADMSG) {
			tell_damage(r->paths[i], &in[i]);
			r->recovered = true;
		}
	if (from < 0)
		return start_anew(r, directory, in, accept_damage);
	go_on_with(r, in, from);
	return 0;
}

static int load(struct registry *r, const char *directory, bool accept_damage)
{
	struct reading in[N_FILES];

	for (int i = 0; i < N_FILES; i++)
		read_one(r->paths[i], &in[i]);
	int rc = settle(r, directory, in, accept_damage);
	for (int i = 0; i < N_FILES; i++)
		registry_clear(&in[i].content);
	return rc;
}

/* --- what others call ---------------------------------------------------------------------- */

int registry_open(const char *directory, bool accept_damage, struct registry **ret)
{
	_cleanup_free_ char *lock_path = NULL;
	struct registry *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	registry_init(r);
	int rc = text_printf(&lock_path, "%s/lock", directory);
	if (rc == 0)
		rc = text_printf(&r->paths[MAIN], "%s/index-registry", directory);
	if (rc == 0)
		rc = text_printf(&r->paths[COPY], "%s/index-registry.copy", directory);
	if (rc == 0)
		rc = take_lock(r, lock_path);
	if (rc == 0)
		rc = load(r, directory, accept_damage);
	if (rc < 0) {
		registry_free(r);
		return rc;
	}
	/* Written at once, so that an unwritable directory is noticed at the start. */
	r->dirty = true;
	(void)registry_commit(r);
	*ret = r;
	return 0;
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	registry_clear(r);
	free(r);
}

static int store(const struct registry *r)
{
	char *text;
	size_t size;
	int rc = registry_print(r, &text, &size);

	if (rc < 0)
		return rc;
	for (int i = 0; rc == 0 && i < N_FILES; i++)
		rc = file_write_atomic(r->paths[i], text, size, 0600);
	free(text);
	return rc;
}

int registry_commit(struct registry *r)
{
	if (!r->dirty)
		return 0;
	r->serial++;
	int rc = store(r);
	if (rc < 0 && !r->failed)
		log_err(TOKEN,
			"cannot write the index registry: %s; serving on, but numbers given out "
			"from now on may change at a restart",
			strerror(-rc));
	if (rc == 0 && r->failed)
		log_notice(TOKEN, "the index registry can be written again");
	r->failed = rc < 0;
	r->dirty = rc < 0;
	return rc;
}

int registry_reserve(struct registry *r, const char *name, uint32_t want, uint32_t *ret)
{
	uint32_t next = r->next, index = want ? want : next;
	struct registry_entry *e;

	if (index < next || index > REGISTRY_INDEX_MAX || index - next > REGISTRY_WINDOW)
		return -ERANGE;
	int rc = registry_free_name(r, name);
	if (rc < 0)
		return rc;
	rc = registry_add(r, index, NULL, name, &e);
	if (rc < 0)
		return rc;
	e->reserved = true;
	rc = registry_commit(r);
	if (rc < 0) {
		registry_forget(r, e);
		return rc;
	}
	*ret = index;
	return 0;
}

int registry_rename(struct registry *r, uint32_t index, const char *name)
{
	struct registry_entry *e = registry_find_index(r, index);

	if (!e || !e->reserved)
		return -ENOENT;
	if (strcmp(e->name, name) == 0)
		return 0;
	int rc = registry_free_name(r, name);
	if (rc == 0)
		rc = registry_relabel(r, e, NULL, name);
	return rc < 0 ? rc : registry_commit(r);
}
