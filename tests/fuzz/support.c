/*
 * See fuzz.h. What the system does slowly or noisily is replaced here: the log goes nowhere, disks
 * are not waited for, and time can be made to pass.
 */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/syslog.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/log.h"

/* --- replaced ------------------------------------------------------------------------------- */

#define CLOCK_STOPPED_AT_MS 1000000

#define REPLACES __attribute__((visibility("default")))

/* Fortified calls have names of their own, with clang by a macro; neither is to be replaced. */
#undef syslog
REPLACES void syslog(int priority, const char *format, ...);
REPLACES void __syslog_chk(int priority, int flag, const char *format, ...);

static __attribute__((format(printf, 1, 0))) void read_message(const char *format, va_list args)
{
	char *text;

	/* Made all the same: what is formatted must be there. */
	if (vasprintf(&text, format, args) >= 0)
		free(text);
}

void syslog(int priority, const char *format, ...)
{
	va_list args;

	(void)priority;
	va_start(args, format);
	read_message(format, args);
	va_end(args);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list args;

	(void)priority;
	(void)flag;
	va_start(args, format);
	read_message(format, args);
	va_end(args);
}

REPLACES int fsync(int fd)
{
	(void)fd;
	return 0;
}

REPLACES int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

static uint64_t clock_ahead_ms;
static bool clock_stopped;

void fuzz_advance_clock(uint64_t ms)
{
	clock_ahead_ms += ms;
}

void fuzz_stop_clock(void)
{
	clock_stopped = true;
	clock_ahead_ms = CLOCK_STOPPED_AT_MS;
}

/* Also for net-snmp, whose timers follow this clock. */
REPLACES int clock_gettime(clockid_t which, struct timespec *ret)
{
	int r = (int)syscall(SYS_clock_gettime, which, ret);

	if (clock_stopped && which == CLOCK_MONOTONIC)
		*ret = (struct timespec){0};
	if (r == 0 && which == CLOCK_MONOTONIC) {
		ret->tv_sec += (time_t)(clock_ahead_ms / 1000);
		ret->tv_nsec += (long)(clock_ahead_ms % 1000) * 1000000;
		ret->tv_sec += ret->tv_nsec / 1000000000;
		ret->tv_nsec %= 1000000000;
	}
	return r;
}

/* --- inputs --------------------------------------------------------------------------------- */

void fuzz_fail(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
	abort();
}

uint8_t fuzz_byte(struct fuzz_input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

uint32_t fuzz_u32(struct fuzz_input *in)
{
	uint32_t n = 0;

	for (int i = 0; i < 4; i++)
		n = n << 8 | fuzz_byte(in);
	return n;
}

const uint8_t *fuzz_bytes(struct fuzz_input *in, size_t max, size_t *ret_n)
{
	const uint8_t *at = in->at;

	*ret_n = max < in->left ? max : in->left;
	in->at += *ret_n;
	in->left -= *ret_n;
	return at;
}

struct fuzz_chance fuzz_chance_of(const uint8_t *data, size_t size)
{
	struct fuzz_chance c = {UINT64_C(0xcbf29ce484222325)};

	for (size_t i = 0; i < size; i++)
		c.state = (c.state ^ data[i]) * UINT64_C(0x100000001b3);
	return c;
}

uint32_t fuzz_chance_below(struct fuzz_chance *c, uint32_t below)
{
	c->state = c->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(c->state >> 33) % below;
}

/* --- files ---------------------------------------------------------------------------------- */

static char *directory;

void fuzz_empty_directory(void)
{
	DIR *d = opendir(fuzz_directory());
	struct dirent *e;

	while (d && (e = readdir(d)))
		(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}

static void remove_directory(void)
{
	fuzz_empty_directory();
	(void)rmdir(directory);
	free(directory);
	directory = NULL;
}

const char *fuzz_directory(void)
{
	const char *where = getenv("FUZZ_TMPDIR");

	if (directory)
		return directory;
	if (!where)
		where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	FUZZ_CHECK(asprintf(&directory, "%s/ldoms-fuzz.XXXXXX", where) > 0);
	FUZZ_CHECK(mkdtemp(directory));
	atexit(remove_directory);
	return directory;
}

static char *path_of(const char *name)
{
	char *path;

	FUZZ_CHECK(asprintf(&path, "%s/%s", fuzz_directory(), name) > 0);
	return path;
}

void fuzz_write_file(const char *name, const void *content, size_t size)
{
	_cleanup_free_ char *path = path_of(name);
	FILE *f = fopen(path, "w");

	FUZZ_CHECK(f && (size == 0 || fwrite(content, size, 1, f) == 1));
	FUZZ_CHECK(fclose(f) == 0);
}

void fuzz_remove_file(const char *name)
{
	_cleanup_free_ char *path = path_of(name);

	(void)unlink(path);
}

/* --- start ---------------------------------------------------------------------------------- */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* As the daemon has it. */
	FUZZ_CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	/* Every message is made, at every level, and then thrown away above. */
	FUZZ_CHECK(log_setup(&(struct log_options){
			   .ident = fuzz_name,
			   .to_syslog = true,
			   .level = LOG_LEVEL_DEBUG,
			   .tokens = getenv("FUZZ_LOG_TOKENS"),
		   }) == 0);
	return 0;
}
