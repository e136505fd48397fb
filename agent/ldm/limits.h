/*
 * How much a document of ldmd may be, so that no peer can make the agent grow or recurse without
 * bound. A document that goes beyond one is refused whole. How many domains there may be, and that
 * none is there twice, is judged by those who know what a domain is.
 */
#ifndef LDM_LIMITS_H
#define LDM_LIMITS_H

#include <stddef.h>

struct ldm_limits {
	size_t bytes;	   /* of a document */
	size_t depth;	   /* elements within elements */
	size_t attributes; /* of an element */
	size_t tag;	   /* bytes of one tag, comment or processing instruction */
	size_t value;	   /* bytes of one text */
	size_t properties; /* of a resource */
	size_t resources;  /* of a domain, bindings counted */
	size_t messages;   /* bytes of all resp_msg of a reply; what is beyond is left out */
};

/* 64 MiB, 64 deep, 64 attributes, 64 KiB a tag, 256 KiB a value, 256 properties, 65,536
 * resources. */
extern const struct ldm_limits ldm_limits_default;

#endif
