/*
 * Each line is made whole in memory and written by one call, so that lines of threads do not mix.
 * The settings are the one global of the agent: fixed before threads start, but for the level and
 * the counter.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/text.h"

static struct {
	const char *ident;
	char *tokens;
	bool to_syslog, errors_twice, priorities;
	log_sink *sink; /* NULL: lines are written directly */
	void *sink_user;
	atomic_int level;
	atomic_uint_fast64_t lost;
} log_settings = {.level = LOG_LEVEL_NOTICE};

static _Thread_local const char *log_subject;

static const struct {
	const char *word;
	int priority;
} levels[_LOG_LEVEL_MAX] = {
	[LOG_LEVEL_ERROR] = {"error", LOG_ERR},
	[LOG_LEVEL_WARNING] = {"warning", LOG_WARNING},
	[LOG_LEVEL_NOTICE] = {"notice", LOG_NOTICE},
	[LOG_LEVEL_INFO] = {"info", LOG_INFO},
	[LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

static void forget_settings(void)
{
	if (log_settings.to_syslog)
		closelog();
	free(log_settings.tokens);
	log_settings.tokens = NULL;
	log_settings.to_syslog = log_settings.errors_twice = log_settings.priorities = false;
	log_settings.ident = NULL;
}

int log_setup(const struct log_options *options)
{
	char *tokens = NULL;

	if (options->tokens) {
		tokens = strdup(options->tokens);
		if (!tokens)
			return -ENOMEM;
	}
	forget_settings();
	log_settings.ident = options->ident;
	log_settings.tokens = tokens;
	log_settings.to_syslog = options->to_syslog;
	log_settings.errors_twice = options->errors_twice;
	log_settings.priorities = options->priorities;
	atomic_store(&log_settings.level, options->level);
	if (options->to_syslog)
		openlog(options->ident, LOG_PID, LOG_DAEMON);
	return 0;
}

void log_shutdown(void)
{
	/*
	 * A sink that is still set belongs to a log thread that could not be ended. That thread
	 * uses the settings, and may hang in syslog() with the lock that closelog() waits for.
	 */
	if (!log_settings.sink)
		forget_settings();
}

void log_set_sink(log_sink *sink, void *user)
{
	log_settings.sink = sink;
	log_settings.sink_user = user;
}

uint64_t log_lines_lost(void)
{
	return atomic_load(&log_settings.lost);
}

void log_set_level(enum log_level level)
{
	atomic_store(&log_settings.level, level);
}

void log_set_subject(const char *subject)
{
	log_subject = subject;
}

int log_priority(enum log_level level)
{
	return levels[level].priority;
}

static bool shows(enum log_level level)
{
	return atomic_load(&log_settings.level) >= (int)level;
}

/* Whether name[0..len) is the token, or (parents) the part in front of one of its colons. */
static bool token_covers(const char *name, size_t len, const char *token, bool parents)
{
	if (strncmp(name, token, len) != 0)
		return false;
	return token[len] == '\0' || (parents && token[len] == ':');
}

static bool token_enabled(const char *token, bool parents)
{
	const char *p = log_settings.tokens;

	while (p && *p) {
		size_t len;

		p += strspn(p, ", ");
		len = strcspn(p, ", ");
		if (len == 3 && strncasecmp(p, "all", 3) == 0)
			return true;
		if (len > 0 && token_covers(p, len, token, parents))
			return true;
		p += len;
	}
	return false;
}

bool log_wants(const char *token)
{
	return shows(LOG_LEVEL_DEBUG) || token_enabled(token, true);
}

bool log_wants_dump(const char *token)
{
	return token_enabled(token, false);
}

static int write_all(const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t w = write(STDERR_FILENO, bytes, n);

		if (w > 0) {
			bytes += w;
			n -= w;
		} else if (w == 0) {
			return -EIO;
		} else if (errno == EAGAIN) {
			/* Others may have made stderr non-blocking. */
			poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, -1);
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

static int write_to_stderr(enum log_level level, const char *text, size_t len)
{
	_cleanup_(buffer_clear) struct buffer line = BUFFER_EMPTY;
	const char *ident = log_settings.ident ? log_settings.ident : "ldoms-agentx";
	int r = log_settings.priorities
			? buffer_printf(&line, "<%d>", levels[level].priority)
			: buffer_printf(&line, "%s: %s: ", ident, levels[level].word);

	if (r == 0)
		r = buffer_append(&line, text, len);
	if (r == 0)
		r = buffer_append(&line, "\n", 1);
	return r < 0 ? r : write_all(buffer_data(&line), line.len);
}

void log_write_line(enum log_level level, const char *text, size_t len)
{
	bool twice = log_settings.errors_twice && level == LOG_LEVEL_ERROR;
	int r = 0;

	if (log_settings.to_syslog)
		syslog(levels[level].priority, "%.*s", (int)len, text);
	if (!log_settings.to_syslog || twice)
		r = write_to_stderr(level, text, len);
	if (r < 0)
		atomic_fetch_add(&log_settings.lost, 1);
}

static void emit_line(enum log_level level, const char *token, const char *text, size_t len)
{
	_cleanup_(buffer_clear) struct buffer line = BUFFER_EMPTY;
	int r = log_subject ? buffer_printf(&line, "%s: %s: ", log_subject, token)
			    : buffer_printf(&line, "%s: ", token);

	if (r == 0)
		r = visible_append(&line, text, len);
	if (r == 0 && !log_settings.sink)
		log_write_line(level, buffer_data(&line), line.len);
	else if (r == 0)
		r = log_settings.sink(log_settings.sink_user, level, buffer_data(&line), line.len);
	if (r < 0)
		atomic_fetch_add(&log_settings.lost, 1);
}

/* errno is kept: callers log first and read errno after that. */
static __attribute__((format(printf, 3, 0))) void emit_format(
	enum log_level level, const char *token, const char *format, va_list args)
{
	int saved = errno;
	_cleanup_free_ char *text = NULL;
	int len = vasprintf(&text, format, args);

	if (len >= 0) {
		emit_line(level, token, text, len);
	} else {
		text = NULL;
		atomic_fetch_add(&log_settings.lost, 1);
	}
	errno = saved;
}

#define DEFINE_LOG(name, at)                                                                       \
	void name(const char *token, const char *format, ...)                                      \
	{                                                                                          \
		va_list args;                                                                      \
                                                                                                   \
		if (!shows(at))                                                                    \
			return;                                                                    \
		va_start(args, format);                                                            \
		emit_format(at, token, format, args);                                              \
		va_end(args);                                                                      \
	}

DEFINE_LOG(log_err, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warn, LOG_LEVEL_WARNING)
DEFINE_LOG(log_notice, LOG_LEVEL_NOTICE)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)

void log_debug(const char *token, const char *format, ...)
{
	va_list args;

	if (!log_wants(token))
		return;
	va_start(args, format);
	emit_format(LOG_LEVEL_DEBUG, token, format, args);
	va_end(args);
}

void log_dump(const char *token, const char *title, const char *text, size_t len)
{
	if (!log_wants_dump(token))
		return;
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;
		_cleanup_(buffer_clear) struct buffer line = BUFFER_EMPTY;

		if (buffer_printf(&line, "%s ", title) == 0 && buffer_append(&line, text, n) == 0)
			emit_line(LOG_LEVEL_DEBUG, token, buffer_data(&line), line.len);
		n += end != NULL;
		text += n;
		len -= n;
	}
}

bool log_says_the_same(const char *a, const char *b)
{
	static const char digits[] = "0123456789";

	for (;; a++, b++) {
		a += strspn(a, digits);
		b += strspn(b, digits);
		if (*a != *b || !*a)
			return *a == *b;
	}
}
