/*
 * ldmd-sim: start, poll loop, stop.
 */
#include <errno.h>
#include <libxml/parser.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host-build.h"
#include "sim.h"

static volatile sig_atomic_t stop_requested;

static void request_stop(int signal)
{
	(void)signal;
	stop_requested = 1;
}

/* Blocked except inside ppoll(), so that no signal is missed. */
static void set_signals(sigset_t *ret_during_poll)
{
	struct sigaction stop = {.sa_handler = request_stop};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, ret_during_poll);
	sigdelset(ret_during_poll, SIGTERM);
	sigdelset(ret_during_poll, SIGINT);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

/* What the capture says of its ldmd holds where the command line does not say otherwise. */
static bool load_replay(struct sim *sim)
{
	struct options *o = &sim->options;

	if (!o->replay)
		return true;
	sim->replay = replay_load(o->replay);
	if (!sim->replay)
		return false;
	if (!o->transport_given && str_equal(sim->replay->transport, "plain"))
		o->transport = TRANSPORT_PLAIN;
	if (!o->data_version_given && str_equal(sim->replay->data_version, "2.0"))
		o->data_version = 2;
	return true;
}

static bool build_host(struct sim *sim)
{
	const struct options *o = &sim->options;
	bool found = false;

	if (o->state_file && !inventory_load(sim, o->state_file, &found))
		return false;
	if (found)
		return true;
	if (o->inventory) {
		if (!inventory_load(sim, o->inventory, &found))
			return false;
		if (!found)
			fprintf(stderr, "ldmd-sim: no file %s\n", o->inventory);
		return found;
	}
	if (o->domains)
		build_generated_host(sim, o->domains, o->disks, o->networks);
	else
		build_default_host(sim);
	return true;
}

static bool add_faults(struct sim *sim)
{
	const char *why;

	for (unsigned i = 0; i < sim->options.n_faults; i++) {
		if (fault_add(&sim->faults, sim->options.faults[i], &why))
			continue;
		fprintf(stderr, "ldmd-sim: fault %s: %s\n", sim->options.faults[i], why);
		return false;
	}
	return true;
}

static bool set_up(struct sim *sim)
{
	const struct options *o = &sim->options;

	timers_init(&sim->timers);
	faults_init(&sim->faults);
	journal_init(&sim->journal);
	TAILQ_INIT(&sim->detached);
	TAILQ_INIT(&sim->server.conns);
	TAILQ_INIT(&sim->server.orphans);
	TAILQ_INIT(&sim->control.operators);
	TAILQ_INIT(&sim->host.domains);
	TAILQ_INIT(&sim->host.spconfigs);
	TAILQ_INIT(&sim->host.functions);
	sim->server.fd = sim->control.fd = -1;
	sim->server.port = o->port;
	sim->transition = o->transition;
	sim->host.version = o->ldm_version;
	return add_faults(sim) && load_replay(sim) && build_host(sim) &&
	       tls_init(&sim->tls, o->ldm_version) &&
	       (!o->cert_file || tls_write_certificate(&sim->tls, o->cert_file)) &&
	       server_listen(sim) && (!o->control_socket || control_listen(sim, o->control_socket));
}

static void tear_down(struct sim *sim)
{
	struct task *task;

	control_free(sim);
	server_free(sim);
	while ((task = TAILQ_FIRST(&sim->detached))) {
		TAILQ_REMOVE(&sim->detached, task, entry);
		task_free(task);
	}
	host_free(&sim->host);
	journal_free(&sim->journal);
	faults_free(&sim->faults);
	tls_free(&sim->tls);
	replay_free(sim->replay);
	options_free(&sim->options);
	xmlCleanupParser();
}

static void save_if_dirty(struct sim *sim)
{
	if (sim->dirty && sim->options.state_file)
		state_save(sim, sim->options.state_file);
	sim->dirty = false;
}

struct fds {
	struct pollfd *list;
	size_t count;
	size_t size;
};

static void add_fd(struct fds *fds, int fd, short events)
{
	if (fds->count == fds->size) {
		fds->size = fds->size ? 2 * fds->size : 16;
		fds->list = xreallocarray(fds->list, fds->size, sizeof(*fds->list));
	}
	fds->list[fds->count++] = (struct pollfd){.fd = fd, .events = events};
}

/* A hung ldmd keeps its sockets but looks at none; the operator can still reach it. */
static void collect_fds(const struct sim *sim, struct fds *fds)
{
	const struct operator* operator;
	const struct conn *conn;

	fds->count = 0;
	add_fd(fds, sim->control.fd, POLLIN);
	add_fd(fds, sim->frozen ? -1 : sim->server.fd, POLLIN);
	TAILQ_FOREACH (operator, & sim->control.operators, entry)
		add_fd(fds, control_poll_events(operator) ? operator->fd : -1,
			control_poll_events(operator)); /* else a hang-up would be told for ever */
	TAILQ_FOREACH (conn, &sim->server.conns, entry)
		add_fd(fds, sim->frozen ? -1 : conn->fd, conn_poll_events(conn));
}

/* The lists still have the order collect_fds() saw; new members are at their ends. */
static void handle_fds(struct sim *sim, const struct fds *fds)
{
	struct operator* operator= TAILQ_FIRST(&sim->control.operators);
	struct conn *conn = TAILQ_FIRST(&sim->server.conns);
	const struct pollfd *fd = fds->list + 2, *end = fds->list + fds->count;

	for (; operator&& fd<end; operator= TAILQ_NEXT(operator, entry), fd++)
		control_handle(operator, fd->revents);
	for (; conn && fd < end; conn = TAILQ_NEXT(conn, entry), fd++)
		conn_handle(conn, fd->revents);
	if (fds->list[0].revents)
		control_accept(sim);
	if (fds->list[1].revents)
		server_accept(sim);
}

static void loop(struct sim *sim, const sigset_t *during_poll)
{
	struct fds fds = {0};

	while (!sim->quit && !stop_requested) {
		int wait = sim->frozen ? 60000 : timers_wait(&sim->timers, 60000);
		struct timespec timeout = {
			.tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000L};

		collect_fds(sim, &fds);
		if (ppoll(fds.list, fds.count, &timeout, during_poll) > 0)
			handle_fds(sim, &fds);
		if (!sim->frozen)
			timers_run(&sim->timers);
		server_update(sim);
		server_reap(sim);
		control_reap(sim);
		save_if_dirty(sim);
	}
	free(fds.list);
}

int main(int argc, char **argv)
{
	static struct sim sim;
	sigset_t during_poll;
	bool ok;

	if (!options_parse(&sim.options, argc, argv))
		return 2;
	if (sim.options.help) {
		options_usage();
		return 0;
	}
	set_signals(&during_poll);
	ok = set_up(&sim);
	if (ok) {
		printf("ldmd-sim: listening on 127.0.0.1:%u (%s)\n", sim.server.port,
			sim.options.transport == TRANSPORT_PLAIN ? "plain" : "xmpp");
		fflush(stdout);
		loop(&sim, &during_poll);
	}
	tear_down(&sim);
	return ok ? 0 : 1;
}
