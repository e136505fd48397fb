/*
 * A list under a mutex, which is not held while lines are written.
 */
#include "util/log-queue.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "util/buffer.h"
#include "util/cleanup.h"

struct line {
	STAILQ_ENTRY(line) next;
	enum log_level level;
	size_t length;
	char text[];
};

STAILQ_HEAD(line_list, line);

struct log_queue {
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* a line came, or the end */
	void (*added)(void *user);
	void *user;
	struct line_list lines;
	size_t bytes, bytes_max; /* of the lines, with their headers */
	uint64_t lost;		 /* lines since log_queue_write() last told of them */
	bool ending;
};

int log_queue_new(size_t bytes, void (*added)(void *user), void *user, struct log_queue **ret)
{
	struct log_queue *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	pthread_mutex_init(&q->mutex, NULL);
	pthread_cond_init(&q->changed, NULL);
	STAILQ_INIT(&q->lines);
	q->bytes_max = bytes;
	q->added = added;
	q->user = user;
	*ret = q;
	return 0;
}

static void free_lines(struct line_list *lines)
{
	while (!STAILQ_EMPTY(lines)) {
		struct line *line = STAILQ_FIRST(lines);

		STAILQ_REMOVE_HEAD(lines, next);
		free(line);
	}
}

void log_queue_free(struct log_queue *q)
{
	if (!q)
		return;
	free_lines(&q->lines);
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->mutex);
	free(q);
}

int log_queue_add(void *queue, enum log_level level, const char *text, size_t length)
{
	struct log_queue *q = queue;
	size_t size = sizeof(struct line) + length;
	struct line *line = malloc(size);
	int r = line ? 0 : -ENOMEM;

	if (line) {
		*line = (struct line){.level = level, .length = length};
		memcpy(line->text, text, length);
	}
	pthread_mutex_lock(&q->mutex);
	if (r == 0 && q->bytes + size > q->bytes_max)
		r = -EAGAIN;
	if (r == 0) {
		STAILQ_INSERT_TAIL(&q->lines, line, next);
		q->bytes += size;
	} else {
		q->lost++;
	}
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->mutex);
	if (r < 0)
		free(line);
	if (q->added)
		q->added(q->user);
	return r;
}

static bool has_something(const struct log_queue *q)
{
	return !STAILQ_EMPTY(&q->lines) || q->lost > 0;
}

bool log_queue_wait(struct log_queue *q)
{
	pthread_mutex_lock(&q->mutex);
	while (!has_something(q) && !q->ending)
		pthread_cond_wait(&q->changed, &q->mutex);
	bool something = has_something(q);
	pthread_mutex_unlock(&q->mutex);
	return something;
}

void log_queue_end(struct log_queue *q)
{
	pthread_mutex_lock(&q->mutex);
	q->ending = true;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->mutex);
}

void log_queue_write(
	struct log_queue *q, void (*write)(enum log_level level, const char *line, size_t len))
{
	_cleanup_(buffer_clear) struct buffer text = BUFFER_EMPTY;
	struct line_list lines = STAILQ_HEAD_INITIALIZER(lines);
	struct line *line;

	pthread_mutex_lock(&q->mutex);
	STAILQ_CONCAT(&lines, &q->lines);
	uint64_t lost = q->lost;
	q->lost = 0;
	/* The lines taken no longer count, so at most twice bytes_max are in memory. */
	q->bytes = 0;
	pthread_mutex_unlock(&q->mutex);
	STAILQ_FOREACH (line, &lines, next)
		write(line->level, line->text, line->length);
	free_lines(&lines);
	if (lost > 0 &&
		buffer_printf(&text,
			"log: %" PRIu64 " lines were lost, because nobody read the log", lost) == 0)
		write(LOG_LEVEL_WARNING, buffer_data(&text), text.len);
}
