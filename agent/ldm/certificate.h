/*
 * The certificate that an ldmd shows: printed for a person, and written to the file that makes the
 * agent trust it.
 */
#ifndef LDM_CERTIFICATE_H
#define LDM_CERTIFICATE_H

#include <stdbool.h>
#include <stdio.h>

#include "util/buffer.h"
#include "util/cleanup.h"

struct x509_st; /* OpenSSL's X509 */

void ldm_certificate_free(struct x509_st *certificate);
DEFINE_CLEANUP(struct x509_st *, ldm_certificate_free)

/* Subject, issuer, dates and SHA-256 fingerprint, a line each, in printable ASCII. */
void ldm_certificate_print(const struct x509_st *certificate, FILE *out);
/* Whether the first certificate of the PEM file is this one; false also if there is no file. */
bool ldm_certificate_is_in(const struct x509_st *certificate, const char *path);
/* Appends the certificate as PEM. -ENOMEM. */
int ldm_certificate_write(const struct x509_st *certificate, struct buffer *out);

#endif
