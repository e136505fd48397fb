/*
 * Where ldmd is and how to speak to it: what the configuration says about one LDM address.
 */
#ifndef LDM_ENDPOINT_H
#define LDM_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "ldm/frame.h"
#include "util/cleanup.h"
#include "util/reference.h"

#define LDM_DEFAULT_PORT 6482

enum ldm_transport {
	LDM_TRANSPORT_XMPP,  /* RFC 3920 stream with STARTTLS: LDoms 1.1 and later */
	LDM_TRANSPORT_PLAIN, /* bare documents on TCP, loopback only; experimental */
	_LDM_TRANSPORT_MAX,
	_LDM_TRANSPORT_INVALID = -1,
};

enum ldm_data_version {
	LDM_DATA_AUTO = 0, /* asks in 3.0; the caller may go on in 2.0, ldm_conn_set_data() */
	LDM_DATA_2 = 2,
	LDM_DATA_3 = 3,
};

enum ldm_verify {
	LDM_VERIFY_AUTO, /* yes for remote hosts, or if a certificate or a password is given */
	LDM_VERIFY_NO,	 /* on loopback only */
	LDM_VERIFY_YES,
	LDM_VERIFY_SHOW, /* not at all, to show the certificate: no user, no password, no request */
};

enum ldm_tls_version {
	LDM_TLS_1_0,
	LDM_TLS_1_1,
	LDM_TLS_1_2, /* the default; lower on loopback only */
	LDM_TLS_1_3,
};

/*
 * How the options of a command are written: the guides of 1.2 and 1.3 differ from those of 3.2 on.
 */
enum ldm_form {
	LDM_FORM_AUTO,
	LDM_FORM_OPTION,  /* <option>-f</option>, <option>reconf</option> */
	LDM_FORM_OPTIONS, /* <options>-f</options>, <arguments>reconf</arguments> */
};

/*
 * What the answers of one ldmd have shown about it, for all connections to it. An ldmd ignores
 * options in a form that it does not know: a forced stop is then a plain one.
 */
struct ldm_dialect {
	struct reference reference;
	enum ldm_form configured;
	enum ldm_form learned; /* from the effect of a command; AUTO: not yet */
	unsigned version;      /* of the interface, 1.3 is 103; 0: no answer yet */
};

/* The form to write commands in, never AUTO. */
enum ldm_form ldm_dialect_form(const struct ldm_dialect *d);
/* The other form, for a command whose option had no effect. */
enum ldm_form ldm_form_other(enum ldm_form form);
/* The option of a command had its effect in this form. */
void ldm_dialect_learn(struct ldm_dialect *d, enum ldm_form form);
/* An answer carried this version. After a change (ldmd was updated) the form is learned anew. */
void ldm_dialect_see_version(struct ldm_dialect *d, unsigned version);
const char *ldm_form_name(enum ldm_form form);

struct ldm_endpoint {
	enum ldm_transport transport;
	char *host; /* name or literal address, no brackets */
	uint16_t port;
	enum ldm_data_version data_version;
	char *user, *password; /* for SASL; NULL: none */
	/*
	 * PEM file, or NULL. ldmd is trusted if its certificate is in the file (pinned: name and
	 * dates then do not matter), or if it is issued by one in the file and is for this host.
	 * NULL: the authorities of the system are trusted instead.
	 */
	char *certificate;
	enum ldm_verify verify;
	enum ldm_tls_version tls_min;
	uint64_t handshake_timeout_ms; /* from open to ready */
	struct ldm_dialect *dialect;   /* shared by all copies, which one thread must own */
	struct ldm_limits limits;
};

/*
 * "xmpp:HOST[:PORT]", "plain:HOST[:PORT]", "auto:HOST[:PORT]" (= xmpp) or "HOST[:PORT]" (= xmpp);
 * an IPv6 address before a port is in brackets. Other members get their defaults. -EINVAL, -ENOMEM.
 */
int ldm_endpoint_parse(const char *address, struct ldm_endpoint **ret);
/* -ENOMEM. */
int ldm_endpoint_copy(const struct ldm_endpoint *e, struct ldm_endpoint **ret);
void ldm_endpoint_free(struct ldm_endpoint *e); /* wipes the password */
DEFINE_CLEANUP(struct ldm_endpoint *, ldm_endpoint_free)

/* The host is a literal loopback address or "localhost". */
bool ldm_endpoint_is_local(const struct ldm_endpoint *e);
/* Refuses what is not safe (-EPERM) or makes no sense (-EINVAL); *ret_why is a static text. */
int ldm_endpoint_check(const struct ldm_endpoint *e, const char **ret_why);
/* Whether ldmd's certificate is verified, with AUTO resolved. */
bool ldm_endpoint_verifies(const struct ldm_endpoint *e);

#endif
