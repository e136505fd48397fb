/*
 * See log-relay.h. A wake-up pipe in snmpd's loop tells that the queue has lines.
 */
#include "module/log-relay.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/fd_event_manager.h>

#include <errno.h>
#include <stdlib.h>
#include <syslog.h>

#include "util/log-queue.h"
#include "util/wakeup.h"

#define QUEUE_BYTES ((size_t)1 << 18)

struct log_relay {
	struct log_queue *queue;
	struct wakeup *wakeup;
};

static void write_line(enum log_level level, const char *line, size_t len)
{
	snmp_log(log_priority(level), "ldoms: %.*s\n", (int)len, line);
}

static void on_added(void *user)
{
	struct log_relay *r = user;

	wakeup_notify(r->wakeup);
}

static void on_readable(int fd, void *user)
{
	(void)fd;
	struct log_relay *r = user;

	wakeup_drain(r->wakeup);
	log_queue_write(r->queue, write_line);
}

static void relay_free(struct log_relay *r)
{
	log_queue_free(r->queue);
	wakeup_free(r->wakeup);
	free(r);
}

int log_relay_new(struct log_relay **ret)
{
	struct log_relay *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	int result = log_queue_new(QUEUE_BYTES, on_added, r, &r->queue);
	if (result >= 0)
		result = wakeup_new(&r->wakeup);
	if (result >= 0 &&
		register_readfd(wakeup_fd(r->wakeup), on_readable, r) != FD_REGISTERED_OK)
		result = -EMFILE;
	if (result < 0) {
		relay_free(r);
		return result;
	}
	log_set_sink(log_queue_add, r->queue);
	*ret = r;
	return 0;
}

void log_relay_free(struct log_relay *r)
{
	if (!r)
		return;
	log_set_sink(NULL, NULL);
	unregister_readfd(wakeup_fd(r->wakeup));
	log_queue_write(r->queue, write_line);
	relay_free(r);
}
