/*
 * A queue under a mutex that nobody holds while writing, and the thread that empties it.
 */
#include "daemon/log-writer.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/platform.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/log.h"

#define QUEUE_BYTES   ((size_t)1 << 20)
#define END_WITHIN_S  1
#define LOST_TEXT_FMT "log: %" PRIu64 " lines were lost, because nobody read the log"

struct line {
	struct line *next;
	enum log_level level;
	size_t length;
	char text[];
};

struct log_writer {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* a line came, the queue is to end, or the thread ended */
	struct line *first, **end;
	size_t bytes;  /* of the lines in the queue, with their headers */
	uint64_t lost; /* lines, since the last message about lost lines */
	bool stopping; /* the thread ends when the queue is empty */
	bool finished; /* it has ended */
};

static void append_line(struct log_writer *w, struct line *line)
{
	*w->end = line;
	w->end = &line->next;
	w->bytes += sizeof(*line) + line->length;
}

/* log_sink */
static int queue_line(void *user, enum log_level level, const char *text, size_t length)
{
	struct log_writer *w = user;
	struct line *line = malloc(sizeof(*line) + length);
	int r = line ? 0 : -ENOMEM;

	if (line) {
		*line = (struct line){.level = level, .length = length};
		memcpy(line->text, text, length);
	}
	pthread_mutex_lock(&w->mutex);
	if (r == 0 && w->bytes + sizeof(*line) + length > QUEUE_BYTES)
		r = -EAGAIN;
	if (r == 0)
		append_line(w, line);
	else
		w->lost++;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->mutex);
	if (r < 0)
		free(line);
	return r;
}

/* All lines of the queue, and how many were lost after the last of them. NULL and 0: the end. */
static struct line *take_lines(struct log_writer *w, uint64_t *ret_lost)
{
	pthread_mutex_lock(&w->mutex);
	while (!w->first && w->lost == 0 && !w->stopping)
		pthread_cond_wait(&w->changed, &w->mutex);
	struct line *lines = w->first;

	*ret_lost = w->lost;
	w->first = NULL;
	w->end = &w->first;
	w->lost = 0;
	/* The lines taken no longer count, so at most twice QUEUE_BYTES are in memory. */
	w->bytes = 0;
	pthread_mutex_unlock(&w->mutex);
	return lines;
}

static void write_lines(struct line *lines)
{
	while (lines) {
		struct line *line = lines;

		lines = line->next;
		log_write_line(line->level, line->text, line->length);
		free(line);
	}
}

static void tell_lost(uint64_t lost)
{
	_cleanup_(buffer_clear) struct buffer text = BUFFER_EMPTY;

	if (buffer_printf(&text, LOST_TEXT_FMT, lost) == 0)
		log_write_line(LOG_LEVEL_WARNING, buffer_data(&text), text.len);
}

static void *run_writer(void *user)
{
	struct log_writer *w = user;
	struct line *lines;
	uint64_t lost;

	platform_name_thread("log");
	while ((lines = take_lines(w, &lost)) || lost > 0) {
		write_lines(lines);
		if (lost > 0)
			tell_lost(lost);
	}
	pthread_mutex_lock(&w->mutex);
	w->finished = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

static int init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	int r = -pthread_condattr_init(&attributes);

	if (r < 0)
		return r;
	r = -pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (r == 0)
		r = -pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
	return r;
}

static void destroy_writer(struct log_writer *w)
{
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->mutex);
	free(w);
}

int log_writer_new(struct log_writer **ret)
{
	struct log_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->end = &w->first;
	pthread_mutex_init(&w->mutex, NULL);
	int r = init_condition(&w->changed);

	if (r < 0) {
		pthread_mutex_destroy(&w->mutex);
		free(w);
		return r;
	}
	r = -pthread_create(&w->thread, NULL, run_writer, w);
	if (r < 0) {
		destroy_writer(w);
		return r;
	}
	log_set_sink(queue_line, w);
	*ret = w;
	return 0;
}

/* Whether the thread ended in time. */
static bool wait_for_writer(struct log_writer *w)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += END_WITHIN_S;
	pthread_mutex_lock(&w->mutex);
	w->stopping = true;
	pthread_cond_broadcast(&w->changed);
	while (!w->finished && r == 0)
		r = pthread_cond_timedwait(&w->changed, &w->mutex, &until);
	bool finished = w->finished;

	pthread_mutex_unlock(&w->mutex);
	return finished;
}

void log_writer_free(struct log_writer *w)
{
	if (!w)
		return;
	if (!wait_for_writer(w)) {
		pthread_detach(w->thread);
		return;
	}
	pthread_join(w->thread, NULL);
	log_set_sink(NULL, NULL);
	destroy_writer(w);
}
