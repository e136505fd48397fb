/*
 * One table of directives: where the value goes, how it is read, what it may be, and whether a
 * SIGHUP applies it. Reading, comparing and freeing all follow from the table.
 */
#include "common/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/permit.h"
#include "ldm/endpoint.h"
#include "snmp/agentx.h"
#include "snmp/connect.h"
#include "tables/mib.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/log.h"
#include "util/reference.h"
#include "util/secret.h"
#include "util/text.h"

#define FILE_BYTES_MAX	   ((size_t)1 << 20)
#define LIST_MAX	   1024 /* lines of one directive */
#define PASSWORD_BYTES_MAX 1024

enum kind {
	KIND_TEXT,
	KIND_PATH,    /* absolute */
	KIND_ENCODED, /* a text in which %XX stands for an octet that a line cannot contain */
	KIND_WORD,    /* one of words[] */
	KIND_NUMBER,
	KIND_SECONDS,	   /* a duration; a bare number is in seconds */
	KIND_MILLISECONDS, /* a duration; a bare number is in ms */
	KIND_LIST,	   /* a list of texts; each line adds one */
};

struct word {
	const char *word;
	uint64_t value;
};

struct directive {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *text;   /* default of texts */
	uint64_t value;	    /* default of numbers */
	uint64_t low, high; /* of numbers and durations (in ms) */
	const struct word *words;
	bool live;
	const char *why; /* what is expected, for the message */
	/* -EINVAL: *ret_why (a static text) says what is expected. NULL: every value is good. */
	int (*check)(const char *value, const char **ret_why);
};

static int check_ldm(const char *value, const char **ret_why)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *endpoint = NULL;

	int r = ldm_endpoint_parse(value, &endpoint);
	if (r == -EINVAL)
		*ret_why = "xmpp:HOST[:PORT] or plain:HOST[:PORT]";
	return r;
}

static int check_agentx(const char *value, const char **ret_why)
{
	struct agentx_address address;

	return agentx_address_parse(value, &address, ret_why);
}

static int check_context(const char *value, const char **ret_why)
{
	_cleanup_free_ char *name = strdup(value);

	if (!name)
		return -ENOMEM;
	if (percent_decode(name) == 0 && strlen(name) <= AGENTX_CONTEXT_MAX)
		return 0;
	*ret_why = "1 to 255 octets, with %XX for those that cannot stand here and for %";
	return -EINVAL;
}

static int check_view(const char *value, const char **ret_why)
{
	if (mib_find_view(value))
		return 0;
	*ret_why = "vm or libvirt";
	return -EINVAL;
}

static int check_allow(const char *value, const char **ret_why)
{
	struct permit *permit;

	int r = permit_new(&permit);
	if (r < 0)
		return r;
	r = permit_add(permit, value, ret_why);
	permit_free(permit);
	return r;
}

static const struct word words_bool[] = {{"yes", 1}, {"no", 0}, {"on", 1}, {"off", 0}, {NULL, 0}};
static const struct word words_verify[] = {
	{"auto", LDM_VERIFY_AUTO}, {"no", LDM_VERIFY_NO}, {"yes", LDM_VERIFY_YES}, {NULL, 0}};
static const struct word words_tls[] = {{"1.0", LDM_TLS_1_0}, {"1.1", LDM_TLS_1_1},
	{"1.2", LDM_TLS_1_2}, {"1.3", LDM_TLS_1_3}, {NULL, 0}};
static const struct word words_data[] = {
	{"auto", LDM_DATA_AUTO}, {"2.0", LDM_DATA_2}, {"3.0", LDM_DATA_3}, {NULL, 0}};
static const struct word words_form[] = {{"auto", LDM_FORM_AUTO}, {"option", LDM_FORM_OPTION},
	{"options", LDM_FORM_OPTIONS}, {NULL, 0}};
static const struct word words_level[] = {{"error", LOG_LEVEL_ERROR},
	{"warning", LOG_LEVEL_WARNING}, {"notice", LOG_LEVEL_NOTICE}, {"info", LOG_LEVEL_INFO},
	{"debug", LOG_LEVEL_DEBUG}, {NULL, 0}};

#define AT(field)   offsetof(struct settings, field)
#define MS(seconds) ((seconds)*UINT64_C(1000))

/* clang-format off */
static const struct directive directives[] = {
	{"ldm", KIND_TEXT, AT(ldm), .text = DEFAULT_LDM_ADDRESS, .check = check_ldm},
	{"ldmUser", KIND_TEXT, AT(ldm_user)},
	{"ldmPasswordFile", KIND_PATH, AT(ldm_password_file)},
	{"ldmCertificate", KIND_PATH, AT(ldm_certificate)},
	{"ldmVerify", KIND_WORD, AT(ldm_verify), .words = words_verify, .why = "yes, no or auto"},
	{"ldmTlsMinimum", KIND_WORD, AT(ldm_tls_minimum), .value = LDM_TLS_1_2,
		.words = words_tls, .why = "1.0, 1.1, 1.2 or 1.3"},
	{"ldmDataVersion", KIND_WORD, AT(ldm_data_version), .words = words_data,
		.why = "auto, 2.0 or 3.0"},
	{"ldmRequestForm", KIND_WORD, AT(ldm_request_form), .words = words_form,
		.why = "auto, option or options"},
	{"agentXSocket", KIND_TEXT, AT(agentx_socket), .text = DEFAULT_AGENTX_SOCKET,
		.check = check_agentx},
	{"context", KIND_ENCODED, AT(context), .check = check_context},
	{"refreshInterval", KIND_SECONDS, AT(refresh_interval_ms), .value = MS(5),
		.low = 100, .high = MS(3600), .live = true, .why = "0.1 to 3600 seconds"},
	{"staleAfter", KIND_SECONDS, AT(stale_after_ms), .value = MS(600),
		.high = MS(604800), .live = true, .why = "0 (never) to 604800 seconds"},
	{"setWait", KIND_MILLISECONDS, AT(set_wait_ms), .value = 400,
		.high = 700, .live = true, .why = "0 to 700 milliseconds"},
	{"requestTimeout", KIND_SECONDS, AT(request_timeout_ms), .value = MS(10),
		.low = 100, .high = MS(3600), .live = true, .why = "0.1 to 3600 seconds"},
	{"commandTimeout", KIND_SECONDS, AT(command_timeout_ms), .value = MS(600),
		.low = 100, .high = MS(86400), .live = true, .why = "0.1 to 86400 seconds"},
	{"readOnly", KIND_WORD, AT(read_only), .words = words_bool, .live = true,
		.why = "yes or no"},
	{"setAllow", KIND_LIST, AT(set_allow), .live = true, .check = check_allow},
	{"forceStopAfter", KIND_SECONDS, AT(force_stop_after_ms),
		.high = MS(86400), .live = true, .why = "0 (never) to 86400 seconds"},
	{"notifications", KIND_WORD, AT(notifications), .value = 1, .words = words_bool,
		.live = true, .why = "yes or no"},
	{"notificationRate", KIND_NUMBER, AT(notification_rate), .value = 60,
		.high = 100000, .live = true, .why = "0 (no limit) to 100000 a domain and minute"},
	{"templateDirectory", KIND_PATH, AT(template_directory), .text = DEFAULT_TEMPLATE_DIR,
		.live = true},
	{"stateDirectory", KIND_PATH, AT(state_directory), .text = DEFAULT_STATE_DIR},
	{"hypervisorVersion", KIND_TEXT, AT(hypervisor_version)},
	{"view", KIND_LIST, AT(views), .check = check_view},
	{"logLevel", KIND_WORD, AT(log_level), .value = LOG_LEVEL_NOTICE, .words = words_level,
		.live = true, .why = "error, warning, notice, info or debug"},
};
/* clang-format on */

#define N_DIRECTIVES ARRAY_SIZE(directives)

static char **text_of(struct settings *s, const struct directive *d)
{
	return (char **)((char *)s + d->offset);
}

static uint64_t *number_of(struct settings *s, const struct directive *d)
{
	return (uint64_t *)((char *)s + d->offset);
}

static char ***list_of(struct settings *s, const struct directive *d)
{
	return (char ***)((char *)s + d->offset);
}

static bool is_text(const struct directive *d)
{
	return d->kind == KIND_TEXT || d->kind == KIND_PATH || d->kind == KIND_ENCODED;
}

static void list_free(char **list)
{
	for (char **p = list; p && *p; p++)
		free(*p);
	free(list);
}

static size_t list_length(char *const *list)
{
	size_t n = 0;
	while (list && list[n])
		n++;
	return n;
}

static void settings_free(struct settings *s)
{
	for (size_t i = 0; i < N_DIRECTIVES; i++) {
		if (is_text(&directives[i]))
			free(*text_of(s, &directives[i]));
		else if (directives[i].kind == KIND_LIST)
			list_free(*list_of(s, &directives[i]));
	}
	free(s->file);
	free(s);
}

struct settings *settings_ref(struct settings *s)
{
	if (s)
		reference_take(&s->references);
	return s;
}

void settings_unref(struct settings *s)
{
	if (s && reference_drop(&s->references))
		settings_free(s);
}

struct settings *settings_new(void)
{
	struct settings *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	reference_init(&s->references);

	for (size_t i = 0; i < N_DIRECTIVES; i++) {
		const struct directive *d = &directives[i];
		if (is_text(d)) {
			if (text_copy(d->text, text_of(s, d)) < 0) {
				settings_free(s);
				return NULL;
			}
		} else if (d->kind != KIND_LIST) {
			*number_of(s, d) = d->value;
		}
	}
	return s;
}

static int set_word(
	struct settings *s, const struct directive *d, const char *value, const char **ret_why)
{
	for (const struct word *w = d->words; w->word; w++) {
		if (strcasecmp(w->word, value) == 0) {
			*number_of(s, d) = w->value;
			return 0;
		}
	}
	*ret_why = d->why;
	return -EINVAL;
}

/* Thousandths of a decimal number with up to three digits after the point: "0.25" is 250. */
static int read_thousandths(const char **p, uint64_t *ret)
{
	uint64_t whole = 0, part = 0, scale = 1000;
	const char *c = *p;

	if (!isdigit((unsigned char)*c))
		return -EINVAL;
	for (; isdigit((unsigned char)*c); c++) {
		whole = whole * 10 + (uint64_t)(*c - '0');
		if (whole > UINT32_MAX)
			return -ERANGE;
	}
	if (*c == '.') {
		c++;
		if (!isdigit((unsigned char)*c))
			return -EINVAL;
		for (; isdigit((unsigned char)*c) && scale > 1; c++) {
			scale /= 10;
			part += (uint64_t)(*c - '0') * scale;
		}
	}
	*p = c;
	*ret = whole * 1000 + part;
	return 0;
}

static int read_duration(const char *value, uint64_t bare_unit_ms, uint64_t *ret_ms)
{
	static const struct word units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"min", 60000},
		{"h", 3600000}, {"d", 86400000}, {NULL, 0}};
	uint64_t thousandths, product, unit = 0;
	const char *p = value;

	int r = read_thousandths(&p, &thousandths);
	if (r < 0)
		return r;
	while (*p == ' ' || *p == '\t')
		p++;
	if (!*p)
		unit = bare_unit_ms;
	for (const struct word *w = units; w->word; w++) {
		if (*p && strcmp(w->word, p) == 0)
			unit = w->value;
	}
	/* A fraction of a millisecond is a mistake. */
	if (!unit || __builtin_mul_overflow(thousandths, unit, &product) || product % 1000)
		return -EINVAL;
	*ret_ms = product / 1000;
	return 0;
}

static int set_number(
	struct settings *s, const struct directive *d, const char *value, const char **ret_why)
{
	uint64_t n = 0;
	int r;

	if (d->kind == KIND_NUMBER) {
		char *end;
		errno = 0;
		n = strtoull(value, &end, 10);
		r = isdigit((unsigned char)*value) && !*end ? -errno : -EINVAL;
	} else {
		r = read_duration(value, d->kind == KIND_SECONDS ? 1000 : 1, &n);
	}
	if (r < 0 || n < d->low || n > d->high) {
		*ret_why = d->why;
		return -EINVAL;
	}
	*number_of(s, d) = n;
	return 0;
}

static int add_to_list(
	struct settings *s, const struct directive *d, const char *value, const char **ret_why)
{
	size_t n = list_length(*list_of(s, d));
	if (n >= LIST_MAX) {
		*ret_why = "fewer of these lines";
		return -EINVAL;
	}
	char **list = reallocarray(*list_of(s, d), n + 2, sizeof(char *));
	if (!list)
		return -ENOMEM;
	*list_of(s, d) = list;
	list[n + 1] = NULL;
	list[n] = strdup(value);
	return list[n] ? 0 : -ENOMEM;
}

static const struct directive *find_directive(const char *name)
{
	for (size_t i = 0; i < N_DIRECTIVES; i++) {
		if (strcasecmp(directives[i].name, name) == 0)
			return &directives[i];
	}
	return NULL;
}

static int set_directive(
	struct settings *s, const struct directive *d, const char *value, const char **ret_why)
{
	if (!*value) {
		*ret_why = d->why ? d->why : "a value";
		return -EINVAL;
	}
	int r = d->check ? d->check(value, ret_why) : 0;
	if (r < 0)
		return r;
	switch (d->kind) {
	case KIND_PATH:
		if (*value != '/') {
			*ret_why = "an absolute path";
			return -EINVAL;
		}
		return text_set(text_of(s, d), value);
	case KIND_TEXT:
		return text_set(text_of(s, d), value);
	case KIND_ENCODED:
		r = text_set(text_of(s, d), value);
		return r < 0 ? r : percent_decode(*text_of(s, d));
	case KIND_WORD:
		return set_word(s, d, value, ret_why);
	case KIND_LIST:
		return add_to_list(s, d, value, ret_why);
	case KIND_NUMBER:
	case KIND_SECONDS:
	case KIND_MILLISECONDS:
		break;
	}
	return set_number(s, d, value, ret_why);
}

int settings_set(struct settings *s, const char *directive, const char *value, const char **ret_why)
{
	const struct directive *d = find_directive(directive);
	if (!d) {
		*ret_why = "a known directive";
		return -EINVAL;
	}
	return set_directive(s, d, value, ret_why);
}

/* Cuts white space from both ends, in place. */
static char *trim_space(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	size_t n = strlen(text);
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	text[n] = '\0';
	return text;
}

/* A comment starts at a # that begins the line or follows white space. */
static void cut_comment(char *line)
{
	for (char *p = line; *p; p++) {
		if (*p == '#' && (p == line || isspace((unsigned char)p[-1]))) {
			*p = '\0';
			return;
		}
	}
}

struct reader {
	struct settings *s;
	const char *path;
	unsigned line;
	bool seen[N_DIRECTIVES];
};

static int read_line(struct reader *reader, char *line)
{
	cut_comment(line);
	char *name = trim_space(line);
	if (!*name)
		return 0;

	char *value = name + strcspn(name, " \t");
	if (*value)
		*value++ = '\0';
	value = trim_space(value);

	const struct directive *d = find_directive(name);
	if (!d) {
		log_err("config", "%s:%u: unknown directive \"%s\"", reader->path, reader->line,
			name);
		return -EINVAL;
	}
	bool *seen = &reader->seen[d - directives];
	if (*seen && d->kind != KIND_LIST) {
		log_err("config", "%s:%u: %s is given a second time", reader->path, reader->line,
			d->name);
		return -EINVAL;
	}
	*seen = true;

	const char *why = NULL;
	int r = set_directive(reader->s, d, value, &why);
	if (r == -EINVAL)
		log_err("config", "%s:%u: %s \"%s\": must be %s", reader->path, reader->line,
			d->name, value, why ? why : "a valid value");
	return r;
}

static int read_lines(struct reader *reader, char *text)
{
	int result = 0;

	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		reader->line++;
		/* The next lines are read even after a mistake, so that all mistakes are logged. */
		int r = read_line(reader, line);
		if (r < 0 && result != -ENOMEM)
			result = r;
	}
	return result;
}

/* Only a warning: a refusal would keep the agent from starting. */
static void warn_of_other_writers(const char *path)
{
	const char *why = file_distrust_path(path);

	if (why)
		log_warn("config", "%s: %s; only root should be able to change it", path, why);
}

static const char *why_not_read(int error)
{
	return error == -EINVAL ? "this is no regular file" : strerror(-error);
}

int settings_load(struct settings *s, const char *path, bool must_exist)
{
	struct reader reader = {.s = s, .path = path};
	_cleanup_free_ char *text = NULL;
	size_t length;

	int r = text_set(&s->file, path);
	if (r >= 0)
		r = file_read(path, FILE_BYTES_MAX, &text, &length);
	if (r == -ENOENT && !must_exist)
		return 0;
	if (r < 0) {
		log_err("config", "%s: %s", path, why_not_read(r));
		return r;
	}
	if (strlen(text) != length) {
		log_err("config", "%s: this is no text file", path);
		return -EINVAL;
	}
	warn_of_other_writers(path);
	s->from_file = true;
	return read_lines(&reader, text);
}

static bool same_list(char *const *a, char *const *b)
{
	size_t n = list_length(a);
	if (n != list_length(b))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(a[i], b[i]) != 0)
			return false;
	}
	return true;
}

static bool same_value(
	const struct settings *a, const struct settings *b, const struct directive *d)
{
	const char *pa = (const char *)a + d->offset, *pb = (const char *)b + d->offset;

	if (is_text(d))
		return text_equal(*(char *const *)pa, *(char *const *)pb);
	if (d->kind == KIND_LIST)
		return same_list(*(char **const *)pa, *(char **const *)pb);
	return *(const uint64_t *)pa == *(const uint64_t *)pb;
}

void settings_compare(const struct settings *old, const struct settings *new,
	void (*tell)(void *user, const char *directive, bool live), void *user)
{
	for (size_t i = 0; i < N_DIRECTIVES; i++) {
		if (!same_value(old, new, &directives[i]))
			tell(user, directives[i].name, directives[i].live);
	}
}

/* --- The address of ldmd, with what other directives say about it --------------------------------
 */

/* The first line, without its end. */
static int first_line(const char *text, char **ret)
{
	size_t n = strcspn(text, "\r\n");

	if (n == 0)
		return -ENODATA;
	*ret = strndup(text, n);
	return *ret ? 0 : -ENOMEM;
}

static int read_password(const char *path, char **ret)
{
	size_t length = 0;
	char *text = NULL;

	int r = file_read_secret(path, PASSWORD_BYTES_MAX, &text, &length);
	if (r >= 0) {
		r = first_line(text, ret);
		secret_wipe(text, length);
		free(text);
	}
	if (r == -EPERM)
		log_err("config",
			"ldmPasswordFile %s: must belong to this user or root, with mode 0600 or "
			"0400",
			path);
	else if (r == -ENODATA)
		log_err("config", "ldmPasswordFile %s: there is no password on its first line",
			path);
	else if (r < 0)
		log_err("config", "ldmPasswordFile %s: %s", path, why_not_read(r));
	return r;
}

/* A user who can change the file can make the agent trust another ldmd. */
static void doubt_certificate(const char *path)
{
	const char *why = file_distrust_path(path);

	if (why)
		log_warn("config", "ldmCertificate %s: %s", path, why);
}

static int fill_endpoint(const struct settings *s, struct ldm_endpoint *e)
{
	e->data_version = (enum ldm_data_version)s->ldm_data_version;
	e->dialect->configured = (enum ldm_form)s->ldm_request_form;
	e->verify = (enum ldm_verify)s->ldm_verify;
	e->tls_min = (enum ldm_tls_version)s->ldm_tls_minimum;

	int r = text_copy(s->ldm_user, &e->user);
	if (r >= 0)
		r = text_copy(s->ldm_certificate, &e->certificate);
	if (e->certificate)
		doubt_certificate(e->certificate);
	if (r >= 0 && s->ldm_password_file)
		r = read_password(s->ldm_password_file, &e->password);
	return r;
}

int settings_endpoint(const struct settings *s, struct ldm_endpoint **ret)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *e = NULL;
	const char *why = NULL;

	if (!*s->ldm) {
		log_err("config",
			"no ldmd address: this host is not a control domain; set `ldm xmpp:HOST' "
			"in %s "
			"or use -m",
			s->file ? s->file : "the configuration");
		return -EINVAL;
	}
	int r = ldm_endpoint_parse(s->ldm, &e);
	if (r >= 0)
		r = fill_endpoint(s, e);
	if (r < 0)
		return r;
	r = ldm_endpoint_check(e, &why);
	if (r < 0) {
		log_err("config", "ldm %s: %s", s->ldm, why ? why : strerror(-r));
		return r;
	}
	*ret = steal_ptr(e);
	return 0;
}

struct backend_config settings_backend(const struct settings *s)
{
	return (struct backend_config){
		.version = PACKAGE_VERSION,
		.refresh_interval_ms = s->refresh_interval_ms,
		.stale_after_ms = s->stale_after_ms,
		.set_wait_ms = s->set_wait_ms,
		.read_only = s->read_only,
		.notifications = s->notifications,
		.notification_rate = s->notification_rate,
		.set_allow = s->set_allow,
		.views = s->views,
		.hypervisor_version = s->hypervisor_version,
	};
}
