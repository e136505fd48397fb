/*
 * The table of faults, reading NAME[:ARG][@ACTION[/DOMAIN]][#COUNT], and the list of active ones.
 */
#include "faults.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum argument { ARG_NONE, ARG_NUMBER, ARG_TEXT, ARG_NUMBER_TEXT };

static const char *const moment_words[MOMENT_MAX] = {
	[MOMENT_CONNECT] = "connect",
	[MOMENT_STREAM] = "stream",
	[MOMENT_TLS] = "tls",
	[MOMENT_SASL] = "sasl",
	[MOMENT_IDLE] = "idle",
	[MOMENT_EVENT] = "event",
	[MOMENT_QUERY] = "query",
	[MOMENT_COMMAND] = "command",
	[MOMENT_REGISTER] = "register",
};

enum {
	CONNECT = 1 << MOMENT_CONNECT,
	STREAM = 1 << MOMENT_STREAM,
	TLS = 1 << MOMENT_TLS,
	SASL = 1 << MOMENT_SASL,
	IDLE = 1 << MOMENT_IDLE,
	EVENT = 1 << MOMENT_EVENT,
	QUERY = 1 << MOMENT_QUERY,
	COMMAND = 1 << MOMENT_COMMAND,
	REGISTER = 1 << MOMENT_REGISTER,
	BEFORE_READY = CONNECT | STREAM | TLS | SASL,
	REQUEST = QUERY | COMMAND,
	/* Wherever ldmd says something. */
	SAYING = STREAM | TLS | SASL | IDLE | EVENT | REQUEST,
};

static const struct fault_type {
	const char *name;
	enum argument argument;
	double fallback; /* number if none is given */
	unsigned strikes;
	const char *help;
} types[FAULT_MAX] = {
	[FAULT_DELAY] = {"delay", ARG_NUMBER, 1, CONNECT | STREAM | TLS | SASL | EVENT | REQUEST,
		"SECONDS: do it in time, answer late"},
	[FAULT_HANG] = {"hang", ARG_NONE, 0, CONNECT | SAYING,
		"neither do nor answer matching requests"},
	[FAULT_HANG_ALL] = {"hang-all", ARG_NONE, 0, TLS | REQUEST, "answer nothing at all"},
	[FAULT_REFUSE] = {"refuse", ARG_TEXT, 0, CONNECT | STREAM | TLS | SASL | IDLE | REQUEST,
		"TEXT: refuse, do nothing"},
	[FAULT_REFUSE_LATE] = {"refuse-late", ARG_NUMBER_TEXT, 1, REQUEST,
		"SECONDS:TEXT: refuse later"},
	[FAULT_FAIL_BUT_DO] = {"fail-but-do", ARG_TEXT, 0, REQUEST,
		"TEXT: report failure at once, do it all the same"},
	[FAULT_CLOSE_BEFORE] = {"close-before", ARG_NONE, 0, CONNECT | SAYING,
		"drop the connection, do nothing"},
	[FAULT_CLOSE_DURING] = {"close-during", ARG_NONE, 0, TLS | REQUEST,
		"drop it while the operation goes on"},
	[FAULT_CLOSE_AFTER] = {"close-after", ARG_NONE, 0, SAYING,
		"do it, then drop without an answer"},
	[FAULT_PARTIAL] = {"partial", ARG_TEXT, 0, COMMAND,
		"SIZE: memory removal gives back only this; so many CPUs come or go"},
	[FAULT_STOP_TIMEOUT] = {"stop-timeout", ARG_NUMBER, 1, COMMAND,
		"SECONDS: a plain stop fails as timed out, the guest goes down later"},
	[FAULT_IGNORE_STOP] = {"ignore-stop", ARG_NONE, 0, COMMAND,
		"a plain stop times out, the guest stays up"},
	[FAULT_ACCEPT_STOP] = {"accept-stop", ARG_NONE, 0, COMMAND,
		"a plain stop succeeds at once, the guest stays up"},
	[FAULT_OPTION_FORM] = {"option-form", ARG_TEXT, 0, REQUEST,
		"option|options|both: take options in this form, pass over the other"},
	[FAULT_WORK_LATE] = {"work-late", ARG_NUMBER, 1, COMMAND,
		"SECONDS: take the command, begin it later; lists show nothing of it before"},
	[FAULT_LOST_THEN_DONE] = {"lost-then-done", ARG_NUMBER, 15, COMMAND,
		"SECONDS: drop the connection at once, begin the command later"},
	[FAULT_UNAUTHORISED] = {"unauthorised", ARG_NONE, 0, STREAM | SASL | IDLE | REQUEST,
		"refuse for lack of rights"},
	[FAULT_NO_EVENTS] = {"no-events", ARG_NONE, 0, EVENT, "send no events"},
	[FAULT_CLOSE_MID] = {"close-mid", ARG_NONE, 0, SAYING, "close in the middle of the answer"},
	[FAULT_SPLIT] = {"split", ARG_NUMBER, 7, SAYING, "K: write K bytes at a time"},
	[FAULT_JOIN] = {"join", ARG_NONE, 0, TLS | EVENT | REQUEST,
		"an event in the same write behind the answer"},
	[FAULT_DRIP] = {"drip", ARG_NUMBER, 1000, SAYING, "MS: one byte each MS milliseconds"},
	[FAULT_EVENT_BETWEEN] = {"event-between", ARG_NONE, 0, REQUEST,
		"an event before the answer"},
	[FAULT_NO_PREFIX] = {"no-prefix", ARG_NONE, 0, EVENT | REQUEST, "declare no namespaces"},
	[FAULT_CHILD_PROPS] = {"child-props", ARG_NONE, 0, EVENT | REQUEST,
		"properties as child elements"},
	[FAULT_PLAIN_ID] = {"plain-id", ARG_NONE, 0, EVENT | REQUEST, "id instead of ovf:id"},
	[FAULT_NO_REFERENCES] = {"no-references", ARG_NONE, 0, EVENT | REQUEST,
		"leave References out"},
	[FAULT_TYPE_LOWER] = {"type-lower", ARG_NONE, 0, EVENT | REQUEST,
		"..._type instead of ..._Type"},
	[FAULT_WHITESPACE] = {"whitespace", ARG_NONE, 0, EVENT | REQUEST,
		"blanks and newlines around values"},
	[FAULT_XML_DECL] = {"xml-decl", ARG_NONE, 0, EVENT | REQUEST,
		"an XML declaration before each document"},
	[FAULT_SHUFFLE] = {"shuffle", ARG_NONE, 0, EVENT | REQUEST,
		"sections and properties in other order"},
	[FAULT_UNKNOWN_ELEMENTS] = {"unknown-elements", ARG_NONE, 0, EVENT | REQUEST,
		"strange elements and keys"},
	[FAULT_UPPER_STATUS] = {"upper-status", ARG_NONE, 0, REQUEST, "SUCCESS and FAILURE"},
	[FAULT_POLICY_BESIDE] = {"policy-beside", ARG_NONE, 0, QUERY,
		"policies beside the Content of their domain, as guides 2.2 to 3.6 print them"},
	[FAULT_MALFORMED] = {"malformed", ARG_NONE, 0, SAYING, "end tags that do not match"},
	[FAULT_DTD] = {"dtd", ARG_NONE, 0, SAYING, "a document type declaration"},
	[FAULT_ENTITIES] = {"entities", ARG_NONE, 0, SAYING, "entities that grow exponentially"},
	[FAULT_OVERSIZE] = {"oversize", ARG_TEXT, 0, SAYING, "SIZE: pad the answer to this size"},
	[FAULT_INSERT] = {"insert", ARG_TEXT, 0, SAYING,
		"FILE: add its content in front of the last end tag"},
	[FAULT_ATTR_BOMB] = {"attr-bomb", ARG_NUMBER, 100000, SAYING,
		"N: attributes on one element"},
	[FAULT_DEEP] = {"deep", ARG_NUMBER, 10000, SAYING, "N: nested elements"},
	[FAULT_DUP_NAMES] = {"dup-names", ARG_NONE, 0, QUERY,
		"list every domain twice, other UUID"},
	[FAULT_DUP_UUIDS] = {"dup-uuids", ARG_NONE, 0, QUERY, "all domains with the same UUID"},
	[FAULT_MISSING] = {"missing", ARG_TEXT, 0, QUERY,
		"KEY: leave out this property or resource"},
	[FAULT_AS_PRINTED] = {"as-printed", ARG_NONE, 0, REGISTER,
		"answer a registration as the guides print it, with data closed twice"},
	[FAULT_WRONG_ACTION] = {"wrong-action", ARG_NONE, 0, SAYING,
		"answer as if for another action"},
	[FAULT_LATE] = {"late", ARG_NUMBER, 1, REQUEST, "SECONDS: answer late and out of order"},
	[FAULT_EVENT_STORM] = {"event-storm", ARG_NUMBER, 1000, IDLE | EVENT | REQUEST,
		"N: events when a request comes"},
	[FAULT_NON_UTF8] = {"non-utf8", ARG_NONE, 0, SAYING, "bytes that are not UTF-8"},
	[FAULT_TRUNCATE] = {"truncate", ARG_NONE, 0, SAYING,
		"send half of the answer, stay connected"},
	[FAULT_NO_UUID] = {"no-uuid", ARG_NONE, 0, QUERY, "list domains without their UUIDs"},
	[FAULT_NAMELESS] = {"nameless", ARG_NONE, 0, QUERY,
		"list a domain without its name; the last of several unless DOMAIN is given"},
	[FAULT_SAME_NET] = {"same-net", ARG_NONE, 0, QUERY,
		"all networks of a domain have the name of its first"},
	[FAULT_STATE_WORD] = {"state-word", ARG_TEXT, 0, QUERY, "WORD: list domains in this state"},
	[FAULT_NO_TLS] = {"no-tls", ARG_NONE, 0, STREAM, "do not offer starttls"},
	[FAULT_TLS_GARBAGE] = {"tls-garbage", ARG_NONE, 0, TLS, "noise instead of a TLS handshake"},
	[FAULT_TLS_OLD] = {"tls-old", ARG_NONE, 0, TLS, "TLS 1.0 and 1.1 only"},
	[FAULT_NEW_CERT] = {"new-cert", ARG_NONE, 0, TLS, "another certificate from now on"},
	[FAULT_WRONG_CERT] = {"wrong-cert", ARG_NONE, 0, TLS,
		"a certificate for another host, and out of date"},
};

void faults_init(struct faults *faults)
{
	TAILQ_INIT(&faults->list);
}

static void fault_free(struct fault *fault)
{
	free(fault->spec);
	free(fault->text);
	free(fault->action);
	free(fault->domain);
	free(fault);
}

void faults_free(struct faults *faults)
{
	faults_clear(faults, NULL);
}

static int find_type(const char *name)
{
	for (int i = 0; i < FAULT_MAX; i++)
		if (str_equal(types[i].name, name))
			return i;
	return -1;
}

/* Cuts s at the last `mark` and returns what follows, or NULL. */
static char *cut(char *s, char mark)
{
	char *at = strrchr(s, mark);

	if (at)
		*at++ = '\0';
	return at;
}

static bool read_argument(struct fault *fault, const char *arg)
{
	const struct fault_type *type = &types[fault->kind];
	char *head;
	size_t n;
	bool ok;

	fault->number = type->fallback;
	if (type->argument == ARG_NONE)
		return arg == NULL;
	if (arg == NULL)
		arg = "";
	n = type->argument == ARG_TEXT ? 0 : strcspn(arg, ":");
	head = xstrndup(arg, n);
	ok = *head == '\0' || parse_seconds(head, &fault->number);
	free(head);
	arg += n + (arg[n] == ':' && n);
	fault->text = xstrdup(*arg ? arg : "simulated failure");
	if (fault->kind == FAULT_OPTION_FORM)
		ok = word_in_list("option options both", fault->text);
	return ok && (type->argument != ARG_NUMBER || *arg == '\0');
}

static void read_filter(struct fault *fault, const char *filter)
{
	const char *slash = strchr(filter, '/');

	fault->action = slash ? xstrndup(filter, (size_t)(slash - filter)) : xstrdup(filter);
	if (slash)
		fault->domain = xstrdup(slash + 1);
}

/* The moment that a filter names; MOMENT_MAX: it names actions. */
static enum fault_moment named_moment(const char *action)
{
	enum fault_moment m = 0;

	while (m < MOMENT_QUERY && !str_equal(moment_words[m], action))
		m++;
	return m < MOMENT_QUERY ? m : MOMENT_MAX;
}

static bool strikes_there(const struct fault *fault)
{
	unsigned strikes = types[fault->kind].strikes;
	enum fault_moment m;

	if (fault->action == NULL)
		return true;
	m = named_moment(fault->action);
	return strikes & (m < MOMENT_MAX ? 1u << m : (unsigned)(REQUEST | REGISTER | EVENT));
}

static bool read_spec(struct fault *fault, char *spec, const char **ret_why)
{
	char *count = cut(spec, '#');
	uint64_t left;
	char *filter, *arg;
	int kind;

	*ret_why = "bad count";
	fault->left = -1;
	if (count) {
		if (!parse_count(count, 1000000000, &left))
			return false;
		fault->left = (int)left;
	}
	fault->spec = xstrdup(spec);
	filter = cut(spec, '@');
	if (filter)
		read_filter(fault, filter);
	arg = strchr(spec, ':');
	if (arg)
		*arg++ = '\0';
	*ret_why = "no such fault";
	if ((kind = find_type(spec)) < 0)
		return false;
	fault->kind = (enum fault_kind)kind;
	if (fault->kind == FAULT_NEW_CERT && fault->left < 0)
		fault->left = 1;
	*ret_why = "does not strike there";
	if (!strikes_there(fault))
		return false;
	*ret_why = "bad argument";
	return read_argument(fault, arg);
}

bool fault_add(struct faults *faults, const char *spec, const char **ret_why)
{
	struct fault *fault = xcalloc(1, sizeof(*fault));
	char *copy = xstrdup(spec);
	bool ok = read_spec(fault, copy, ret_why);

	free(copy);
	if (ok)
		TAILQ_INSERT_TAIL(&faults->list, fault, entry);
	else
		fault_free(fault);
	return ok;
}

static bool is_meant(const struct fault *fault, const char *spec)
{
	return spec == NULL || str_equal(fault->spec, spec) ||
	       str_equal(types[fault->kind].name, spec);
}

bool faults_clear(struct faults *faults, const char *spec)
{
	struct fault *fault, *next;
	bool found = spec == NULL;

	LIST_EACH_SAFE(fault, &faults->list, entry, next)
	{
		if (!is_meant(fault, spec))
			continue;
		found = true;
		TAILQ_REMOVE(&faults->list, fault, entry);
		fault_free(fault);
	}
	return found;
}

void faults_list(const struct faults *faults, struct buf *out)
{
	const struct fault *fault;

	TAILQ_FOREACH (fault, &faults->list, entry) {
		if (fault->left == 0)
			continue;
		buf_add_string(out, fault->spec);
		if (fault->left > 0)
			buf_addf(out, "#%d", fault->left);
		buf_add_string(out, "\n");
	}
}

static bool matches(const char *pattern, const char *name)
{
	return pattern == NULL || (name && fnmatch(pattern, name, 0) == 0);
}

const struct fault *fault_hit(
	struct faults *faults, enum fault_kind kind, const char *action, const char *domain)
{
	struct fault *fault;

	TAILQ_FOREACH (fault, &faults->list, entry) {
		if (fault->kind != kind || fault->left == 0 || !matches(fault->action, action) ||
			!matches(fault->domain, domain))
			continue;
		if (fault->left > 0)
			fault->left--;
		return fault;
	}
	return NULL;
}

const struct fault *fault_of_listed(
	struct faults *faults, enum fault_kind kind, const char *action, const char *domain)
{
	struct fault *fault;

	TAILQ_FOREACH (fault, &faults->list, entry) {
		if (fault->kind != kind || fault->left == 0 || !matches(fault->action, action) ||
			!matches(fault->domain, domain))
			continue;
		fault->struck = true;
		return fault;
	}
	return NULL;
}

void faults_end_document(struct faults *faults)
{
	struct fault *fault;

	TAILQ_FOREACH (fault, &faults->list, entry) {
		if (fault->struck && fault->left > 0)
			fault->left--;
		fault->struck = false;
	}
}

static bool is_at(const struct fault *fault, enum fault_moment moment, const char *domain)
{
	unsigned strikes = types[fault->kind].strikes;

	if (fault->left == 0 || !(strikes & 1u << moment))
		return false;
	if (fault->action == NULL)
		return !(strikes & ~(unsigned)BEFORE_READY);
	return str_equal(fault->action, moment_words[moment]) && matches(fault->domain, domain);
}

bool fault_waits(const struct faults *faults, enum fault_kind kind, enum fault_moment moment)
{
	const struct fault *fault;

	TAILQ_FOREACH (fault, &faults->list, entry)
		if (fault->kind == kind && is_at(fault, moment, NULL))
			return true;
	return false;
}

const struct fault *fault_at(
	struct faults *faults, enum fault_kind kind, enum fault_moment moment, const char *domain)
{
	struct fault *fault;

	TAILQ_FOREACH (fault, &faults->list, entry) {
		if (fault->kind != kind || !is_at(fault, moment, domain))
			continue;
		if (fault->left > 0)
			fault->left--;
		return fault;
	}
	return NULL;
}

const struct fault *fault_about(
	struct faults *faults, enum fault_kind kind, const struct subject *s)
{
	const struct fault *fault = NULL;

	if (s->action)
		fault = fault_hit(faults, kind, s->action, s->domain);
	if (fault == NULL && s->moment < MOMENT_MAX)
		fault = fault_at(faults, kind, s->moment, s->domain);
	return fault;
}

void faults_usage(FILE *out)
{
	for (int i = 0; i < FAULT_MAX; i++)
		fprintf(out, "  %-17s %s%s\n", types[i].name,
			types[i].argument == ARG_NONE ? "" : ":", types[i].help);
	fputs("\nWhere they strike. The first six words can stand for ACTION.\n\n", out);
	for (enum fault_moment m = 0; m < MOMENT_MAX; m++) {
		fprintf(out, "  %-8s", moment_words[m]);
		for (int i = 0; i < FAULT_MAX; i++)
			if (types[i].strikes & 1u << m)
				fprintf(out, " %s", types[i].name);
		fputs("\n", out);
	}
}
