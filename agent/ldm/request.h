/*
 * A request to ldmd: it is made without a data version and written in one when it is sent.
 *
 * The functions that make a request check names and values: text that is not valid UTF-8 or has
 * control characters, and domain names that are empty or longer than 256 bytes, are -EINVAL. All of
 * these functions may return -ENOMEM.
 */
#ifndef LDM_REQUEST_H
#define LDM_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "ldm/endpoint.h"
#include "util/buffer.h"
#include "util/cleanup.h"

struct ldm_request;

/* list-domain, list-bindings, list-services, ... of one domain (NULL: all); reg-all-events. */
int ldm_request_list(const char *action, const char *domain, struct ldm_request **ret);
/* bind-domain, start-domain, stop-domain (option "-f"), ...; option NULL: none. */
int ldm_request_command(
	const char *action, const char *domain, const char *option, struct ldm_request **ret);
/* set-, add-, remove-vcpu and -mau (and -crypto): the number of threads or units. */
int ldm_request_number(
	const char *action, const char *domain, uint64_t number, struct ldm_request **ret);
/* set-vcpu that keeps the domain's whole-core constraint: the cores and all their threads. */
int ldm_request_cores(
	const char *domain, uint64_t cores, uint64_t threads, struct ldm_request **ret);
/* set-, add-, remove-memory: sent in MiB if the bytes are whole MiB, else in KiB, rounded up. */
int ldm_request_memory(
	const char *action, const char *domain, uint64_t bytes, struct ldm_request **ret);
/*
 * add-domain from a constraint document. The Envelope (3.0) or ldom (2.0) of its one domain is sent
 * unchanged, so it must have the name of the new domain and no UUID, MAC address or host id of
 * another one. -EBADMSG: it is no such document. *ret_why is a static text about any error.
 */
int ldm_request_add_domain(
	const char *document, size_t len, struct ldm_request **ret, const char **ret_why);
/* add-spconfig and its like: the name of the configuration. */
int ldm_request_spconfig(const char *action, const char *name, struct ldm_request **ret);

void ldm_request_free(struct ldm_request *request);
DEFINE_CLEANUP(struct ldm_request *, ldm_request_free)

const char *ldm_request_action(const struct ldm_request *request);
const char *ldm_request_domain(const struct ldm_request *request); /* NULL: all, none */

/* In which form the option is written. AUTO, as in a new request: the connection chooses. */
void ldm_request_set_form(struct ldm_request *request, enum ldm_form form);
enum ldm_form ldm_request_form(const struct ldm_request *request);

/* Appends it as XML. LDM_DATA_AUTO is 3.0; add-domain keeps its document's version. -ENOMEM. */
int ldm_request_write(
	const struct ldm_request *request, enum ldm_data_version version, struct buffer *out);

#endif
