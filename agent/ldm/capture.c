/*
 * A document is scanned tag by tag, as it may be malformed: the text behind a start tag is the
 * value of a property, whose key is the element's name or its attribute `key`. Of a property that
 * is not known to be harmless only numbers and words of the interface stay.
 *
 * All documents are scanned twice: first to learn the names, then to replace them. So a name is
 * also replaced in a message that stands before the domain of that name.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "ldm/capture.h"
#include "ldm/document.h"
#include "ldm/mask.h"
#include "ldm/xml.h"
#include "util/array.h"
#include "util/number.h"
#include "util/text.h"

struct question {
	char *action, *domain, *error;
	struct buffer sent, received;
	enum capture_answer answer;
	uint64_t took_ms;
};

struct capture {
	struct question *questions;
	size_t n;
};

/* --- recording ----------------------------------------------------------------------------- */

int capture_new(struct capture **ret)
{
	struct capture *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	*ret = c;
	return 0;
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++) {
		struct question *q = &c->questions[i];

		free(q->action);
		free(q->domain);
		free(q->error);
		buffer_clear_secret(&q->sent);
		buffer_clear_secret(&q->received);
	}
	free(c->questions);
	free(c);
}

int capture_question(struct capture *c, const char *action, const char *domain)
{
	struct question *q = array_append(&c->questions, &c->n, sizeof(*q));

	if (!q)
		return -ENOMEM;
	return text_copy(action, &q->action) < 0 || text_copy(domain, &q->domain) < 0 ? -ENOMEM : 0;
}

int capture_document(struct capture *c, bool sent, const char *xml, size_t len)
{
	struct question *q = c->n > 0 ? &c->questions[c->n - 1] : NULL;
	struct buffer *to = !q ? NULL : sent ? &q->sent : &q->received;
	_cleanup_(buffer_clear_secret) struct buffer clean = BUFFER_EMPTY;
	int r = xml_make_clean(xml, len, &clean);

	if (r < 0 || !to)
		return r;
	if (!sent && to->len > 0 && clean.len > 0 &&
		ldm_document_kind_of(buffer_data(&clean)) == LDM_DOCUMENT_EVENT)
		return 0;
	buffer_clear_secret(to);
	*to = clean;
	clean = BUFFER_EMPTY;
	return 0;
}

int capture_end(struct capture *c, enum capture_answer answer, uint64_t took_ms, const char *error)
{
	struct question *q = &c->questions[c->n - 1];

	q->answer = answer;
	q->took_ms = took_ms;
	return text_set(&q->error, error);
}

/* --- the words that replace others --------------------------------------------------------- */

struct word {
	char *original, *replacement;
};

struct replacer {
	struct word *words; /* sorted by the original */
	size_t n;
	bool learning; /* the first scan of the documents */
	bool as_is;
	bool failed; /* no memory */

	/* The resource that is being read may be a variable of OpenBoot: */
	bool name_known;  /* its name was read already */
	bool name_secret; /* the name is that of a secret, so the value is not shown */
};

static int compare_words(const void *a, const void *b)
{
	return strcmp(((const struct word *)a)->original, ((const struct word *)b)->original);
}

static const struct word *find_word(const struct replacer *r, const char *original)
{
	const struct word key = {.original = (char *)original};

	return r->n > 0 ? bsearch(&key, r->words, r->n, sizeof(key), compare_words) : NULL;
}

enum word_kind {
	WORD_NAME,
	WORD_UUID,
	WORD_MAC,
	WORD_HOST_ID,
	WORD_PATH,
	WORD_IP,
};

static bool matches(const char *text, const char *pattern)
{
	for (; *text && *pattern; text++, pattern++)
		if (*pattern == 'x' ? !isxdigit((unsigned char)*text) : *text != *pattern)
			return false;
	return !*text && !*pattern;
}

static bool is_mac(const char *text)
{
	unsigned a[6];
	char end;

	return sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &a[0], &a[1], &a[2], &a[3], &a[4], &a[5],
		       &end) == 6;
}

static bool is_ip(const char *text)
{
	unsigned a[4];
	char end;

	return sscanf(text, "%3u.%3u.%3u.%3u%c", &a[0], &a[1], &a[2], &a[3], &end) == 4;
}

static enum word_kind kind_of_word(const char *key, const char *text)
{
	if (matches(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"))
		return WORD_UUID;
	if (is_mac(text))
		return WORD_MAC;
	if (is_ip(text))
		return WORD_IP;
	if (strcmp(key, "hostid") == 0)
		return WORD_HOST_ID;
	return strcmp(key, "/") == 0 ? WORD_PATH : WORD_NAME;
}

/* The word that a replacement of a name begins with, by the property that holds the name. */
static const struct {
	const char *key, *word;
} name_words[] = {
	{"ldom_name", "domain"},
	{"master", "domain"},
	{"vnet_name", "vnet"},
	{"vdisk_name", "vdisk"},
	{"vol_name", "volume"},
	{"service_name", "service"},
	{"group", "group"},
	{"policy_name", "policy"},
	{"spconfig_name", "config"},
	{"name", "name"},
};

static const char *word_for(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(name_words); i++)
		if (strcmp(key, name_words[i].key) == 0)
			return name_words[i].word;
	return NULL;
}

static int invent_word(size_t n, const char *key, const char *text, char **ret)
{
	const char *word = word_for(key);

	switch (kind_of_word(key, text)) {
	case WORD_UUID:
		return text_printf(ret, "00000000-0000-4000-8000-%012zx", n);
	case WORD_MAC:
		return text_printf(
			ret, "02:00:00:%02zx:%02zx:%02zx", n >> 16 & 0xff, n >> 8 & 0xff, n & 0xff);
	case WORD_HOST_ID:
		return text_printf(
			ret, "%scafe%04zx", strncmp(text, "0x", 2) == 0 ? "0x" : "", n & 0xffff);
	case WORD_PATH:
		return text_printf(ret, "path-%zu", n);
	case WORD_IP:
		/* RFC 2544: networks of the benchmarks. */
		return text_printf(
			ret, "198.%zu.%zu.%zu", 18 + (n >> 16 & 1), n >> 8 & 0xff, n & 0xff);
	case WORD_NAME:
		break;
	}
	return text_printf(ret, "%s-%zu", word ? word : "text", n);
}

static const struct word *add_word(struct replacer *r, const char *key, const char *text)
{
	_cleanup_free_ char *original = strdup(text), *replacement = NULL;
	const struct word new = {.original = original};
	struct word *w = NULL;

	if (original && invent_word(r->n + 1, key, text, &replacement) >= 0)
		w = array_insert(&r->words, &r->n, sizeof(*w),
			first_where(i, r->n, compare_words(&r->words[i], &new) > 0));
	if (!w) {
		r->failed = true;
		return NULL;
	}
	*w = (struct word){steal_ptr(original), steal_ptr(replacement)};
	return w;
}

static void replacer_clear(struct replacer *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->words[i].original);
		free(r->words[i].replacement);
	}
	free(r->words);
}

/* Sets r->failed on an error, so that callers need not check each call. */
static void put_bytes(struct replacer *r, const char *bytes, size_t n, struct buffer *out)
{
	if (buffer_append(out, bytes, n) < 0)
		r->failed = true;
}

static void put(struct replacer *r, const char *text, struct buffer *out)
{
	put_bytes(r, text, strlen(text), out);
}

/* --- values -------------------------------------------------------------------------------- */

/* Properties whose values are numbers and words of the interface. */
static const char *const harmless_keys[] = {"action", "status", "OtherResourceType",
	"AllocationUnits", "state", "ldom_state", "flags", "utilization", "util", "util_percent",
	"normalized_utilization", "strand", "strand_percent", "uptime", "failure-policy",
	"failure_policy", "extended-mapin-space", "extended_mapin_space", "threading", "cpu-arch",
	"cpu_arch", "shutdown-group", "shutdown_group", "wcore", "whole-core", "vid", "pid", "cid",
	"ra", "real_addr", "real_address", "pa", "phys_addr", "physical_address", "size", "number",
	"cpuset", "cpu_set", "options", "option", "arguments", "vol_opts", "type", "mode",
	"linkprop", "default-vlan-id", "pvid", "mtu", "inter_vnet_link", "min_port", "max_port",
	"port", "enable-log", "log", "policy_enable", "policy_priority", "policy_vcpu_min",
	"policy_vcpu_max", "policy_util_lower", "policy_util_upper", "policy_tod_begin",
	"policy_tod_end", "policy_sample_rate", "policy_elastic_margin", "policy_attack",
	"policy_decay", "spconfig_status", "progress", "timeout", "free", "boot-policy",
	"max-cores", "perf-counters", "rc-add-policy", "id", "dev_id", "mau_id", "uid"};

/* Words of the interface and of OpenBoot, which are no names in any property. */
static const char *const harmless_words[] = {"primary", "on", "off", "yes", "no", "true", "false",
	"auto", "none", "active", "inactive", "bound", "current", "next", "factory-default",
	"enabled", "disabled", "ongoing", "failed", "done", "auto-boot?", "auto-boot-on-error?",
	"boot-device", "boot-command", "boot-file", "diag-switch?", "nvramrc", "use-nvramrc?",
	"security-mode", "security-password", "security-#badlogins", "local-mac-address?",
	"input-device", "output-device", "keyboard-layout", "multipath-boot?", "ttya-mode",
	"network-boot-arguments"};

static bool in_list(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(word, list[i]) == 0)
			return true;
	return false;
}

/* "16", "0.7%", "2048M", "41d", "0x10000000". */
static bool is_quantity(const char *word)
{
	if (strncmp(word, "0x", 2) == 0)
		return word[2] && word[2 + strspn(word + 2, "0123456789abcdefABCDEF")] == '\0';
	if (!isdigit((unsigned char)*word))
		return false;
	word += strspn(word, "0123456789.");
	return !*word || (!word[1] && strchr("%KMGTBdhmsw", *word));
}

static bool is_harmless_word(const char *word)
{
	return is_quantity(word) || in_list(word, harmless_words, ARRAY_SIZE(harmless_words));
}

/* "pci@400", "disk@0:a": a node of OpenBoot's tree, which is the same on every such machine. */
static bool is_device_node(const char *word)
{
	size_t name = strspn(word, "abcdefghijklmnopqrstuvwxyz-");
	size_t address = word[name] == '@' ? strspn(word + name + 1, "0123456789abcdef,") : 0;

	if (name == 0 || address == 0)
		return false;
	word += name + 1 + address;
	return !*word || (word[0] == ':' && word[1] && strchr("abcdefgh", word[1]) && !word[2]);
}

/* A word of a property that holds names, or of an unknown property. */
static void put_word(struct replacer *r, const char *key, const char *text, struct buffer *out)
{
	const struct word *w = find_word(r, text);
	bool is_name = word_for(key) != NULL && strcmp(key, "name") != 0;
	bool stays = kind_of_word(key, text) == WORD_NAME && is_harmless_word(text);

	if (is_name)
		stays = strcmp(text, "primary") == 0;
	else if (is_device_node(text))
		stays = true;
	if (!w && !stays)
		w = add_word(r, key, text);
	put(r, w ? w->replacement : text, out);
}

/*
 * Appends the text with its names replaced, one by one: "a,b", "volume@service" and "/a/b" hold two
 * names each.
 */
static void put_names(struct replacer *r, const char *key, char *text, struct buffer *out)
{
	bool is_path = strchr(text, '/') != NULL;
	const char *between_names = is_path ? ",/" : is_device_node(text) ? "," : ",@";

	while (text) {
		size_t len = strcspn(text, between_names);
		char between = text[len];

		text[len] = '\0';
		if (len > 0)
			put_word(r, is_path ? "/" : key, text, out);
		put_bytes(r, &between, between ? 1 : 0, out);
		text = between ? text + len + 1 : NULL;
	}
}

static bool is_plain_word(const char *word)
{
	for (; *word; word++)
		if (!isalpha((unsigned char)*word) && !strchr("-'", *word))
			return false;
	return true;
}

/* Text for people: known names are replaced, and words that do not consist of letters only. */
static void put_message(struct replacer *r, const char *text, struct buffer *out)
{
	static const char between[] = " \t\r\n\"'`()[]{}<>;,!?&";

	while (*text) {
		size_t gap = strspn(text, between), len = strcspn(text + gap, between);
		_cleanup_free_ char *word = strndup(text + gap, len);
		const char *end = word ? word + strlen(word) : NULL;
		char tail[2] = "";

		if (!word) {
			r->failed = true;
			return;
		}
		put_bytes(r, text, gap, out);
		/* The end of a sentence is not part of a name. */
		if (len > 1 && strchr(".:", end[-1])) {
			tail[0] = end[-1];
			word[len - 1] = '\0';
		}
		if (*word && (find_word(r, word) || (!is_plain_word(word) && !r->learning)))
			put_word(r, "", word, out);
		else
			put(r, word, out);
		put(r, tail, out);
		text += gap + len;
	}
}

/* Appends what is shown of a property's value, which is trimmed and has no references. */
static void put_value(struct replacer *r, const char *key, char *text, struct buffer *out)
{
	bool is_value = strcmp(key, "value") == 0;
	bool secret = ldm_is_secret(key) || strcmp(key, "username") == 0;

	if (strcmp(key, "name") == 0) {
		r->name_known = true;
		r->name_secret = ldm_is_secret(text);
	}
	/* Before its name is known, the value of a variable may be a password. */
	if (is_value && (r->name_secret || !r->name_known))
		secret = true;
	if (secret && *text)
		put(r, "***", out);
	else if (r->as_is || in_list(key, harmless_keys, ARRAY_SIZE(harmless_keys)))
		put(r, text, out);
	else if (strcmp(key, "resp_msg") == 0)
		put_message(r, text, out);
	else
		put_names(r, key, text, out);
}

/* --- documents ----------------------------------------------------------------------------- */

static const struct {
	const char *reference;
	char c;
} references[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}};

/* Decodes references, so that a name is found however a document writes it. NULL: no memory. */
static char *decode(const char *text, size_t len)
{
	char *copy = strndup(text, len), *to = copy;

	for (const char *from = copy; from && *from;) {
		size_t i = 0, n = 1;
		char c = *from;

		while (i < ARRAY_SIZE(references) && strncmp(from, references[i].reference,
							     strlen(references[i].reference)) != 0)
			i++;
		if (i < ARRAY_SIZE(references)) {
			c = references[i].c;
			n = strlen(references[i].reference);
		}
		*to++ = c;
		from += n;
	}
	if (to)
		*to = '\0';
	return copy;
}

static void encode(struct replacer *r, const char *text, struct buffer *out)
{
	for (; *text; text++) {
		size_t i = 0;

		while (i < ARRAY_SIZE(references) && references[i].c != *text)
			i++;
		if (i < ARRAY_SIZE(references))
			put(r, references[i].reference, out);
		else
			put_bytes(r, text, 1, out);
	}
}

/*
 * A text, whose white space at both ends stays. is_xml: it stands between tags or quotes, so it has
 * references; else in a CDATA section or outside of a document.
 */
static void put_text(struct replacer *r, const char *key, const char *text, size_t len, bool is_xml,
	struct buffer *out)
{
	static const char space[] = " \t\r\n";
	_cleanup_(buffer_clear_secret) struct buffer shown = BUFFER_EMPTY;
	size_t before = 0, after = 0;

	while (before < len && strchr(space, text[before]))
		before++;
	while (after < len - before && strchr(space, text[len - after - 1]))
		after++;
	size_t value_len = len - before - after;
	char *value = is_xml ? decode(text + before, value_len) : strndup(text + before, value_len);
	put_bytes(r, text, before, out);
	if (!value) {
		r->failed = true;
	} else if (*value) {
		put_value(r, key, value, &shown);
		if (is_xml)
			encode(r, buffer_data(&shown), out);
		else
			put(r, buffer_data(&shown), out);
	}
	free(value);
	put_bytes(r, text + len - after, after, out);
}

static bool is_harmless_attribute(const char *name)
{
	return strncmp(name, "xmlns", 5) == 0 || strncmp(name, "xsi:", 4) == 0 ||
	       strcmp(name, "version") == 0 || strcmp(name, "key") == 0;
}

/* A tag from '<' to '>'. Sets *key to the key of the property that begins, "" if one ends. */
static void put_tag(struct replacer *r, const char *tag, size_t len, char **key, struct buffer *out)
{
	size_t name_len = strcspn(tag + 1, " \t\r\n/>"), at = 1 + name_len;
	char *name = strndup(tag + 1, name_len);

	free(*key);
	*key = strdup(xml_local_name(name));
	if (!name)
		r->failed = true;
	if (*key && (strcmp(*key, "Item") == 0 || strcmp(*key, "var") == 0))
		r->name_known = r->name_secret = false;
	free(name);
	put_bytes(r, tag, at, out);
	while (at < len) {
		size_t quote = at + strcspn(tag + at, "\"'"), end;
		size_t begin = at + strspn(tag + at, " \t\r\n");
		const char *stop;

		stop = quote < len ? memchr(tag + quote + 1, tag[quote], len - quote - 1) : NULL;
		if (!stop) {
			put_bytes(r, tag + at, len - at, out);
			break;
		}
		end = stop - tag;
		char *attribute = strndup(tag + begin, strcspn(tag + begin, " \t\r\n="));
		const char *local = xml_local_name(attribute);
		put_bytes(r, tag + at, quote + 1 - at, out);
		if (!attribute)
			r->failed = true;
		else if (is_harmless_attribute(attribute) || r->as_is)
			put_bytes(r, tag + quote + 1, end - quote - 1, out);
		else
			put_text(r, strcmp(local, "id") == 0 ? "ldom_name" : local, tag + quote + 1,
				end - quote - 1, true, out);
		if (attribute && strcmp(local, "key") == 0) {
			free(*key);
			*key = strndup(tag + quote + 1, end - quote - 1);
		}
		free(attribute);
		put_bytes(r, tag + end, 1, out);
		at = end + 1;
	}
	if (!*key)
		r->failed = true;
	else if (tag[1] == '/' || tag[len - 2] == '/')
		**key = '\0';
}

#define CDATA_BEGIN "<![CDATA["
#define CDATA_END   "]]>"

/* What begins with '<' and is no tag, so that '>' alone does not end it. */
static const struct {
	const char *begin, *end;
} enclosures[] = {{"<!--", "-->"}, {CDATA_BEGIN, CDATA_END}, {"<?", "?>"}};

static bool begins_with(const char *text, const char *begin)
{
	return strncmp(text, begin, strlen(begin)) == 0;
}

/* The length of what begins with '<'; 0: it has no end. */
static size_t markup_length(const char *at)
{
	const char *end;

	for (size_t i = 0; i < ARRAY_SIZE(enclosures); i++)
		if (begins_with(at, enclosures[i].begin)) {
			end = strstr(at + strlen(enclosures[i].begin), enclosures[i].end);
			return end ? (size_t)(end - at) + strlen(enclosures[i].end) : 0;
		}
	for (end = at + 1; *end != '>'; end++) {
		if (*end == '"' || *end == '\'')
			end = strchr(end + 1, *end);
		if (!end || !*end)
			return 0;
	}
	return end + 1 - at;
}

/* Comments, processing instructions and declarations may hold names, so they are not shown. */
static void put_markup(
	struct replacer *r, const char *at, size_t len, char **key, struct buffer *out)
{
	const size_t begin = strlen(CDATA_BEGIN), end = strlen(CDATA_END);

	if (begins_with(at, "<?xml ")) {
		put_bytes(r, at, len, out);
	} else if (begins_with(at, CDATA_BEGIN)) {
		put(r, CDATA_BEGIN, out);
		put_text(r, *key, at + begin, len - begin - end, false, out);
		put(r, CDATA_END, out);
	} else if (at[1] == '!' && !begins_with(at, "<!--")) {
		put(r, "<!DOCTYPE>", out);
	} else if (at[1] != '!' && at[1] != '?') {
		put_tag(r, at, len, key, out);
	}
}

static void put_document(struct replacer *r, const struct buffer *document, struct buffer *out)
{
	const char *at = buffer_data(document);
	_cleanup_free_ char *key = strdup("");

	r->name_known = r->name_secret = false;
	while (*at && key && !r->failed) {
		size_t len = *at == '<' ? markup_length(at) : strcspn(at, "<");

		if (len == 0) {
			put(r, "<", out);
			break;
		}
		if (*at == '<')
			put_markup(r, at, len, &key, out);
		else
			put_text(r, key, at, len, true, out);
		at += len;
	}
	if (!key)
		r->failed = true;
}

/* --- the file ------------------------------------------------------------------------------ */

/* Appends each line of the document with the mark in front. */
static int put_lines(const struct buffer *document, char mark, struct buffer *out)
{
	const char *at = buffer_data(document);
	int r = 0;

	while (*at && r == 0) {
		size_t len = strcspn(at, "\n");
		size_t shown = len > 0 && at[len - 1] == '\r' ? len - 1 : len;

		r = buffer_printf(out, shown > 0 ? "%c %.*s\n" : "%c\n", mark, (int)shown, at);
		at += len + (at[len] == '\n');
	}
	return r;
}

static int put_question(
	struct replacer *r, const struct question *q, size_t number, struct buffer *out)
{
	static const char *const answers[] = {
		[CAPTURE_NONE] = "none",
		[CAPTURE_SUCCESS] = "success",
		[CAPTURE_FAILURE] = "failure",
		[CAPTURE_UNREADABLE] = "unreadable",
	};
	_cleanup_(buffer_clear) struct buffer sent = BUFFER_EMPTY, received = BUFFER_EMPTY;
	_cleanup_(buffer_clear) struct buffer domain = BUFFER_EMPTY, error = BUFFER_EMPTY;
	int e;

	put_document(r, &q->sent, &sent);
	put_document(r, &q->received, &received);
	if (q->domain)
		put_text(r, "ldom_name", q->domain, strlen(q->domain), false, &domain);
	if (q->error)
		put_text(r, "resp_msg", q->error, strlen(q->error), false, &error);
	if (r->learning || r->failed)
		return r->failed ? -ENOMEM : 0;
	e = buffer_printf(out, "\nquestion %zu\naction %s\n", number, q->action);
	if (e == 0 && q->domain)
		e = buffer_printf(out, "domain %s\n", buffer_data(&domain));
	if (e == 0)
		e = put_lines(&sent, '>', out);
	if (e == 0)
		e = buffer_printf(out, "answer %s\n", answers[q->answer]);
	if (e == 0 && q->error)
		e = buffer_printf(out, "error %s\n", buffer_data(&error));
	if (e == 0)
		e = buffer_printf(out, "took %" PRIu64 ".%03" PRIu64 "\n", q->took_ms / 1000,
			q->took_ms % 1000);
	if (e == 0)
		e = put_lines(&received, '<', out);
	return e < 0 ? e : buffer_append_text(out, "end\n");
}

static bool answered_version_2(const struct capture *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->questions[i].answer == CAPTURE_SUCCESS &&
			strstr(buffer_data(&c->questions[i].sent), "<data version=\"2.0\""))
			return true;
	return false;
}

static int put_head(const struct capture *c, const struct ldm_endpoint *endpoint,
	const char *program, int64_t now, bool as_is, struct buffer *out)
{
	time_t seconds = (time_t)now;
	struct tm tm;
	char when[sizeof("2026-11-28T19:04:00Z") + 16] = "";

	if (gmtime_r(&seconds, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buffer_printf(out,
		"ldoms-capture 1\n# Made by %s. %s\ntime %s\ntransport %s\ndata %s\n"
		"interface %u.%u\nnames %s\n",
		program,
		as_is ? "Names and addresses are those of the host; passwords are left out."
		      : "Names, UUIDs, MAC and IP addresses, host ids and paths are replaced.",
		when, endpoint->transport == LDM_TRANSPORT_PLAIN ? "plain" : "xmpp",
		answered_version_2(c) ? "2.0" : "3.0", endpoint->dialect->version / 100,
		endpoint->dialect->version % 100, as_is ? "as-is" : "replaced");
}

int capture_write(const struct capture *c, const struct ldm_endpoint *endpoint, const char *program,
	int64_t now, bool as_is, struct buffer *out)
{
	_cleanup_(replacer_clear) struct replacer r = {.as_is = as_is, .learning = true};
	int e = 0;

	for (size_t i = 0; i < c->n && e == 0; i++)
		e = put_question(&r, &c->questions[i], i + 1, out);
	r.learning = false;
	if (e == 0)
		e = put_head(c, endpoint, program, now, as_is, out);
	for (size_t i = 0; i < c->n && e == 0; i++)
		e = put_question(&r, &c->questions[i], i + 1, out);
	return e;
}
