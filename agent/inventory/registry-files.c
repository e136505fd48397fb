/*
 * Reading, judging and writing the two files.
 *
 * A file is never written in place, so a crash leaves a good one. What is left are disks and
 * people: a damaged file is put aside, never deleted.
 */
#include "inventory/registry-files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "inventory/registry.h"
#include "util/file.h"
#include "util/log.h"

#define TOKEN "inventory:registry"
/* 65,536 objects and 10,000 domains with the longest names, encoded, are less than that. */
#define FILE_MAX_OCTETS (256u << 20)

enum { MAIN, COPY, N_FILES };

struct registry_files {
	char *paths[N_FILES];
	char *lock_path;
	int lock_fd;
};

/* What became of reading one of them. */
struct reading {
	int error; /* 0, -ENOENT, -EBADMSG, or from the file system */
	size_t line;
	uint32_t salvaged; /* mark of a damaged one */
	struct registry_state state;
};

static char *path_in(const char *directory, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

/* Conditions of the disk, not of the configuration. */
static bool is_disk_trouble(int error)
{
	return error == EROFS || error == ENOSPC || error == EDQUOT || error == EIO;
}

static int lock(int fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_SETLK, &whole) == 0)
		return 0;
	return errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
}

/* For people who look who it is; nobody reads it. */
static void write_pid(int fd)
{
	if (ftruncate(fd, 0) == 0)
		(void)dprintf(fd, "%ld\n", (long)getpid());
}

static int take_lock(struct registry_files *f)
{
	int r;

	f->lock_fd = open(f->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->lock_fd < 0 && is_disk_trouble(errno)) {
		log_warn(TOKEN, "cannot make the lock file %s: %s; going on without it",
			f->lock_path, strerror(errno));
		return 0;
	}
	if (f->lock_fd < 0) {
		r = -errno;
		log_err(TOKEN, "cannot open the lock file %s: %s", f->lock_path, strerror(-r));
		return r;
	}
	r = lock(f->lock_fd);
	if (r == -EBUSY)
		log_err(TOKEN, "another agent uses the state directory (%s is locked)",
			f->lock_path);
	else if (r < 0)
		log_err(TOKEN, "cannot lock %s: %s", f->lock_path, strerror(-r));
	else
		write_pid(f->lock_fd);
	return r;
}

int registry_files_open(const char *directory, struct registry_files **ret)
{
	struct registry_files *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	f->lock_fd = -1;
	f->paths[MAIN] = path_in(directory, "index-registry");
	f->paths[COPY] = path_in(directory, "index-registry.copy");
	f->lock_path = path_in(directory, "lock");
	r = f->paths[MAIN] && f->paths[COPY] && f->lock_path ? take_lock(f) : -ENOMEM;
	if (r < 0) {
		registry_files_free(f);
		return r;
	}
	for (int i = 0; f->lock_fd >= 0 && i < N_FILES; i++)
		file_remove_left_overs(f->paths[i]);
	*ret = f;
	return 0;
}

void registry_files_free(struct registry_files *f)
{
	if (!f)
		return;
	if (f->lock_fd >= 0)
		close(f->lock_fd);
	free(f->paths[MAIN]);
	free(f->paths[COPY]);
	free(f->lock_path);
	free(f);
}

static void read_one(const char *path, struct reading *in)
{
	char *text;
	size_t size;

	state_init(&in->state);
	in->error = file_read(path, FILE_MAX_OCTETS, &text, &size);
	if (in->error == -EFBIG || in->error == -EINVAL || in->error == -EIO)
		in->error = -EBADMSG;
	if (in->error < 0)
		return;
	in->error = state_parse(&in->state, text, size, &in->line);
	if (in->error == -EBADMSG)
		in->salvaged = state_salvage_next(text, size);
	free(text);
}

static bool is_good(const struct reading *in)
{
	return in->error == 0;
}

/* The name tells when; a second damage in the same second would replace the first, no more. */
static void put_aside(const char *path)
{
	char *aside;

	if (asprintf(&aside, "%s.damaged-%lld", path, (long long)time(NULL)) < 0)
		return;
	if (rename(path, aside) == 0)
		log_warn(TOKEN, "%s is kept as %s", path, aside);
	else
		log_warn(TOKEN, "%s cannot be renamed: %s", path, strerror(errno));
	free(aside);
}

static void tell_damage(const char *path, const struct reading *in)
{
	if (in->line > 0)
		log_warn(TOKEN, "%s is damaged at line %zu", path, in->line);
	else
		log_warn(TOKEN, "%s is damaged: cut short or changed (wrong check sum)", path);
}

/* Unreadable for another reason than its content: nothing may be concluded, so do not start. */
static int hard_error(const struct registry_files *f, const struct reading *in)
{
	for (int i = 0; i < N_FILES; i++) {
		if (is_good(&in[i]) || in[i].error == -ENOENT || in[i].error == -EBADMSG)
			continue;
		log_err(TOKEN, "cannot read %s: %s", f->paths[i], strerror(-in[i].error));
		return in[i].error;
	}
	return 0;
}

/* The one to go by, or -1. */
static int choose(const struct reading *in)
{
	if (is_good(&in[MAIN]) && is_good(&in[COPY]))
		return in[COPY].state.serial > in[MAIN].state.serial ? COPY : MAIN;
	if (is_good(&in[MAIN]))
		return MAIN;
	return is_good(&in[COPY]) ? COPY : -1;
}

/* The other file may have known of numbers that this one does not: leave them out. */
static void skip_ahead(struct registry_state *s, uint32_t salvaged)
{
	if (salvaged > s->next)
		s->next = salvaged;
	if (s->next <= REGISTRY_INDEX_MAX - REGISTRY_WINDOW)
		s->next += REGISTRY_WINDOW;
}

static int start_anew(
	struct registry_files *f, struct reading *in, bool accept_damage, struct registry_state *s)
{
	uint32_t salvaged =
		in[MAIN].salvaged > in[COPY].salvaged ? in[MAIN].salvaged : in[COPY].salvaged;

	if (in[MAIN].error == -ENOENT && in[COPY].error == -ENOENT)
		return 0;
	if (!accept_damage) {
		log_err(TOKEN,
			"the index registry and its copy (%s, %s) are damaged or missing: starting "
			"would give domains new numbers. Restore one of them from a backup, or "
			"start once with -R to number all domains anew",
			f->paths[MAIN], f->paths[COPY]);
		return -EBADMSG;
	}
	for (int i = 0; i < N_FILES; i++)
		if (in[i].error == -EBADMSG)
			put_aside(f->paths[i]);
	skip_ahead(s, salvaged);
	log_warn(TOKEN, "starting with an empty index registry; next number is %u", s->next);
	return 0;
}

static void recover(
	struct registry_files *f, struct reading *in, int from, struct registry_state *s)
{
	int other = from == MAIN ? COPY : MAIN;

	if (in[other].error == -EBADMSG)
		put_aside(f->paths[other]);
	log_warn(TOKEN, "going on with %s", f->paths[from]);
	if (from == COPY)
		skip_ahead(s, in[MAIN].salvaged);
}

static int settle(struct registry_files *f, struct reading *in, bool accept_damage,
	struct registry_state *s, bool *ret_recovered)
{
	int from = choose(in), r = hard_error(f, in);

	if (r < 0)
		return r;
	for (int i = 0; i < N_FILES; i++)
		if (in[i].error == -EBADMSG)
			tell_damage(f->paths[i], &in[i]);
	*ret_recovered = in[MAIN].error == -EBADMSG || in[COPY].error == -EBADMSG;
	if (from < 0)
		return start_anew(f, in, accept_damage, s);
	*s = in[from].state;
	state_init(&in[from].state);
	/* A copy that was never written (first start cut short) is no damage. */
	if (*ret_recovered || (from == COPY && in[MAIN].error == -ENOENT))
		recover(f, in, from, s);
	return 0;
}

int registry_files_load(
	struct registry_files *f, bool accept_damage, struct registry_state *s, bool *ret_recovered)
{
	struct reading in[N_FILES] = {0};
	int r;

	for (int i = 0; i < N_FILES; i++)
		read_one(f->paths[i], &in[i]);
	r = settle(f, in, accept_damage, s, ret_recovered);
	for (int i = 0; i < N_FILES; i++)
		state_clear(&in[i].state);
	return r;
}

int registry_files_store(struct registry_files *f, const struct registry_state *s)
{
	char *text;
	size_t size;
	int r = state_print(s, &text, &size), second;

	if (r < 0)
		return r;
	r = file_write_atomic(f->paths[MAIN], text, size, 0600);
	second = r == 0 ? file_write_atomic(f->paths[COPY], text, size, 0600) : r;
	free(text);
	return second;
}
