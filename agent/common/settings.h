/*
 * ldoms-agentx.conf: one `directive value` a line, `#` comments.
 *
 * A settings object is filled once, by one thread, and only read after that. SIGHUP makes another
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
	char *file;	/* path of the configuration file; NULL: none was asked for */
	bool from_file; /* that file has been read */

	/* Where: these are read at start only. */
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

	/* How: these apply live. */
	char *template_directory;
	uint64_t refresh_interval_ms;
	uint64_t stale_after_ms; /* 0 = never */
	uint64_t set_wait_ms;
	uint64_t request_timeout_ms;
	uint64_t command_timeout_ms;
	uint64_t force_stop_after_ms; /* 0 = never */
	uint64_t notification_rate;   /* a domain, kind and minute; 0 = unlimited */
	uint64_t read_only;
	uint64_t notifications;
	uint64_t log_level; /* enum log_level */
	char **set_allow;   /* each line's value, in order; NULL-terminated; NULL = the defaults */
};

/* All defaults. NULL: no memory. */
struct settings *settings_new(void);
/* Any thread; NULL is allowed. */
struct settings *settings_ref(struct settings *s);
void settings_unref(struct settings *s);

/*
 * Reads the file over what is in s. Every mistake is logged as FILE:LINE: what; -EINVAL if there
 * was one, or -errno of reading the file. Only where it must exist a missing file is an error.
 */
int settings_load(struct settings *s, const char *path, bool must_exist);

/* One `directive value`, as the options on the command line set it. The error text is static. */
int settings_set(
	struct settings *s, const char *directive, const char *value, const char **ret_why);

/*
 * Calls what() for each directive whose value differs, with whether it can be applied live.
 */
void settings_compare(const struct settings *old, const struct settings *new,
	void (*what)(void *user, const char *directive, bool live), void *user);

/* What both forms of the agent serve from; set_allow is borrowed from s. */
struct backend_config settings_backend(const struct settings *s);

/*
 * The address of ldmd with user, password and certificate; reads the password file. Mistakes are
 * logged: -EINVAL for no address or an impossible combination, -EPERM for an unsafe one, or the
 * error of reading the password.
 */
int settings_endpoint(const struct settings *s, struct ldm_endpoint **ret);

#endif
