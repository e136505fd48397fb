/*
 * A queue under a mutex that nobody holds while writing, and a wake-up pipe in snmpd's loop.
 */
#include "module/log-relay.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/fd_event_manager.h>

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "util/log.h"
#include "util/wakeup.h"

#define QUEUE_BYTES ((size_t)1 << 18)

struct line {
	struct line *next;
	enum log_level level;
	size_t length;
	char text[];
};

struct log_relay {
	pthread_mutex_t mutex;
	struct line *first, **end;
	size_t bytes;
	uint64_t lost;
	struct wakeup *wakeup;
};

/* log_sink */
static int queue_line(void *user, enum log_level level, const char *text, size_t length)
{
	struct log_relay *r = user;
	struct line *line = malloc(sizeof(*line) + length);
	int result = line ? 0 : -ENOMEM;

	if (line) {
		*line = (struct line){.level = level, .length = length};
		memcpy(line->text, text, length);
	}
	pthread_mutex_lock(&r->mutex);
	if (result == 0 && r->bytes + sizeof(*line) + length > QUEUE_BYTES)
		result = -EAGAIN;
	if (result == 0) {
		*r->end = line;
		r->end = &line->next;
		r->bytes += sizeof(*line) + length;
	} else {
		r->lost++;
	}
	pthread_mutex_unlock(&r->mutex);
	wakeup_notify(r->wakeup);
	if (result < 0)
		free(line);
	return result;
}

static int priority_of(enum log_level level)
{
	static const int priorities[_LOG_LEVEL_MAX] = {
		[LOG_LEVEL_ERROR] = LOG_ERR,
		[LOG_LEVEL_WARNING] = LOG_WARNING,
		[LOG_LEVEL_NOTICE] = LOG_NOTICE,
		[LOG_LEVEL_INFO] = LOG_INFO,
		[LOG_LEVEL_DEBUG] = LOG_DEBUG,
	};

	return priorities[level];
}

static void write_lines(struct log_relay *r)
{
	pthread_mutex_lock(&r->mutex);
	struct line *lines = r->first;
	uint64_t lost = r->lost;
	r->first = NULL;
	r->end = &r->first;
	r->bytes = 0;
	r->lost = 0;
	pthread_mutex_unlock(&r->mutex);

	while (lines) {
		struct line *line = lines;

		lines = line->next;
		snmp_log(priority_of(line->level), "ldoms: %.*s\n", (int)line->length, line->text);
		free(line);
	}
	if (lost > 0)
		snmp_log(LOG_WARNING, "ldoms: log: %" PRIu64 " lines were lost: too many at once\n",
			lost);
}

static void on_readable(int fd, void *user)
{
	(void)fd;
	struct log_relay *r = user;

	wakeup_drain(r->wakeup);
	write_lines(r);
}

int log_relay_new(struct log_relay **ret)
{
	struct log_relay *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->end = &r->first;
	int result = wakeup_new(&r->wakeup);
	if (result < 0) {
		free(r);
		return result;
	}
	pthread_mutex_init(&r->mutex, NULL);
	if (register_readfd(wakeup_fd(r->wakeup), on_readable, r) != FD_REGISTERED_OK) {
		wakeup_free(r->wakeup);
		pthread_mutex_destroy(&r->mutex);
		free(r);
		return -EMFILE;
	}
	log_set_sink(queue_line, r);
	*ret = r;
	return 0;
}

void log_relay_free(struct log_relay *r)
{
	if (!r)
		return;
	log_set_sink(NULL, NULL);
	unregister_readfd(wakeup_fd(r->wakeup));
	write_lines(r);
	wakeup_free(r->wakeup);
	pthread_mutex_destroy(&r->mutex);
	free(r);
}
