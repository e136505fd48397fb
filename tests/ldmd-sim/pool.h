/*
 * Taking threads, memory, crypto units and console ports from the free pools and giving them
 * back. Everything returns false and changes nothing when there is not enough.
 */
#ifndef LDMD_SIM_POOL_H
#define LDMD_SIM_POOL_H

#include "host.h"

bool cpus_take(struct host *host, struct domain *domain, uint64_t count);
/* Refuses to take the last thread of a core whose crypto unit the domain holds. */
bool cpus_give(struct host *host, struct domain *domain, uint64_t count);
bool cpus_take_cores(struct host *host, struct domain *domain, uint64_t cores);
/* Whole cores only, none whose crypto unit the domain holds. */
bool cpus_give_cores(struct host *host, struct domain *domain, uint64_t cores);
bool cpu_claim(struct host *host, struct domain *domain, unsigned vid, unsigned pid);
void cpus_give_all(struct host *host, struct domain *domain);

bool memory_take(struct host *host, struct domain *domain, uint64_t bytes);
void memory_give(struct host *host, struct domain *domain, uint64_t bytes);
bool memory_claim(struct host *host, struct domain *domain, const struct block *block);
uint64_t memory_free(const struct host *host);

bool maus_take(struct host *host, struct domain *domain, uint64_t count);
void maus_give(struct host *host, struct domain *domain, uint64_t count);
bool mau_claim(struct host *host, struct domain *domain, unsigned core);
unsigned maus_free(const struct host *host);
unsigned cores_free(const struct host *host); /* with all threads free */

/* A port from the wanted (or first) vcc; false when the range is used up. */
bool console_take(struct host *host, struct domain *domain);
/* This port, whoever else may have it. */
void console_claim(struct host *host, struct domain *domain, unsigned port, const char *vcc);
void console_give(struct host *host, struct domain *domain);

/* Broken hardware: it vanishes from the lists. False if somebody has it. */
bool core_vanish(struct host *host, unsigned core);
bool memory_vanish(struct host *host, uint64_t bytes);
void bus_vanish(struct bus *bus);
/* All of it is back. */
void hardware_mend(struct host *host);
/* What is left of the machine. */
unsigned threads_there(const struct host *host);
unsigned maus_there(const struct host *host);

#endif
