/*
 * Asks ldmd one question and waits for the answer: for the modes of oneshot.h.
 */
#ifndef DAEMON_QUERY_H
#define DAEMON_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ldm_content;
struct x509_st;
struct ldm_endpoint;

/* Each may be NULL. */
struct query_ops {
	/* See ldm/document.h. A negative result ends the query with that error. */
	int (*on_content)(
		void *user, const struct ldm_content *content, bool ok, const char *message);
	/* The answer as it came. */
	void (*on_document)(void *user, const char *xml, size_t len);
	/* Each document of the connection, see ldm/conn.h. */
	void (*on_traffic)(void *user, bool sent, const char *xml, size_t len);
};

/*
 * Sends a list action about one domain, or about all (NULL). If ldmd refuses data version 3.0 and
 * the endpoint allows both, the question is sent again in 2.0, and on_document is called once more.
 *
 * 0: ldmd did what was asked. Else *ret_error (to be freed; NULL: no memory) says why. -EPERM: ldmd
 * refused; -EACCES: it refused the user or the password; -ETIMEDOUT; -EBADMSG: the answer breaks a
 * rule; -errno of the connection; -ENOMEM.
 */
int query_run(const struct ldm_endpoint *endpoint, const char *action, const char *domain,
	uint64_t timeout_ms, const struct query_ops *ops, void *user, char **ret_error);

/*
 * The certificate that ldmd shows, to be freed (ldm/certificate.h). Nothing is verified, and no
 * user and no password is sent. Errors as of query_run().
 */
int query_certificate(const struct ldm_endpoint *endpoint, uint64_t timeout_ms,
	struct x509_st **ret, char **ret_error);

#endif
