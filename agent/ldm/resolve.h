/*
 * Host names become addresses without the poll loop standing still: the system's resolver may block
 * for long, so it is asked by a thread of its own, which touches nothing else. Literal addresses
 * need none.
 */
#ifndef LDM_RESOLVE_H
#define LDM_RESOLVE_H

#include <netdb.h>
#include <stdint.h>

#include "util/cleanup.h"

struct ldm_resolve;

int ldm_resolve_start(const char *host, uint16_t port, struct ldm_resolve **ret);
/* Wait for POLLIN on it; -1: it is done already. */
int ldm_resolve_fd(const struct ldm_resolve *r);
/* -EAGAIN: not yet; -ENOENT: no such host, *ret_text says why (static). Once only. */
int ldm_resolve_finish(struct ldm_resolve *r, struct addrinfo **ret, const char **ret_text);
/* The thread, if there still is one, ends by itself. */
void ldm_resolve_free(struct ldm_resolve *r);
DEFINE_CLEANUP(struct ldm_resolve *, ldm_resolve_free)

#endif
