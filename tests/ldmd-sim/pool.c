/*
 * The free pools. Threads go out by core, the domain's own cores first, whole free cores next;
 * memory first fit, in as few blocks as it takes; both as ldmd is seen to do it.
 */
#include "pool.h"

#include <stdlib.h>
#include <string.h>

static unsigned core_of(unsigned pid)
{
	return pid / THREADS_PER_CORE;
}

static unsigned next_vid(const struct domain *domain)
{
	unsigned vid = 0;

	for (size_t i = 0; i < domain->n_vcpus; i++)
		if (domain->vcpus[i].vid >= vid)
			vid = domain->vcpus[i].vid + 1;
	return vid;
}

static void give_thread(struct host *host, struct domain *domain, unsigned vid, unsigned pid)
{
	struct vcpu *vcpu;

	domain->vcpus = xreallocarray(domain->vcpus, domain->n_vcpus + 1, sizeof(*domain->vcpus));
	vcpu = &domain->vcpus[domain->n_vcpus++];
	*vcpu = (struct vcpu){.vid = vid, .pid = pid, .permille = domain->permille};
	host->thread_owner[pid] = domain;
	host->core_free[core_of(pid)]--;
	host->free_threads--;
}

static unsigned core_threads(const struct host *host, unsigned core, const struct domain *owner)
{
	unsigned n = 0;

	for (unsigned i = 0; i < THREADS_PER_CORE; i++)
		n += host->thread_owner[core * THREADS_PER_CORE + i] == owner;
	return n;
}

enum core_choice { CORE_OWN, CORE_EMPTY, CORE_ANY, CORE_CHOICES };

static bool core_fits(const struct host *host, unsigned core, const struct domain *domain,
	enum core_choice choice)
{
	switch (choice) {
	case CORE_OWN:
		return domain->n_vcpus && host->core_free[core] &&
		       core_threads(host, core, domain) > 0;
	case CORE_EMPTY:
		return host->core_free[core] == THREADS_PER_CORE;
	default:
		return host->core_free[core] > 0;
	}
}

static uint64_t take_from_core(
	struct host *host, struct domain *domain, unsigned core, uint64_t count, unsigned *vid)
{
	uint64_t taken = 0;

	for (unsigned i = 0; i < THREADS_PER_CORE && taken < count; i++) {
		unsigned pid = core * THREADS_PER_CORE + i;

		if (host->thread_owner[pid] == NULL) {
			give_thread(host, domain, (*vid)++, pid);
			taken++;
		}
	}
	return taken;
}

bool cpus_take(struct host *host, struct domain *domain, uint64_t count)
{
	unsigned vid = next_vid(domain);

	if (count > host->free_threads)
		return false;
	for (int choice = CORE_OWN; choice < CORE_CHOICES; choice++)
		for (unsigned core = 0; core < host->n_cores && count; core++)
			if (core_fits(host, core, domain, choice))
				count -= take_from_core(host, domain, core, count, &vid);
	return true;
}

bool cpus_take_cores(struct host *host, struct domain *domain, uint64_t cores)
{
	unsigned vid = next_vid(domain);

	if (cores > cores_free(host))
		return false;
	for (unsigned core = 0; core < host->n_cores && cores; core++) {
		if (!core_fits(host, core, domain, CORE_EMPTY))
			continue;
		take_from_core(host, domain, core, THREADS_PER_CORE, &vid);
		cores--;
	}
	return true;
}

bool cpu_claim(struct host *host, struct domain *domain, unsigned vid, unsigned pid)
{
	if (pid >= host->n_threads || host->thread_owner[pid])
		return false;
	give_thread(host, domain, vid, pid);
	return true;
}

/* Whether the domain could lose this thread and keep its crypto units. */
static bool thread_is_spare(const struct host *host, const struct domain *domain, unsigned pid)
{
	unsigned core = core_of(pid);

	return host->mau_owner[core] != domain || core_threads(host, core, domain) > 1;
}

/* One thread must stay on each core whose crypto unit the domain holds. */
static uint64_t spare_threads(const struct domain *domain)
{
	return domain->n_vcpus - domain->n_maus;
}

static void drop_vcpu(struct host *host, struct domain *domain, size_t index)
{
	host->thread_owner[domain->vcpus[index].pid] = NULL;
	host->core_free[core_of(domain->vcpus[index].pid)]++;
	host->free_threads++;
	domain->n_vcpus--;
	memmove(&domain->vcpus[index], &domain->vcpus[index + 1],
		(domain->n_vcpus - index) * sizeof(*domain->vcpus));
}

bool cpus_give(struct host *host, struct domain *domain, uint64_t count)
{
	if (count > spare_threads(domain))
		return false;
	for (size_t i = domain->n_vcpus; i-- > 0 && count;) {
		if (!thread_is_spare(host, domain, domain->vcpus[i].pid))
			continue;
		drop_vcpu(host, domain, i);
		count--;
	}
	return true;
}

static bool core_can_go(const struct host *host, const struct domain *domain, unsigned core)
{
	return core_threads(host, core, domain) > 0 && host->mau_owner[core] != domain;
}

static void drop_core(struct host *host, struct domain *domain, unsigned core)
{
	for (size_t i = domain->n_vcpus; i-- > 0;)
		if (core_of(domain->vcpus[i].pid) == core)
			drop_vcpu(host, domain, i);
}

bool cpus_give_cores(struct host *host, struct domain *domain, uint64_t cores)
{
	uint64_t possible = 0;

	for (unsigned core = 0; core < host->n_cores; core++)
		possible += core_can_go(host, domain, core);
	if (cores > possible)
		return false;
	for (unsigned core = host->n_cores; core-- > 0 && cores;) {
		if (!core_can_go(host, domain, core))
			continue;
		drop_core(host, domain, core);
		cores--;
	}
	return true;
}

void cpus_give_all(struct host *host, struct domain *domain)
{
	while (domain->n_vcpus)
		drop_vcpu(host, domain, domain->n_vcpus - 1);
}

static void drop_extent(struct host *host, size_t index)
{
	host->n_free_memory--;
	memmove(&host->free_memory[index], &host->free_memory[index + 1],
		(host->n_free_memory - index) * sizeof(*host->free_memory));
}

static void insert_extent(struct host *host, size_t index, struct extent extent)
{
	host->free_memory = xreallocarray(
		host->free_memory, host->n_free_memory + 1, sizeof(*host->free_memory));
	memmove(&host->free_memory[index + 1], &host->free_memory[index],
		(host->n_free_memory - index) * sizeof(*host->free_memory));
	host->free_memory[index] = extent;
	host->n_free_memory++;
}

static uint64_t next_ra(const struct domain *domain)
{
	uint64_t ra = 128 * MIB;

	for (size_t i = 0; i < domain->n_blocks; i++)
		if (domain->blocks[i].ra + domain->blocks[i].size > ra)
			ra = domain->blocks[i].ra + domain->blocks[i].size;
	return ra;
}

static void add_block(struct domain *domain, const struct block *block)
{
	domain->blocks =
		xreallocarray(domain->blocks, domain->n_blocks + 1, sizeof(*domain->blocks));
	domain->blocks[domain->n_blocks++] = *block;
}

/* Cuts size bytes off the front of a free extent. */
static void take_block(struct host *host, struct domain *domain, size_t index, uint64_t size)
{
	struct extent *extent = &host->free_memory[index];
	struct block block = {.ra = next_ra(domain), .pa = extent->pa, .size = size};
	struct block *last = domain->n_blocks ? &domain->blocks[domain->n_blocks - 1] : NULL;

	if (last && last->pa + last->size == block.pa && last->ra + last->size == block.ra)
		last->size += size;
	else
		add_block(domain, &block);
	extent->pa += size;
	extent->size -= size;
	if (extent->size == 0)
		drop_extent(host, index);
}

static bool take_one_block(struct host *host, struct domain *domain, uint64_t bytes)
{
	for (size_t i = 0; i < host->n_free_memory; i++) {
		if (host->free_memory[i].size >= bytes) {
			take_block(host, domain, i, bytes);
			return true;
		}
	}
	return false;
}

bool memory_take(struct host *host, struct domain *domain, uint64_t bytes)
{
	if (bytes == 0)
		return true;
	if (bytes > memory_free(host))
		return false;
	if (take_one_block(host, domain, bytes))
		return true;
	while (bytes) {
		uint64_t size = host->free_memory[0].size;

		if (size > bytes)
			size = bytes;
		take_block(host, domain, 0, size);
		bytes -= size;
	}
	return true;
}

static void free_block(struct host *host, uint64_t pa, uint64_t size)
{
	struct extent *list = host->free_memory;
	size_t i = 0;

	while (i < host->n_free_memory && list[i].pa < pa)
		i++;
	if (i > 0 && list[i - 1].pa + list[i - 1].size == pa) {
		list[--i].size += size;
	} else {
		insert_extent(host, i, (struct extent){.pa = pa, .size = size});
		list = host->free_memory;
	}
	if (i + 1 < host->n_free_memory && list[i].pa + list[i].size == list[i + 1].pa) {
		list[i].size += list[i + 1].size;
		drop_extent(host, i + 1);
	}
}

void memory_give(struct host *host, struct domain *domain, uint64_t bytes)
{
	while (bytes && domain->n_blocks) {
		struct block *last = &domain->blocks[domain->n_blocks - 1];
		uint64_t size = last->size < bytes ? last->size : bytes;

		last->size -= size;
		free_block(host, last->pa + last->size, size);
		if (last->size == 0)
			domain->n_blocks--;
		bytes -= size;
	}
}

bool memory_claim(struct host *host, struct domain *domain, const struct block *block)
{
	for (size_t i = 0; i < host->n_free_memory; i++) {
		struct extent e = host->free_memory[i];
		uint64_t before = block->pa - e.pa;

		if (block->pa < e.pa || before > e.size || block->size > e.size - before)
			continue;
		drop_extent(host, i);
		if (e.size - before - block->size)
			insert_extent(host, i,
				(struct extent){.pa = block->pa + block->size,
					.size = e.size - before - block->size});
		if (before)
			insert_extent(host, i, (struct extent){.pa = e.pa, .size = before});
		add_block(domain, block);
		return true;
	}
	return false;
}

uint64_t memory_free(const struct host *host)
{
	uint64_t total = 0;

	for (size_t i = 0; i < host->n_free_memory; i++)
		total += host->free_memory[i].size;
	return total;
}

bool mau_claim(struct host *host, struct domain *domain, unsigned core)
{
	if (core >= host->n_maus || host->mau_owner[core] || core_threads(host, core, domain) == 0)
		return false;
	domain->maus = xreallocarray(domain->maus, domain->n_maus + 1, sizeof(*domain->maus));
	domain->maus[domain->n_maus++] = core;
	host->mau_owner[core] = domain;
	return true;
}

/* A unit can only go to a domain with a thread on its core. */
bool maus_take(struct host *host, struct domain *domain, uint64_t count)
{
	uint64_t possible = 0;

	if (count == 0)
		return true;
	for (unsigned core = 0; core < host->n_maus; core++)
		possible += host->mau_owner[core] == NULL && core_threads(host, core, domain) > 0;
	if (count > possible)
		return false;
	for (unsigned core = 0; core < host->n_maus && count; core++)
		count -= mau_claim(host, domain, core);
	return true;
}

void maus_give(struct host *host, struct domain *domain, uint64_t count)
{
	while (count-- && domain->n_maus)
		host->mau_owner[domain->maus[--domain->n_maus]] = NULL;
}

unsigned maus_free(const struct host *host)
{
	unsigned n = 0;

	for (unsigned core = 0; core < host->n_maus; core++)
		n += host->mau_owner[core] == NULL && !host->core_gone[core];
	return n;
}

unsigned cores_free(const struct host *host)
{
	unsigned n = 0;

	for (unsigned core = 0; core < host->n_cores; core++)
		n += host->core_free[core] == THREADS_PER_CORE;
	return n;
}

/* Threads of a broken core belong to nobody, but nobody can have them either. */
static struct domain nowhere;

bool core_vanish(struct host *host, unsigned core)
{
	if (core >= host->n_cores || host->core_free[core] != THREADS_PER_CORE)
		return false;
	for (unsigned i = 0; i < THREADS_PER_CORE; i++)
		host->thread_owner[core * THREADS_PER_CORE + i] = &nowhere;
	host->core_free[core] = 0;
	host->free_threads -= THREADS_PER_CORE;
	host->core_gone[core] = true;
	host->n_cores_gone++;
	return true;
}

bool memory_vanish(struct host *host, uint64_t bytes)
{
	struct extent *last =
		host->n_free_memory ? &host->free_memory[host->n_free_memory - 1] : NULL;

	if (!bytes || !last || last->size < bytes)
		return false;
	host->memory_gone = xreallocarray(
		host->memory_gone, host->n_memory_gone + 1, sizeof(*host->memory_gone));
	last->size -= bytes;
	host->memory_gone[host->n_memory_gone++] =
		(struct extent){.pa = last->pa + last->size, .size = bytes};
	if (last->size == 0)
		drop_extent(host, host->n_free_memory - 1);
	host->memory -= bytes;
	return true;
}

void bus_vanish(struct bus *bus)
{
	bus->gone = true;
	bus->owner = bus->planned = NULL;
}

static void core_mend(struct host *host, unsigned core)
{
	if (!host->core_gone[core])
		return;
	for (unsigned i = 0; i < THREADS_PER_CORE; i++)
		host->thread_owner[core * THREADS_PER_CORE + i] = NULL;
	host->core_free[core] = THREADS_PER_CORE;
	host->free_threads += THREADS_PER_CORE;
	host->core_gone[core] = false;
	host->n_cores_gone--;
}

void hardware_mend(struct host *host)
{
	for (unsigned core = 0; core < host->n_cores; core++)
		core_mend(host, core);
	while (host->n_memory_gone) {
		struct extent *gone = &host->memory_gone[--host->n_memory_gone];

		host->memory += gone->size;
		free_block(host, gone->pa, gone->size);
	}
	for (size_t i = 0; i < host->n_buses; i++)
		host->buses[i].gone = false;
}

unsigned threads_there(const struct host *host)
{
	return host->n_threads - host->n_cores_gone * THREADS_PER_CORE;
}

unsigned maus_there(const struct host *host)
{
	unsigned n = 0;

	for (unsigned core = 0; core < host->n_maus; core++)
		n += !host->core_gone[core];
	return n;
}
