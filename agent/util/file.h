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
 * As file_read(), for secrets: -EPERM if others than the owner can read or write the file, or if
 * its owner is neither this user nor root.
 */
int file_read_secret(const char *path, size_t cap, char **ret_content, size_t *ret_len);

/*
 * As file_read(), for a file whose content becomes commands: name is a file in folder, not a link
 * (-ELOOP), and nobody but root and this user can change the folder or the file (-EPERM). *ret_why
 * is a static text about any error.
 */
int file_read_trusted(const char *folder, const char *name, size_t cap, char **ret_content,
	size_t *ret_len, const char **ret_why);
/* A static text that says who besides root and this user can change the file; NULL: nobody. */
const char *file_distrust(const struct stat *st);
/* The same for a path; NULL also if the file does not exist. */
const char *file_distrust_path(const char *path);

/*
 * Looks for the first component of an absolute path that keeps this user from writing to its end:
 * it is missing, may not be entered or, as the last one, may not be written. 0: there is none.
 * -ENOENT, -EACCES, -ENOTDIR and the like: *ret is the path up to the component, to be freed.
 * -ENOMEM: *ret is not set.
 */
int file_find_refusal(const char *path, char **ret);

/* Writes all n bytes, also if write(2) is interrupted or takes only a part. -errno. */
int file_write_all(int fd, const char *bytes, size_t n);
/* Writes a temporary file beside path, syncs it, renames it, and syncs the folder. -errno. */
int file_write_atomic(const char *path, const void *content, size_t len, mode_t mode);
/* Removes temporary files of path that a killed process left. No other process may write path. */
void file_remove_left_overs(const char *path);
/*
 * Whether r, a negative errno, says that the disk is full, over its quota, read-only or broken:
 * neither the agent nor its configuration is wrong, and a later try may succeed.
 */
bool file_error_is_disk(int r);
/* Makes a file created, renamed or removed in the folder of path survive a crash. -errno. */
int file_sync_folder(const char *path);

#endif
