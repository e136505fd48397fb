/*
 * The part of a constraint document that describes its domain. Private to the codec.
 */
#ifndef LDM_BODY_H
#define LDM_BODY_H

#include <stddef.h>

#include "ldm/endpoint.h"
#include "util/buffer.h"

/*
 * The Envelope or ldom of the one domain in the document, as XML; its version; its name
 * (allocated). -EBADMSG with *ret_why (static), -ENOMEM.
 */
int body_extract(const char *document, size_t len, struct buffer *ret_body,
	enum ldm_data_version *ret_version, char **ret_domain, const char **ret_why);

#endif
