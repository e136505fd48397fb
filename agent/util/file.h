/*
 * Whole files: read with a limit, and written so that a crash leaves the old or the new content.
 */
#ifndef UTIL_FILE_H
#define UTIL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * The content of a regular file, with a NUL behind that is not counted in *ret_len (which may be
 * NULL). -EFBIG: longer than cap; -EINVAL: not a regular file; or what open(2) says.
 */
int file_read(const char *path, size_t cap, char **ret_content, size_t *ret_len);
/*
 * Same, for secrets: -EPERM if others than the owner can read or write it, or if it is owned by
 * somebody else than us or root.
 */
int file_read_secret(const char *path, size_t cap, char **ret_content, size_t *ret_len);

/*
 * Same, for a file whose content becomes commands: name is a file in folder, not a link, and nobody
 * but root and this user can change the folder or the file. -EPERM, -ELOOP (a link), and *ret_why
 * (static) for any error.
 */
int file_read_trusted(const char *folder, const char *name, size_t cap, char **ret_content,
	size_t *ret_len, const char **ret_why);
/* Who, other than root and this user, can change the file, as a static text; NULL: nobody. */
const char *file_distrust(const struct stat *st);
/* The same for a path; NULL also if the file does not exist. */
const char *file_distrust_path(const char *path);

/*
 * The first component of an absolute path that keeps this user from writing to its end: one that is
 * missing, or may not be entered, or (the last one) not be written. 0: there is none. -ENOENT,
 * -EACCES, -ENOTDIR: *ret is that component's path, to be freed. -ENOMEM.
 */
int file_find_refusal(const char *path, char **ret);

/* All of it, however often write(2) is interrupted or takes a part. -errno. */
int file_write_all(int fd, const char *bytes, size_t n);
/* Writes a temporary file beside path, syncs it, renames it, and syncs the folder. -errno. */
int file_write_atomic(const char *path, const void *content, size_t len, mode_t mode);
/* Removes temporary files that a killed process left; only if nobody else writes the file. */
void file_remove_left_overs(const char *path);
/*
 * Whether r, a negative errno, says that the disk is full, over its quota, read-only or broken: no
 * mistake of ours or of the administrator's, and it may pass.
 */
bool file_error_is_disk(int r);
/* After creating, renaming or removing something in the folder of path. -errno. */
int file_sync_folder(const char *path);

#endif
