/*
 * A file is opened once, then checked and read through the descriptor, so that nobody can exchange
 * the file between the check and the reading.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/text.h"

DEFINE_CLEANUP(char *, unlink)

static int read_all(int fd, size_t cap, struct buffer *b)
{
	for (;;) {
		char *room;
		ssize_t n;
		int r = buffer_reserve(b, 65536, &room);

		if (r < 0)
			return r;
		n = read(fd, room, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		buffer_commit(b, n);
		if (b->len > cap)
			return -EFBIG;
	}
}

/* O_NONBLOCK: opening a fifo must not wait for a writer. */
static int open_regular(int folder, const char *path, int flags, struct stat *ret_stat)
{
	_cleanup_close_ int fd =
		openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);

	if (fd < 0)
		return -errno;
	if (fstat(fd, ret_stat) < 0)
		return -errno;
	if (!S_ISREG(ret_stat->st_mode))
		return -EINVAL;
	return steal_fd(&fd);
}

static int read_content(int fd, size_t cap, char **ret, size_t *ret_len)
{
	_cleanup_(buffer_clear_secret) struct buffer b = BUFFER_EMPTY;
	size_t len;
	int r;

	r = read_all(fd, cap, &b);
	if (r < 0)
		return r;
	len = b.len;
	*ret = buffer_steal(&b);
	if (!*ret)
		return -ENOMEM;
	if (ret_len)
		*ret_len = len;
	return 0;
}

int file_read(const char *path, size_t cap, char **ret_content, size_t *ret_len)
{
	struct stat st;
	_cleanup_close_ int fd = open_regular(AT_FDCWD, path, 0, &st);

	return fd < 0 ? fd : read_content(fd, cap, ret_content, ret_len);
}

static bool is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() || st->st_uid == 0;
}

int file_read_secret(const char *path, size_t cap, char **ret_content, size_t *ret_len)
{
	/* Refused unless fstat() says otherwise. */
	struct stat st = {.st_mode = 0777};
	_cleanup_close_ int fd = open_regular(AT_FDCWD, path, 0, &st);

	if (fd < 0)
		return fd;
	if ((st.st_mode & 077) || !is_ours(&st))
		return -EPERM;
	return read_content(fd, cap, ret_content, ret_len);
}

const char *file_distrust(const struct stat *st)
{
	if (!is_ours(st))
		return "it belongs to another user";
	if (st->st_mode & S_IWOTH)
		return "everybody can change it";
	return st->st_mode & S_IWGRP ? "its group can change it" : NULL;
}

const char *file_distrust_path(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? file_distrust(&st) : NULL;
}

static int open_folder(const char *path, struct stat *ret_stat)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, ret_stat) < 0)
		return -errno;
	return steal_fd(&fd);
}

/* A static text, with its own words for the errors that an administrator can mend. */
static const char *why_not_read(int error)
{
	switch (error) {
	case -ENOENT:
		return "there is no such file";
	case -ELOOP:
		return "it is a symbolic link";
	case -EFBIG:
		return "it is too large";
	case -EINVAL:
		return "it is no regular file";
	case -EACCES:
		return "this user may not read it";
	}
	return "it cannot be read";
}

int file_read_trusted(const char *folder, const char *name, size_t cap, char **ret_content,
	size_t *ret_len, const char **ret_why)
{
	struct stat of_folder = {.st_mode = 0777}, of_file = {.st_mode = 0777};
	_cleanup_close_ int at = open_folder(folder, &of_folder);
	_cleanup_close_ int fd = -1;
	int r;

	*ret_why = at == -ENOENT ? "there is no such folder" : "the folder cannot be read";
	if (at < 0)
		return at;
	*ret_why = "its name has a slash, or begins with a dot";
	if (strchr(name, '/') || *name == '.' || *name == '\0')
		return -EINVAL;
	*ret_why = "others than root and this user can change its folder";
	if (file_distrust(&of_folder))
		return -EPERM;
	fd = open_regular(at, name, O_NOFOLLOW, &of_file);
	r = fd < 0 ? fd : 0;
	*ret_why = r == 0 ? file_distrust(&of_file) : why_not_read(r);
	if (r == 0 && *ret_why)
		return -EPERM;
	if (r == 0)
		r = read_content(fd, cap, ret_content, ret_len);
	if (r < 0)
		*ret_why = why_not_read(r);
	return r;
}

int file_write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, bytes, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -errno;
		bytes += w;
		n -= w;
	}
	return 0;
}

/* To be freed; NULL: no memory. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

int file_sync_folder(const char *path)
{
	_cleanup_free_ char *folder = folder_of(path);
	_cleanup_close_ int fd = -1;

	if (!folder)
		return -ENOMEM;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Some file systems cannot sync a folder, which is no error here. */
	if (fsync(fd) < 0 && errno != EINVAL && errno != ENOTSUP)
		return -errno;
	return 0;
}

static int write_temporary(int fd, const void *content, size_t len, mode_t mode)
{
	int r = fchmod(fd, mode) < 0 ? -errno : file_write_all(fd, content, len);

	if (r >= 0 && fsync(fd) < 0)
		r = -errno;
	return r;
}

int file_write_atomic(const char *path, const void *content, size_t len, mode_t mode)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_(unlinkp) char *doomed = NULL;
	_cleanup_close_ int fd = -1;
	int r = text_printf(&temporary, "%s.XXXXXX", path);

	if (r < 0)
		return r;
	fd = mkstemp(temporary);
	if (fd < 0)
		return -errno;
	doomed = temporary;
	r = write_temporary(fd, content, len, mode);
	if (r < 0)
		return r;
	if (close(steal_fd(&fd)) < 0)
		return -errno;
	if (rename(temporary, path) < 0)
		return -errno;
	doomed = NULL;
	return file_sync_folder(path);
}

int file_find_refusal(const char *path, char **ret)
{
	for (const char *end = path; *end;) {
		end += strspn(end, "/");
		end += strcspn(end, "/");
		_cleanup_free_ char *component = strndup(path, (size_t)(end - path));

		if (!component)
			return -ENOMEM;
		if (faccessat(AT_FDCWD, component, *end ? X_OK : W_OK, AT_EACCESS) < 0) {
			int r = -errno;

			*ret = steal_ptr(component);
			return r;
		}
	}
	return 0;
}

bool file_error_is_disk(int r)
{
	return r == -EROFS || r == -ENOSPC || r == -EDQUOT || r == -EIO;
}

/* NAME.XXXXXX, as mkstemp() makes it. */
static bool is_left_over(const char *entry, const char *name)
{
	size_t n = strlen(name);

	return strncmp(entry, name, n) == 0 && entry[n] == '.' && strlen(entry + n) == 7 &&
	       !strpbrk(entry + n + 1, ".-");
}

void file_remove_left_overs(const char *path)
{
	_cleanup_free_ char *folder = folder_of(path);
	const char *slash = strrchr(path, '/');
	DIR *d = folder ? opendir(folder) : NULL;
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (is_left_over(e->d_name, slash ? slash + 1 : path))
			(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}
