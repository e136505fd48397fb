/*
 * Reads the few directives of snmpd.conf(5) that matter to a subagent; all others are skipped.
 */
#include "daemon/snmpd-conf.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/array.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/text.h"

#define DEFAULT_FOLDERS "/etc/snmp:/etc/net-snmp/snmp:/etc/sma/snmp:/usr/share/snmp"
#define FILE_BYTES_MAX	((size_t)1 << 20)
#define INCLUDE_DEPTH	3
#define OID_ARCS	128
#define WORDS		12

struct oid {
	uint32_t arcs[OID_ARCS];
	size_t n;
	bool known; /* written in numbers; an object's name is not resolved */
};

/* `view NAME included|excluded OID' */
struct view_line {
	char *name;
	struct oid at;
	bool included;
};

/* A line that lets somebody read what a view shows, or what is below an OID. */
struct grant {
	char *view;    /* NULL: the OID counts */
	struct oid at; /* without arcs: everything */
	char *text;    /* FILE:LINE: the line */
};

struct reader {
	struct snmpd_conf *conf;
	struct view_line *views;
	size_t n_views;
	struct grant *grants;
	size_t n_grants;
	const char *file;
	unsigned int line;
	unsigned int depth;
};

static int read_file(struct reader *r, const char *path);

/* --- OIDs and views ------------------------------------------------------------------------ */

static void parse_oid(const char *text, struct oid *ret)
{
	*ret = (struct oid){.known = true};
	text += *text == '.';
	while (*text && ret->n < OID_ARCS) {
		char *end;
		unsigned long arc = strtoul(text, &end, 10);

		if (end == text || (*end && *end != '.') || arc > UINT32_MAX) {
			ret->known = false;
			return;
		}
		ret->arcs[ret->n++] = (uint32_t)arc;
		text = *end == '.' ? end + 1 : end;
	}
}

static bool begins_with(const struct oid *oid, const struct oid *prefix)
{
	return oid->n >= prefix->n &&
	       memcmp(oid->arcs, prefix->arcs, prefix->n * sizeof(oid->arcs[0])) == 0;
}

/* Whether the view shows all of root, or a part. */
static enum snmpd_access judge_view(
	const struct reader *r, const char *name, const struct oid *root)
{
	const struct view_line *best = NULL;
	bool unknown = false;

	for (size_t i = 0; i < r->n_views; i++) {
		const struct view_line *v = &r->views[i];

		if (strcmp(v->name, name) != 0)
			continue;
		unknown = unknown || !v->at.known;
		if (v->at.known && v->included && begins_with(&v->at, root))
			return SNMPD_ACCESS_SHOWN;
		if (v->at.known && begins_with(root, &v->at) && (!best || v->at.n >= best->at.n))
			best = v;
	}
	if (best && best->included)
		return SNMPD_ACCESS_SHOWN;
	return unknown ? SNMPD_ACCESS_UNKNOWN : SNMPD_ACCESS_HIDDEN;
}

static enum snmpd_access judge_grant(
	const struct reader *r, const struct grant *g, const struct oid *root)
{
	if (g->view)
		return strcmp(g->view, "_all_") == 0 ? SNMPD_ACCESS_SHOWN
						     : judge_view(r, g->view, root);
	if (!g->at.known)
		return SNMPD_ACCESS_UNKNOWN;
	return begins_with(root, &g->at) || begins_with(&g->at, root) ? SNMPD_ACCESS_SHOWN
								      : SNMPD_ACCESS_HIDDEN;
}

static int judge_access(const struct reader *r, const char *root_text, struct snmpd_conf *ret)
{
	struct oid root;

	parse_oid(root_text, &root);
	ret->access = SNMPD_ACCESS_NOBODY;
	for (size_t i = 0; i < r->n_grants; i++) {
		enum snmpd_access one = judge_grant(r, &r->grants[i], &root);

		if (one == SNMPD_ACCESS_SHOWN || ret->access == SNMPD_ACCESS_NOBODY ||
			(one == SNMPD_ACCESS_UNKNOWN && ret->access == SNMPD_ACCESS_HIDDEN))
			ret->access = one;
		if (ret->access == SNMPD_ACCESS_SHOWN)
			return 0;
	}
	return ret->access == SNMPD_ACCESS_HIDDEN
		       ? text_set(&ret->hiding, r->grants[r->n_grants - 1].text)
		       : 0;
}

/* --- Directives ---------------------------------------------------------------------------- */

static int add_view(struct reader *r, const char *name, const char *kind, const char *at)
{
	struct view_line *line = array_append(&r->views, &r->n_views, sizeof(*line));

	if (!line)
		return -ENOMEM;
	line->included = strncasecmp(kind, "incl", 4) == 0;
	parse_oid(at, &line->at);
	return text_copy(name, &line->name);
}

/* view NULL: what is below the OID at; both NULL: everything. */
static int add_grant(struct reader *r, const char *view, const char *at, const char *text)
{
	struct grant *grant = array_append(&r->grants, &r->n_grants, sizeof(*grant));

	if (!grant)
		return -ENOMEM;
	parse_oid(at ? at : "", &grant->at);
	int e = text_printf(&grant->text, "%s:%u: %s", r->file, r->line, text);
	return e < 0 ? e : text_copy(view, &grant->view);
}

/* The end of a line for a user or a community: words[at] begins [OID | -V VIEW], if it exists. */
static int add_simple_grant(
	struct reader *r, char *const *words, size_t n, size_t at, const char *text)
{
	if (n > at + 1 && strcmp(words[at], "-V") == 0)
		return add_grant(r, words[at + 1], NULL, text);
	return add_grant(r, NULL, n > at ? words[at] : NULL, text);
}

/* rouser [-s MODEL] USER [noauth|auth|priv [OID | -V VIEW [CONTEXT]]] */
static int add_user(struct reader *r, char *const *words, size_t n, const char *text)
{
	size_t user = n > 2 && strcmp(words[1], "-s") == 0 ? 3 : 1;

	return n > user ? add_simple_grant(r, words, n, user + 2, text) : 0;
}

static int include_folder(struct reader *r, const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, alphasort), result = 0;

	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		size_t length = strlen(name);
		_cleanup_free_ char *path = NULL;

		if (result == 0 && length > 5 && strcmp(name + length - 5, ".conf") == 0) {
			result = text_printf(&path, "%s/%s", folder, name);
			if (result == 0)
				result = read_file(r, path);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return result;
}

static int read_directive(struct reader *r, char *const *words, size_t n, const char *text)
{
	const char *name = words[0];
	static const char *const on[] = {"agentx", "all", "yes", "on"};

	if (strcasecmp(name, "master") == 0 && n > 1) {
		for (size_t i = 0; i < ARRAY_SIZE(on); i++)
			r->conf->master = r->conf->master || strcasecmp(words[1], on[i]) == 0;
	} else if (strcasecmp(name, "agentXSocket") == 0 && n > 1) {
		return text_set(&r->conf->socket, words[1]);
	} else if (strcasecmp(name, "view") == 0 && n > 3) {
		return add_view(r, words[1], words[2], words[3]);
	} else if (strncasecmp(name, "rocommunity", 11) == 0 ||
		   strncasecmp(name, "rwcommunity", 11) == 0) {
		return n > 1 ? add_simple_grant(r, words, n, 3, text) : 0;
	} else if (strcasecmp(name, "rouser") == 0 || strcasecmp(name, "rwuser") == 0) {
		return add_user(r, words, n, text);
	} else if (strcasecmp(name, "access") == 0 && n > 6) {
		return add_grant(r, words[6], NULL, text);
	} else if (strcasecmp(name, "includeFile") == 0 && n > 1) {
		return read_file(r, words[1]);
	} else if (strcasecmp(name, "includeDir") == 0 && n > 1) {
		return include_folder(r, words[1]);
	}
	return 0;
}

/* --- Files --------------------------------------------------------------------------------- */

static int read_line(struct reader *r, char *line)
{
	_cleanup_free_ char *text = NULL;
	char *words[WORDS], *place = NULL;
	size_t n = 0;

	line += strspn(line, " \t");
	line[strcspn(line, "#\r")] = '\0';
	if (!*line)
		return 0;
	int result = text_copy(line, &text);

	if (result < 0)
		return result;
	for (char *w = strtok_r(line, " \t", &place); w && n < WORDS;
		w = strtok_r(NULL, " \t", &place))
		words[n++] = w;
	return n > 0 ? read_directive(r, words, n, text) : 0;
}

static int read_file(struct reader *r, const char *path)
{
	struct reader outer = *r;
	_cleanup_free_ char *content = NULL;
	int result = file_read(path, FILE_BYTES_MAX, &content, NULL);

	if (r->depth >= INCLUDE_DEPTH || result == -ENOENT)
		return 0;
	if (result < 0)
		return result == -ENOMEM ? result : text_set(&r->conf->unreadable, path);
	if (!r->conf->file && text_set(&r->conf->file, path) < 0)
		return -ENOMEM;
	r->file = path;
	r->line = 0;
	r->depth++;
	for (char *line = content, *next; line && result >= 0; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		r->line++;
		result = read_line(r, line);
	}
	r->file = outer.file;
	r->line = outer.line;
	r->depth--;
	return result;
}

static int read_folder(struct reader *r, const char *folder)
{
	static const char *const names[] = {"snmpd.conf", "snmpd.local.conf"};
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && result == 0; i++) {
		_cleanup_free_ char *path = NULL;

		result = text_printf(&path, "%s/%s", folder, names[i]);
		if (result == 0)
			result = read_file(r, path);
	}
	return result;
}

static void reader_clear(struct reader *r)
{
	for (size_t i = 0; i < r->n_views; i++)
		free(r->views[i].name);
	for (size_t i = 0; i < r->n_grants; i++) {
		free(r->grants[i].view);
		free(r->grants[i].text);
	}
	free(r->views);
	free(r->grants);
}

void snmpd_conf_clear(struct snmpd_conf *c)
{
	free(c->file);
	free(c->unreadable);
	free(c->socket);
	free(c->hiding);
	*c = (struct snmpd_conf){0};
}

int snmpd_conf_read(const char *root, struct snmpd_conf *ret)
{
	const char *list = getenv("SNMPCONFPATH");
	_cleanup_free_ char *folders = strdup(list && *list ? list : DEFAULT_FOLDERS);
	_cleanup_(reader_clear) struct reader r = {.conf = ret};
	char *place = NULL;
	int result = folders ? 0 : -ENOMEM;

	*ret = (struct snmpd_conf){0};
	for (char *f = result == 0 ? strtok_r(folders, ":", &place) : NULL; f && result == 0;
		f = strtok_r(NULL, ":", &place))
		result = read_folder(&r, f);
	if (result == 0)
		result = judge_access(&r, root, ret);
	if (result < 0)
		snmpd_conf_clear(ret);
	return result;
}
