/*
 * What may be written where: the configuration directive setAllow.
 *
 *	setAllow WHAT[,WHAT]... [GLOB]...
 *
 * WHAT is state, cpu, memory, crypto, create (which is also destroy), all of these, or none. GLOB
 *is a pattern for domain names (fnmatch(3): * ? []), several may be given, `*` if there is none.
 *The directive may stand more than once; what any of them allows is allowed.
 *
 * Without the directive: all on every guest. A guest is a domain that is not the control domain,
 * serves no other domain and is master of none. Those are allowed only by a GLOB that is their
 * name letter for letter (\ escapes a special character): no pattern reaches them by accident.
 *
 *	setAllow save
 *
 * allows ldomSaveConfig, and changes nothing of what is allowed on domains.
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

int permit_new(struct permit **ret);
void permit_free(struct permit *p);
/* The text after the directive. -EINVAL: *ret_problem says what (static text). -ENOMEM. */
int permit_add(struct permit *p, const char *text, const char **ret_problem);

/* What may be written on a domain of the snapshot. p NULL: the default. */
unsigned permit_domain(const struct permit *p, const struct snapshot *s, const struct domain *d);
/* The same for a row that is not a domain yet. */
unsigned permit_new_name(const struct permit *p, const char *name);
/* May rows be made at all, under any name? */
bool permit_creation(const struct permit *p);
/* May the configuration be saved on the service processor? */
bool permit_saving(const struct permit *p);

/* Why a domain is not a plain guest, or REASON_NONE. */
enum refusal_reason permit_special(const struct snapshot *s, const struct domain *d);

#endif
