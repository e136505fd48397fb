/*
 * Input and output of the control socket.
 */
#include "control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sim.h"

bool control_listen(struct sim *sim, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	sim->control.path = path;
	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "ldmd-sim: control socket path too long\n");
		return false;
	}
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 16)) {
		perror(path);
		if (fd >= 0)
			close(fd);
		return false;
	}
	sim->control.fd = fd;
	return true;
}

void control_accept(struct sim *sim)
{
	int fd;

	while ((fd = accept4(sim->control.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct operator* operator= xcalloc(1, sizeof(*operator));

		operator->sim = sim;
		operator->fd = fd;
		TAILQ_INSERT_TAIL(&sim->control.operators, operator, entry);
	}
}

static void operator_free(struct operator* operator)
{
	if (operator->task)
		task_abandon(operator->task);
	TAILQ_REMOVE(&operator->sim->control.operators, operator, entry);
	close(operator->fd);
	buf_free(&operator->in);
	buf_free(&operator->out);
	free(operator);
}

void control_free(struct sim *sim)
{
	while (!TAILQ_EMPTY(&sim->control.operators))
		operator_free(TAILQ_FIRST(&sim->control.operators));
	if (sim->control.fd < 0)
		return;
	close(sim->control.fd);
	unlink(sim->control.path);
}

void control_ok(struct operator* operator)
{
	buf_add_string(&operator->out, "ok\n");
}

void control_error(struct operator* operator, const char * format, ...)
{
	va_list ap;
	char *text = NULL;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		abort();
	va_end(ap);
	for (char *s = text; *s; s++)
		if (*s == '\n')
			*s = ' ';
	buf_addf(&operator->out, "error %s\n", text);
	free(text);
}

static void run_lines(struct operator* operator)
{
	char *end;

	while (operator->task == NULL && operator->in.len &&(
		end = memchr(operator->in.data, '\n', operator->in.len))) {
		size_t len = (size_t)(end - operator->in.data);
		char *line = xstrndup(operator->in.data, len);

		buf_drop(&operator->in, len + 1);
		control_run(operator, line);
		free(line);
	}
}

static void read_input(struct operator* operator)
{
	static char data[4096];
	ssize_t n;

	while ((n = read(operator->fd, data, sizeof(data))) > 0)
		buf_add(&operator->in, data, (size_t)n);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		operator->closing = true;
}

static void write_output(struct operator* operator)
{
	ssize_t n = 0;

	while (operator->out.len &&(n = send(operator->fd, operator->out.data, operator->out.len,
					    MSG_NOSIGNAL)) > 0)
		buf_drop(&operator->out, (size_t)n);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		operator->closing = true;
		operator->out.len = 0;
	}
}

/* After the client's end of file, what it asked is still answered. */
short control_poll_events(const struct operator* operator)
{
	return (short)((operator->closing ? 0 : POLLIN) | (operator->out.len ? POLLOUT : 0));
}

void control_handle(struct operator* operator, short revents)
{
	if (revents && !operator->closing)
		read_input(operator);
	run_lines(operator);
	write_output(operator);
}

void control_reap(struct sim *sim)
{
	struct operator* operator, * next;

	LIST_EACH_SAFE(operator, & sim->control.operators, entry, next)
	{
		run_lines(operator);
		write_output(operator);
		if (operator->closing && operator->task == NULL && operator->out.len == 0)
			operator_free(operator);
	}
}
