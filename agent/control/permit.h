/*
 * The configuration directive setAllow: which objects may be written on which domains.
 *
 *	setAllow WHAT[,WHAT]... [GLOB]...
 *
 * WHAT is state, cpu, memory, crypto, create (also allows destroy), all of these, or none. GLOB is
 * a pattern for domain names, with the special characters of fnmatch(3). Without a GLOB, any name
 * matches. Several directives add up.
 *
 * Without the directive, all is allowed on guests. A guest is a domain that is not the control
 * domain, serves no other domain and is the master of none. On other domains a GLOB counts only if
 * it is their exact name (\ escapes a special character), so that no pattern reaches them by
 * accident.
 *
 *	setAllow save
 *
 * allows ldomSaveConfig, and does not change what is allowed on domains.
 */
#ifndef CONTROL_PERMIT_H
#define CONTROL_PERMIT_H

#include <stdbool.h>

#include "control/refusal.h"
#include "inventory/snapshot.h"

enum permit_what {
	PERMIT_STATE = 1 << 0,
	PERMIT_CPU = 1 << 1,
	PERMIT_MEMORY = 1 << 2,
	PERMIT_CRYPTO = 1 << 3,
	PERMIT_CREATE = 1 << 4,
	PERMIT_ALL = (1 << 5) - 1,
	PERMIT_SAVE = 1 << 5,
};

struct permit;

/* Allows the default until something is added. -ENOMEM. */
int permit_new(struct permit **ret);
void permit_free(struct permit *p);
/* text: what follows the word setAllow. -EINVAL, -ENOMEM: *ret_problem says what is wrong, in a
 * static text; after -ENOMEM the permit must not be used. */
int permit_add(struct permit *p, const char *text, const char **ret_problem);

/* What may be written on a domain of s (enum permit_what). p NULL, here and below: the default. */
unsigned permit_domain(const struct permit *p, const struct snapshot *s, const struct domain *d);
/* The same for a domain that is to be made under this name. */
unsigned permit_new_name(const struct permit *p, const char *name);
/* May rows be made at all, under any name? */
bool permit_creation(const struct permit *p);
/* May the configuration be saved on the service processor? */
bool permit_saving(const struct permit *p);

/* Why a domain is not a plain guest, or REASON_NONE. */
enum refusal_reason permit_special(const struct snapshot *s, const struct domain *d);

#endif
