/*
 * Groups CPUs by core: one sort, one pass.
 */
#include "inventory/cores.h"

#include <errno.h>
#include <stdlib.h>

#include "inventory/registry.h"
#include "util/buffer.h"

static int compare_threads(const void *a, const void *b)
{
	const struct vcpu *const *x = a, *const *y = b;

	if ((*x)->cid != (*y)->cid)
		return (*x)->cid < (*y)->cid ? -1 : 1;
	return (*x)->pid < (*y)->pid ? -1 : (*x)->pid > (*y)->pid;
}

void cores_free(struct domain_detail *d)
{
	for (size_t i = 0; i < d->n_cores; i++)
		free(d->cores[i].cpuset);
	free(d->cores);
	d->cores = NULL;
	d->n_cores = 0;
}

static int write_cpuset(const struct vcpu *const *threads, size_t n, char **ret)
{
	struct buffer text = BUFFER_EMPTY;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = buffer_printf(&text, "%s%u", i ? "," : "", threads[i]->pid);
	*ret = r == 0 ? buffer_steal(&text) : NULL;
	buffer_clear(&text);
	return *ret ? 0 : -ENOMEM;
}

/* The threads of one core become a row. */
static int add_core(struct domain_detail *d, const struct vcpu *const *threads, size_t n)
{
	struct core *c = &d->cores[d->n_cores];
	uint32_t id = threads[0]->cid;
	int r;

	if (id >= REGISTRY_INDEX_MAX)
		return 0;
	*c = (struct core){.index = id + 1, .id = id, .n_vcpus = (uint32_t)n};
	r = write_cpuset(threads, n, &c->cpuset);
	d->n_cores += r == 0;
	return r;
}

static int add_cores(struct domain_detail *d, const struct vcpu *const *threads)
{
	int r = 0;

	for (size_t i = 0, end; r == 0 && i < d->n_vcpus; i = end) {
		for (end = i + 1; end < d->n_vcpus && threads[end]->cid == threads[i]->cid;)
			end++;
		r = add_core(d, threads + i, end - i);
	}
	return r;
}

int cores_derive(struct domain_detail *d)
{
	const struct vcpu **threads;
	int r = -ENOMEM;

	cores_free(d);
	if (d->n_vcpus == 0)
		return 0;
	threads = calloc(d->n_vcpus, sizeof(struct vcpu *));
	d->cores = calloc(d->n_vcpus, sizeof(*d->cores));
	if (threads && d->cores) {
		for (size_t i = 0; i < d->n_vcpus; i++)
			threads[i] = &d->vcpus[i];
		qsort(threads, d->n_vcpus, sizeof(*threads), compare_threads);
		r = add_cores(d, threads);
	}
	free(threads);
	if (r < 0)
		cores_free(d);
	return r;
}
