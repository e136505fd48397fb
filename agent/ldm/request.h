/*
 * What is asked of ldmd: built without knowing the data version, written when it is sent.
 *
 * Names and values are checked on the way in: text that is no valid UTF-8 or has control
 * characters, and domain names longer than 256 bytes or empty, are -EINVAL.
 */
#ifndef LDM_REQUEST_H
#define LDM_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "ldm/endpoint.h"
#include "util/buffer.h"
#include "util/cleanup.h"

struct ldm_request;

/* list-domain, list-bindings, list-services, ...: one domain, or all with NULL; reg-all-events. */
int ldm_request_list(const char *action, const char *domain, struct ldm_request **ret);
/* bind-domain, start-domain, stop-domain ("-f"), ...; option NULL: none. */
int ldm_request_command(
	const char *action, const char *domain, const char *option, struct ldm_request **ret);
/* set-, add-, remove-vcpu and -mau (and -crypto): the number of threads or units. */
int ldm_request_number(
	const char *action, const char *domain, uint64_t number, struct ldm_request **ret);
/*
 * set-vcpu of a domain with the whole-core constraint, which stays: cores, and the threads that
 * they are.
 */
int ldm_request_cores(
	const char *domain, uint64_t cores, uint64_t threads, struct ldm_request **ret);
/* set-, add-, remove-memory: in bytes, sent as nM where whole, else nK rounded up. */
int ldm_request_memory(
	const char *action, const char *domain, uint64_t bytes, struct ldm_request **ret);
/*
 * add-domain from a constraint document: the Envelope (3.0) or ldom (2.0) of the one domain in it
 * is sent as it stands, so it must already have its new name and no identity of another domain.
 * -EBADMSG with *ret_why (static) when it is not such a document.
 */
int ldm_request_add_domain(
	const char *document, size_t len, struct ldm_request **ret, const char **ret_why);
/* add-spconfig and its like: the name of the configuration. */
int ldm_request_spconfig(const char *action, const char *name, struct ldm_request **ret);

void ldm_request_free(struct ldm_request *request);
DEFINE_CLEANUP(struct ldm_request *, ldm_request_free)

const char *ldm_request_action(const struct ldm_request *request);
const char *ldm_request_domain(const struct ldm_request *request); /* NULL: all, none */

/* The form of its option; AUTO, as it is made: the one of the connection, or `option`. */
void ldm_request_set_form(struct ldm_request *request, enum ldm_form form);
enum ldm_form ldm_request_form(const struct ldm_request *request);

/* The document. LDM_DATA_AUTO is 3. A document of add-domain keeps its own version. */
int ldm_request_write(
	const struct ldm_request *request, enum ldm_data_version version, struct buffer *out);

#endif
