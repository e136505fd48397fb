/*
 * The log writer: whoever logs never waits for whoever reads; what is lost is counted and told.
 */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log-writer.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/log.h"

/* Far more than the queue and a pipe can hold together. */
#define LINES	  6000
#define LINE_SIZE 1000

/* stderr is the write end of a pipe while a test runs. */
struct pipe_log {
	int saved_stderr;
	int read_end;
	pthread_mutex_t mutex;
	size_t notices; /* whole ones that were read so far */
};

static void redirect(struct pipe_log *p)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	pthread_mutex_init(&p->mutex, NULL);
	p->notices = 0;
	p->read_end = fds[0];
	p->saved_stderr = dup(STDERR_FILENO);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	log_setup(&(struct log_options){.ident = "prog", .level = LOG_LEVEL_NOTICE});
}

static void restore(struct pipe_log *p)
{
	dup2(p->saved_stderr, STDERR_FILENO);
	close(p->saved_stderr);
	log_shutdown();
}

static size_t count_notices(const char *from, const char *end)
{
	static const char word[] = "prog: notice: ";
	size_t n = 0;

	for (const char *line = from; line < end;) {
		const char *feed = memchr(line, '\n', end - line);

		if (!feed)
			break;
		n += strncmp(line, word, sizeof(word) - 1) == 0;
		line = feed + 1;
	}
	return n;
}

/* Until the pipe is closed, which restore() does. */
static char *read_pipe(struct pipe_log *p)
{
	struct buffer b = BUFFER_EMPTY;
	char *room;
	ssize_t n;

	do {
		assert_int_equal(buffer_reserve(&b, 65536, &room), 0);
		n = read(p->read_end, room, 65536);
		if (n <= 0)
			break;
		buffer_commit(&b, n);
		const char *text = buffer_data(&b);

		pthread_mutex_lock(&p->mutex);
		p->notices = count_notices(text, text + b.len);
		pthread_mutex_unlock(&p->mutex);
	} while (n > 0);
	close(p->read_end);
	return buffer_steal(&b);
}

/* log_writer_free() waits for a second only: a busy machine may need longer for so many lines. */
static void wait_until_read(struct pipe_log *p, size_t notices)
{
	size_t n = 0;

	for (int i = 0; n < notices; i++) {
		assert_true(i < 60000);
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		pthread_mutex_lock(&p->mutex);
		n = p->notices;
		pthread_mutex_unlock(&p->mutex);
	}
}

static void *read_in_thread(void *user)
{
	return read_pipe(user);
}

static void log_many(void)
{
	char filler[LINE_SIZE];

	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	for (int i = 0; i < LINES; i++)
		log_notice("test", "%d %s", i, filler);
}

/* Lines in order; where some are missing, a line tells how many. */
static void check_lines(char *text, uint64_t lost)
{
	unsigned long long told = 0, more;
	int lines = 0, last = -1, number;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "prog: warning: log: %llu lines were lost", &more) == 1) {
			told += more;
			continue;
		}
		assert_int_equal(sscanf(line, "prog: notice: test: %d x", &number), 1);
		assert_true(number > last);
		last = number;
		lines++;
	}
	assert_int_equal(told, lost);
	assert_int_equal(lines + lost, LINES);
}

static void test_nobody_reads(void **state)
{
	struct pipe_log p;
	struct log_writer *w;
	pthread_t reader;
	void *text;
	uint64_t before = log_lines_lost();

	(void)state;
	redirect(&p);
	assert_int_equal(log_writer_new(&w), 0);
	/* Would wait for ever if a line were written here. */
	log_many();
	uint64_t lost = log_lines_lost() - before;

	assert_true(lost > LINES / 2);
	assert_int_equal(pthread_create(&reader, NULL, read_in_thread, &p), 0);
	wait_until_read(&p, LINES - lost);
	log_writer_free(w);
	restore(&p);
	pthread_join(reader, &text);
	check_lines(text, lost);
	free(text);
}

static void test_somebody_reads(void **state)
{
	struct pipe_log p;
	struct log_writer *w;
	pthread_t reader;
	void *text;
	uint64_t before = log_lines_lost();

	(void)state;
	redirect(&p);
	assert_int_equal(log_writer_new(&w), 0);
	assert_int_equal(pthread_create(&reader, NULL, read_in_thread, &p), 0);
	for (int i = 0; i < LINES; i++)
		log_notice("test", "%d x", i);
	wait_until_read(&p, LINES);
	log_writer_free(w);
	log_notice("test", "%d x", LINES);
	restore(&p);
	pthread_join(reader, &text);
	assert_int_equal(log_lines_lost(), before);
	assert_non_null(strstr(text, "test: 6000 x\n"));
	*strstr(text, "prog: notice: test: 6000 x\n") = '\0';
	check_lines(text, 0);
	free(text);
}

/* A pipe that is never read holds up neither the end nor the lines after it. */
static void test_the_end_does_not_wait_for_ever(void **state)
{
	struct pipe_log p;
	struct log_writer *w;
	uint64_t lost;

	(void)state;
	redirect(&p);
	assert_int_equal(log_writer_new(&w), 0);
	log_many();
	lost = log_lines_lost();
	log_writer_free(w);
	log_many();
	assert_true(log_lines_lost() - lost > LINES / 2);
	/* Sets the stuck thread free, with an error, so that nothing of this test stays behind. */
	signal(SIGPIPE, SIG_IGN);
	close(p.read_end);
	restore(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_somebody_reads),
		cmocka_unit_test(test_nobody_reads),
		/* Last: the writer's thread stays behind. */
		cmocka_unit_test(test_the_end_does_not_wait_for_ever),
	};

	return cmocka_run_group_tests_name("log-writer", tests, NULL, NULL);
}
