/*
 * A random administrator. Commands are written in the operator's language and refused ones do not
 * count, so every rule of the host holds here too.
 */
#include "chaos.h"

#include <stdlib.h>

#include "sim.h"
#include "words.h"

/* Per domain. */
#define NETS_MAX    8
#define VOLUMES_MAX 8

static struct domain *random_domain(struct host *host)
{
	uint32_t n = random_below(&host->random, (uint32_t)host->n_domains);
	struct domain *domain;

	TAILQ_FOREACH (domain, &host->domains, entry)
		if (n-- == 0)
			return domain;
	return host->control;
}

static char *random_life(struct host *host, const struct domain *d)
{
	bool back = random_below(&host->random, 3) == 0;

	switch (d->state) {
	case STATE_ACTIVE:
		return xasprintf("stop-domain %s %s", d->name, back ? "-f" : "");
	case STATE_BOUND:
		return xasprintf("%s %s", back ? "unbind-domain" : "start-domain", d->name);
	default:
		return xasprintf("bind-domain %s", d->name);
	}
}

static char *random_memory(struct host *host, const struct domain *d)
{
	bool more = random_below(&host->random, 2);
	unsigned blocks = 1 + random_below(&host->random, 4);

	return xasprintf("%s %s %uM", more ? "add-memory" : "remove-memory", d->name, 256 * blocks);
}

static char *remove_last(const struct domain *d, enum device_kind kind, const char *command)
{
	const struct device *last = TAILQ_LAST(&d->devices[kind], device_list);

	return xasprintf("%s %s %s", command, d->name, last ? device_name(last, kind) : "none");
}

/* More than a host has goes again, so that it does not grow for as long as one likes to watch. */
static char *random_device(struct host *host, const struct domain *d)
{
	const struct domain *primary = host->control;
	unsigned n = random_below(&host->random, 100000);

	switch (random_below(&host->random, 3)) {
	case 0:
		if (d->n_devices[DEVICE_NET] >= NETS_MAX)
			return remove_last(d, DEVICE_NET, "remove-vnet");
		return xasprintf("add-vnet %s net%u primary-vsw0", d->name, n);
	case 1:
		if (primary->n_devices[DEVICE_VOLUME] >= VOLUMES_MAX * host->n_domains)
			return xasprintf("remove-vdiskserverdevice primary %s@primary-vds0",
				device_name(
					TAILQ_LAST(&primary->devices[DEVICE_VOLUME], device_list),
					DEVICE_VOLUME));
		return xasprintf(
			"add-vdiskserverdevice primary vol%u@primary-vds0 /dev/dsk/c%u", n, n);
	default:
		return xasprintf("set-variable %s note=%u", d->name, n);
	}
}

static char *random_removal(const struct domain *d)
{
	if (d->state == STATE_INACTIVE && d->name[0] == 'x')
		return xasprintf("remove-domain %s", d->name);
	return remove_last(d, DEVICE_NET, "remove-vnet");
}

static char *random_command(struct host *host)
{
	const struct domain *d = random_domain(host);
	struct random *r = &host->random;

	switch (random_below(r, 8)) {
	case 0:
	case 1:
		return random_life(host, d);
	case 2:
	case 3:
		return xasprintf("set-vcpu %s %u", d->name, 1 + random_below(r, 16));
	case 4:
		return random_memory(host, d);
	case 5:
		return random_device(host, d);
	case 6:
		return random_removal(d);
	default:
		return xasprintf("add-domain x%u cpu=%u memory=%uM", random_below(r, 100000),
			1 + random_below(r, 8), 256 * (1 + random_below(r, 8)));
	}
}

static bool try_command(struct sim *sim, const char *line, bool at_once)
{
	struct words words;
	struct task *task;
	const char *why;
	bool done;

	words_split(&words, line);
	task = words_to_task(sim, &words, 0, &why);
	words_free(&words);
	if (task == NULL)
		return false;
	task_start(task, NULL, NULL);
	if (at_once && task->verdict == VERDICT_PENDING)
		task_finish_now(task);
	done = task->verdict != VERDICT_REFUSED;
	if (task->verdict == VERDICT_PENDING)
		task_abandon(task);
	else
		task_free(task);
	return done;
}

unsigned chaos_run(struct sim *sim, unsigned count, bool at_once)
{
	unsigned done = 0;

	for (uint64_t tries = 0; done < count && tries < 50ull * count + 1000; tries++) {
		char *line = random_command(&sim->host);

		done += try_command(sim, line, at_once);
		free(line);
	}
	return done;
}
