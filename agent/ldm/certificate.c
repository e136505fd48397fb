/*
 * What a person needs to compare a certificate by hand, and PEM files.
 */
#include "ldm/certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

DEFINE_CLEANUP(BIO *, BIO_free_all)

void ldm_certificate_free(X509 *certificate)
{
	X509_free(certificate);
}

void ldm_certificate_print(const X509 *certificate, FILE *out)
{
	_cleanup_(BIO_free_allp) BIO *bio = BIO_new_fp(out, BIO_NOCLOSE);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;

	if (!bio)
		return;
	BIO_printf(bio, "  subject      ");
	/* XN_FLAG_RFC2253 escapes control characters and what is not ASCII. */
	X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
	BIO_printf(bio, "\n  issuer       ");
	X509_NAME_print_ex(bio, X509_get_issuer_name(certificate), 0, XN_FLAG_RFC2253);
	BIO_printf(bio, "\n  valid        ");
	ASN1_TIME_print(bio, X509_get0_notBefore(certificate));
	BIO_printf(bio, " to ");
	ASN1_TIME_print(bio, X509_get0_notAfter(certificate));
	BIO_printf(bio, "\n  SHA-256      ");
	if (X509_digest(certificate, EVP_sha256(), digest, &length) == 1)
		for (unsigned int i = 0; i < length; i++)
			BIO_printf(bio, "%s%02X", i ? ":" : "", digest[i]);
	BIO_printf(bio, "\n");
}

bool ldm_certificate_is_in(const X509 *certificate, const char *path)
{
	_cleanup_(BIO_free_allp) BIO *file = BIO_new_file(path, "r");
	_cleanup_(ldm_certificate_freep) X509 *kept =
		file ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL;

	ERR_clear_error();
	return kept && X509_cmp(kept, certificate) == 0;
}

int ldm_certificate_write(const X509 *certificate, struct buffer *out)
{
	_cleanup_(BIO_free_allp) BIO *memory = BIO_new(BIO_s_mem());
	char *pem = NULL;

	if (!memory || PEM_write_bio_X509(memory, (X509 *)(uintptr_t)certificate) != 1)
		return -ENOMEM;
	long length = BIO_get_mem_data(memory, &pem);
	return buffer_append(out, pem, (size_t)length);
}
