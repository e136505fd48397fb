/*
 * ldoms-agentx.conf: one `directive value` a line, `#` comments.
 *
 * One thread fills a settings object once; after that the object is only read. SIGHUP makes a new
 * object; settings_compare() tells which directives differ, and which of them apply live.
 */
#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tables/backend.h"
#include "util/reference.h"

struct ldm_endpoint;

struct settings {
	struct reference references;
	char *file;	/* path of the configuration file; NULL: settings_load() was not called */
	bool from_file; /* the file exists and has been read */

	/* Addresses and places: these apply at start only. */
	char *ldm; /* "" = none configured and no default on this host */
	char *ldm_user;
	char *ldm_password_file;
	char *ldm_certificate;
	uint64_t ldm_verify;	   /* enum ldm_verify */
	uint64_t ldm_tls_minimum;  /* enum ldm_tls_version */
	uint64_t ldm_data_version; /* enum ldm_data_version */
	uint64_t ldm_request_form; /* enum ldm_form */
	char *agentx_socket;
	char *context; /* of SNMP; NULL: the default one */
	char *state_directory;
	char *hypervisor_version; /* for vmHvVersion; NULL: not known */
	char **views;		  /* each line's word, NULL-terminated; NULL = none */

	/* Behaviour: these apply live. */
	char *template_directory;
	uint64_t refresh_interval_ms;
	uint64_t stale_after_ms; /* 0 = never */
	uint64_t set_wait_ms;
	uint64_t request_timeout_ms;
	uint64_t command_timeout_ms;
	uint64_t force_stop_after_ms; /* 0 = never */
	uint64_t notification_rate;   /* per domain, kind and minute; 0 = unlimited */
	uint64_t read_only;
	uint64_t notifications;
	uint64_t log_level; /* enum log_level */
	char **set_allow;   /* each line's value, in order; NULL-terminated; NULL = the defaults */
};

/* All defaults. NULL: no memory. */
struct settings *settings_new(void);
/* Any thread may call these; NULL is allowed. */
struct settings *settings_ref(struct settings *s);
void settings_unref(struct settings *s);

/*
 * Reads the file; a directive in it replaces the value in s. Every mistake is logged as FILE:LINE:
 * what. -EINVAL: there was a mistake; -ENOMEM; -errno of reading the file. A missing file is an
 * error only if it must exist.
 */
int settings_load(struct settings *s, const char *path, bool must_exist);

/*
 * Sets one directive, as a line of the file does. -EINVAL: *ret_why (a static text) says what the
 * value must be; -ENOMEM.
 */
int settings_set(
	struct settings *s, const char *directive, const char *value, const char **ret_why);

/* Calls tell() for each directive whose value differs. live: the new value applies at once. */
void settings_compare(const struct settings *old, const struct settings *new,
	void (*tell)(void *user, const char *directive, bool live), void *user);

/* The settings of the tables. The texts and lists are borrowed from s. */
struct backend_config settings_backend(const struct settings *s);

/*
 * The address of ldmd with user, password and certificate; reads the password file. -EINVAL: no
 * address, or directives that do not fit together; -EPERM: directives that are not safe together,
 * or a password file that others can read; -ENODATA: an empty one; -errno of reading it. These have
 * been logged. -ENOMEM.
 */
int settings_endpoint(const struct settings *s, struct ldm_endpoint **ret);

#endif
