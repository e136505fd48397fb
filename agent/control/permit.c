/* See permit.h. */
#include "control/permit.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/text.h"
#include "util/cleanup.h"

struct permit_rule {
	unsigned what;
	char *pattern;
};

struct permit {
	struct permit_rule *rules;
	size_t n;
	bool stated; /* there was a directive about domains, so the default does not apply */
	bool saving; /* setAllow save */
};

int permit_new(struct permit **ret)
{
	struct permit *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	*ret = p;
	return 0;
}

void permit_free(struct permit *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		free(p->rules[i].pattern);
	free(p->rules);
	free(p);
}

/* --- reading the directive ----------------------------------------------------------------- */

static int parse_word(const char *word, unsigned *ret)
{
	static const struct {
		const char *word;
		unsigned what;
	} words[] = {
		{"state", PERMIT_STATE},
		{"cpu", PERMIT_CPU},
		{"memory", PERMIT_MEMORY},
		{"crypto", PERMIT_CRYPTO},
		{"create", PERMIT_CREATE},
		{"save", PERMIT_SAVE},
		{"all", PERMIT_ALL},
		{"none", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].word, word) == 0) {
			*ret |= words[i].what;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_what(char *text, unsigned *ret)
{
	char *rest = text, *word;

	*ret = 0;
	while ((word = strsep(&rest, ",")) != NULL)
		if (parse_word(word, ret) < 0)
			return -EINVAL;
	return 0;
}

/* The pattern has no wildcard, so it matches only one name. */
static bool is_literal(const char *pattern)
{
	for (const char *p = pattern; *p != '\0'; p++) {
		if (strchr("*?[", *p) != NULL)
			return false;
		if (*p == '\\' && p[1] != '\0')
			p++;
	}
	return true;
}

static int add_rule(struct permit *p, unsigned what, const char *pattern)
{
	struct permit_rule *rule = array_append(&p->rules, &p->n, sizeof(*rule));

	if (!rule || text_copy(pattern, &rule->pattern) < 0)
		return -ENOMEM;
	rule->what = what;
	return 0;
}

static char *next_word(char **rest)
{
	char *word;

	do
		word = strsep(rest, " \t");
	while (word && *word == '\0');
	return word;
}

int permit_add(struct permit *p, const char *text, const char **ret_problem)
{
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *word;
	unsigned what;
	size_t globs = 0;
	int r = 0;

	*ret_problem = "no memory";
	if (!copy)
		return -ENOMEM;
	word = next_word(&rest);
	*ret_problem =
		"wants state, cpu, memory, crypto, create, all or none, with commas between, "
		"or save";
	if (!word || parse_what(word, &what) < 0)
		return -EINVAL;
	*ret_problem = "save must stand alone: it is about no domain";
	if ((what & PERMIT_SAVE) != 0 && (what != PERMIT_SAVE || next_word(&rest)))
		return -EINVAL;
	if (what == PERMIT_SAVE) {
		p->saving = true;
		*ret_problem = NULL;
		return 0;
	}
	*ret_problem = "no memory";
	for (; r >= 0 && (word = next_word(&rest)) != NULL; globs++)
		r = add_rule(p, what, word);
	if (r >= 0 && globs == 0)
		r = add_rule(p, what, "*");
	if (r < 0)
		return r;
	p->stated = true;
	*ret_problem = NULL;
	return 0;
}

/* --- asking -------------------------------------------------------------------------------- */

/* list: names with commas between, such as ldomMaster; may be NULL. */
static bool list_has_name(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; p; p = strchr(p, ',')) {
		p += strspn(p, ", ");
		if (strncmp(p, name, n) == 0 && (p[n] == '\0' || p[n] == ',' || p[n] == ' '))
			return true;
	}
	return false;
}

static bool offers(const struct domain_services *s, const char *service)
{
	if (!service)
		return false;
	for (size_t i = 0; i < s->n_vds; i++)
		if (strcmp(s->vds[i].name, service) == 0)
			return true;
	for (size_t i = 0; i < s->n_vsw; i++)
		if (strcmp(s->vsw[i].name, service) == 0)
			return true;
	for (size_t i = 0; i < s->n_vcc; i++)
		if (strcmp(s->vcc[i].name, service) == 0)
			return true;
	return false;
}

static bool uses(const struct domain_detail *d, const struct domain_services *s)
{
	for (size_t i = 0; i < d->n_disks; i++)
		if (offers(s, d->disks[i].service))
			return true;
	for (size_t i = 0; i < d->n_networks; i++)
		if (offers(s, d->networks[i].service))
			return true;
	for (size_t i = 0; i < d->n_consoles; i++)
		if (offers(s, d->consoles[i].service))
			return true;
	return false;
}

/* As long as nobody knows which domain uses which service, a service domain counts as in use. */
static bool serves_others(const struct snapshot *s, const struct domain *d)
{
	if ((d->roles & DOMAIN_SERVICE) == 0)
		return false;
	if (!d->services)
		return true;
	for (size_t i = 0; i < s->n_domains; i++) {
		const struct domain *other = s->domains[i];

		if (other->index == d->index || other->row_status != ROW_ACTIVE)
			continue;
		if (!other->detail || uses(other->detail, d->services))
			return true;
	}
	return false;
}

static bool is_master(const struct snapshot *s, const struct domain *d)
{
	for (size_t i = 0; i < s->n_domains; i++)
		if (s->domains[i]->index != d->index &&
			list_has_name(s->domains[i]->master, d->name))
			return true;
	return false;
}

enum refusal_reason permit_special(const struct snapshot *s, const struct domain *d)
{
	if ((d->roles & DOMAIN_CONTROL) != 0)
		return REASON_CONTROL_DOMAIN;
	if (serves_others(s, d))
		return REASON_SERVICE_DOMAIN;
	if (is_master(s, d))
		return REASON_MASTER_DOMAIN;
	return REASON_NONE;
}

static bool rule_applies(const struct permit_rule *rule, const char *name, bool by_name_only)
{
	return (!by_name_only || is_literal(rule->pattern)) && fnmatch(rule->pattern, name, 0) == 0;
}

static unsigned permit_name(const struct permit *p, const char *name, bool by_name_only)
{
	unsigned what = 0;

	if (!p || !p->stated)
		return by_name_only ? 0 : PERMIT_ALL;
	for (size_t i = 0; i < p->n; i++)
		if (rule_applies(&p->rules[i], name, by_name_only))
			what |= p->rules[i].what;
	return what;
}

unsigned permit_domain(const struct permit *p, const struct snapshot *s, const struct domain *d)
{
	return permit_name(p, d->name, permit_special(s, d) != REASON_NONE);
}

unsigned permit_new_name(const struct permit *p, const char *name)
{
	return permit_name(p, name, false);
}

bool permit_creation(const struct permit *p)
{
	if (!p || !p->stated)
		return true;
	for (size_t i = 0; i < p->n; i++)
		if ((p->rules[i].what & PERMIT_CREATE) != 0)
			return true;
	return false;
}

bool permit_saving(const struct permit *p)
{
	return p && p->saving;
}
