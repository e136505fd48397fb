/*
 * OpenSSL set-up. From LDM 3.4 on only TLS 1.2 and later is accepted.
 */
#include "tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "host.h"

#define HOUR 3600L

static bool set_serial(X509 *certificate)
{
	unsigned char bytes[8];
	long serial = 0;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	for (size_t i = 0; i < 7; i++)
		serial = serial << 8 | bytes[i];
	return ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial) == 1;
}

static bool set_names(X509 *certificate, const char *host, const char *alternatives)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	X509_EXTENSION *alt;
	bool ok;

	ok = X509_NAME_add_entry_by_txt(
		     name, "O", MBSTRING_ASC, (const unsigned char *)"ldmd-sim", -1, -1, 0) &&
	     X509_NAME_add_entry_by_txt(
		     name, "CN", MBSTRING_ASC, (const unsigned char *)host, -1, -1, 0) &&
	     X509_set_issuer_name(certificate, name);
	alt = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alternatives);
	ok = ok && alt && X509_add_ext(certificate, alt, -1);
	X509_EXTENSION_free(alt);
	return ok;
}

static X509 *make_certificate(
	EVP_PKEY *key, const char *host, const char *alternatives, long from, long until)
{
	X509 *certificate = X509_new();

	if (key && certificate && X509_set_version(certificate, 2) && set_serial(certificate) &&
		X509_gmtime_adj(X509_getm_notBefore(certificate), from) &&
		X509_gmtime_adj(X509_getm_notAfter(certificate), until) &&
		X509_set_pubkey(certificate, key) && set_names(certificate, host, alternatives) &&
		X509_sign(certificate, key, EVP_sha256()))
		return certificate;
	X509_free(certificate);
	return NULL;
}

static SSL_CTX *make_context(EVP_PKEY *key, X509 *certificate, int min, int max)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context == NULL || certificate == NULL)
		return context;
	SSL_CTX_set_mode(
		context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_min_proto_version(context, min);
	SSL_CTX_set_max_proto_version(context, max);
	if (min < TLS1_2_VERSION)
		SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0");
	SSL_CTX_use_certificate(context, certificate);
	SSL_CTX_use_PrivateKey(context, key);
	return context;
}

bool tls_init(struct tls *tls, unsigned ldm_version)
{
	int min = ldm_version >= LDM_VERSION(3, 4) ? TLS1_2_VERSION : TLS1_VERSION;
	X509 *wrong;
	bool ok;

	tls->key = EVP_RSA_gen(2048);
	tls->certificate = make_certificate(
		tls->key, "localhost", "DNS:localhost,IP:127.0.0.1", -HOUR, 365L * 24 * HOUR);
	wrong = make_certificate(
		tls->key, "elsewhere.example", "DNS:elsewhere.example", -48 * HOUR, -24 * HOUR);
	tls->contexts[TLS_GOOD] = make_context(tls->key, tls->certificate, min, 0);
	tls->contexts[TLS_OLD] =
		make_context(tls->key, tls->certificate, TLS1_VERSION, TLS1_1_VERSION);
	tls->contexts[TLS_WRONG] = make_context(tls->key, wrong, min, 0);
	ok = tls->certificate && wrong && tls->contexts[TLS_GOOD] && tls->contexts[TLS_OLD] &&
	     tls->contexts[TLS_WRONG];
	X509_free(wrong);
	if (!ok)
		ERR_print_errors_fp(stderr);
	return ok;
}

void tls_free(struct tls *tls)
{
	for (int i = 0; i < TLS_KINDS; i++)
		SSL_CTX_free(tls->contexts[i]);
	X509_free(tls->certificate);
	EVP_PKEY_free(tls->key);
	*tls = (struct tls){0};
}

bool tls_renew(struct tls *tls, unsigned ldm_version)
{
	tls_free(tls);
	return tls_init(tls, ldm_version);
}

bool tls_write_certificate(const struct tls *tls, const char *file)
{
	FILE *out = fopen(file, "we");
	bool ok;

	if (out == NULL) {
		perror(file);
		return false;
	}
	ok = PEM_write_X509(out, tls->certificate) == 1;
	return fclose(out) == 0 && ok;
}
