/*
 * One question to ldmd, which waits for the answer: for -l, -X, -t and --fetch-certificate.
 */
#ifndef DAEMON_QUERY_H
#define DAEMON_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ldm_content;
struct x509_st;
struct ldm_endpoint;

struct query_ops {
	int (*on_content)(
		void *user, const struct ldm_content *content, bool ok, const char *message);
	void (*on_document)(void *user, const char *xml, size_t len);
	/* Each document of the connection, see ldm/conn.h. */
	void (*on_traffic)(void *user, bool sent, const char *xml, size_t len);
};

/*
 * Sends a list action about one domain, or about all (NULL). If ldmd refuses data version 3.0 and
 * the endpoint allows both, the question is sent again in 2.0, and on_document is called once more.
 *
 * 0: answered. Else *ret_error (to be freed; NULL: no memory) says why: -EPERM ldmd refused;
 * -ETIMEDOUT; -ECONNREFUSED and the like; -EBADMSG.
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
