/*
 * Looks up the addresses of a host name. The system's resolver may block for long, so a thread of
 * its own calls it and the poll loop goes on. Literal addresses need no thread.
 */
#ifndef LDM_RESOLVE_H
#define LDM_RESOLVE_H

#include <netdb.h>
#include <stdint.h>

#include "util/cleanup.h"

struct ldm_resolve;

/* -ENOMEM, or -errno if there is no descriptor or thread. */
int ldm_resolve_start(const char *host, uint16_t port, struct ldm_resolve **ret);
/* Becomes readable (POLLIN) when the look-up is done; -1: it is done already. */
int ldm_resolve_fd(const struct ldm_resolve *r);
/* 0: *ret is to be freed with freeaddrinfo(); call this only once then. -EAGAIN: not done yet;
 * -ENOENT: no address, *ret_text says why (static). */
int ldm_resolve_finish(struct ldm_resolve *r, struct addrinfo **ret, const char **ret_text);
/* A thread that is still running ends by itself. NULL is allowed. */
void ldm_resolve_free(struct ldm_resolve *r);
DEFINE_CLEANUP(struct ldm_resolve *, ldm_resolve_free)

#endif
