/*
 * Domains and hosts (domain.h): references, copies, comparisons.
 */
#ifndef INVENTORY_MODEL_H
#define INVENTORY_MODEL_H

#include "inventory/domain.h"

/* Thread-safe reference counts; the last _unref frees. Holders may only read. NULL is allowed. */
const struct domain *domain_ref(const struct domain *d);
void domain_unref(const struct domain *d);
const struct domain_detail *detail_ref(const struct domain_detail *d);
void detail_unref(const struct domain_detail *d);
const struct domain_services *services_ref(const struct domain_services *s);
void services_unref(const struct domain_services *s);
const struct host *host_ref(const struct host *h);
void host_unref(const struct host *h);

/* New, writable, one reference, all values unknown. -ENOMEM. */
int domain_new(const char *name, struct domain **ret);
/* A writable copy with one reference; detail and services are shared. -ENOMEM. */
int domain_copy(const struct domain *d, struct domain **ret);
/* A copy without detail and services, to be held for long. NULL gives NULL. -ENOMEM. */
int domain_outline(const struct domain *d, const struct domain **ret);
/* Empty, writable, one reference. -ENOMEM. */
int detail_new(struct domain_detail **ret);
int services_new(struct domain_services **ret);
int host_new(struct host **ret);

/* For qsort() and bsearch() in arrays of pointers to domains. */
int domain_compare_index(const void *a, const void *b);
int domain_compare_name(const void *a, const void *b);

/* The name and all values and lists are the same, except those that schema.c calls volatile. */
bool domain_same(const struct domain *a, const struct domain *b);
/* All values and lists are the same, volatile ones too; only the times of change may differ. */
bool domain_identical(const struct domain *a, const struct domain *b);

#endif
