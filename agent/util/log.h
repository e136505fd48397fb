/*
 * One log for all threads: to stderr or to syslog, with a token per subsystem to filter by.
 *
 * Tokens are hierarchical words, "ldm" and "ldm:xml"; enabling "ldm" enables "ldm:frame" too, but
 * not a token that shows whole documents (log_dump), which must be named itself or by "all".
 * Control characters in a message are made visible, so no text of a peer can forge a line.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG, /* every log_debug(), whatever its token */
	_LOG_LEVEL_MAX,
	_LOG_LEVEL_INVALID = -1,
};

struct log_options {
	const char *ident; /* name of the program; kept by reference, must live on */
	bool to_syslog;	   /* else to stderr */
	bool errors_twice; /* errors to stderr as well, for the user who waits for the start */
	bool priorities;   /* on stderr: "<4>" in front, for systemd's journal, no ident or level */
	enum log_level level;
	const char *tokens; /* comma separated, NULL: none; copied */
};

/* To be called only while no other thread runs. Before the first call lines of level notice and
 * above go to stderr. -ENOMEM. */
int log_setup(const struct log_options *options);
/*
 * Gets each line, "token: text" in visible characters without a line end, in place of stderr and
 * syslog; called from any thread. A negative errno: the line is lost.
 */
typedef int log_sink(void *user, enum log_level level, const char *line, size_t len);
/* sink NULL: lines are written directly, which may block. No other thread may log meanwhile. */
void log_set_sink(log_sink *sink, void *user);
/* Writes one line that a sink took to stderr or syslog. May block. */
void log_write_line(enum log_level level, const char *line, size_t len);
/* How many lines were lost since the program started: refused by the sink, or not written. */
uint64_t log_lines_lost(void);
/*
 * Sets the text in front of each line that this thread logs, for a process that is the agent of
 * several hosts. Borrowed; NULL: none.
 */
void log_set_subject(const char *subject);
/* Forgets tokens and closes syslog, unless there is a sink. */
void log_shutdown(void);
/* At any time, from any thread. */
void log_set_level(enum log_level level);
/* The level as syslog(3) calls it. */
int log_priority(enum log_level level);

/* Whether log_debug(token) would write, so that a costly text need not be made in vain. */
bool log_wants(const char *token);
/* Same for log_dump(). */
bool log_wants_dump(const char *token);

void log_err(const char *token, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const char *token, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_notice(const char *token, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *token, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_debug(const char *token, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text of many lines, each logged by itself behind the title; only if the token is enabled. */
void log_dump(const char *token, const char *title, const char *text, size_t len);

/* Whether two lines differ in their numbers only. */
bool log_says_the_same(const char *a, const char *b);

#endif
