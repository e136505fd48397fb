/*
 * The thread that empties the queue.
 */
#include "daemon/log-writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "util/log-queue.h"
#include "util/wakeup.h"

#define QUEUE_BYTES   ((size_t)1 << 20)
#define END_WITHIN_MS 1000

struct log_writer {
	pthread_t thread;
	struct log_queue *queue;
	struct wakeup *ended;
};

static void *run_writer(void *user)
{
	struct log_writer *w = user;

	(void)pthread_setname_np(pthread_self(), "log");
	while (log_queue_wait(w->queue))
		log_queue_write(w->queue, log_write_line);
	wakeup_notify(w->ended);
	return NULL;
}

/*
 * The log's sink points to the whole writer. A writer that log_writer_free() has to leave behind
 * stays reachable by it, so leak checkers do not report the memory.
 */
static int add_line(void *writer, enum log_level level, const char *line, size_t len)
{
	struct log_writer *w = writer;

	return log_queue_add(w->queue, level, line, len);
}

static void destroy_writer(struct log_writer *w)
{
	log_queue_free(w->queue);
	wakeup_free(w->ended);
	free(w);
}

int log_writer_new(struct log_writer **ret)
{
	struct log_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	int r = log_queue_new(QUEUE_BYTES, NULL, NULL, &w->queue);
	if (r >= 0)
		r = wakeup_new(&w->ended);
	if (r >= 0)
		r = -pthread_create(&w->thread, NULL, run_writer, w);
	if (r < 0) {
		destroy_writer(w);
		return r;
	}
	log_set_sink(add_line, w);
	*ret = w;
	return 0;
}

void log_writer_free(struct log_writer *w)
{
	if (!w)
		return;
	log_queue_end(w->queue);
	struct pollfd ended = {.fd = wakeup_fd(w->ended), .events = POLLIN};
	int n;
	do
		n = poll(&ended, 1, END_WITHIN_MS);
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		pthread_detach(w->thread);
		return;
	}
	pthread_join(w->thread, NULL);
	log_set_sink(NULL, NULL);
	destroy_writer(w);
}
