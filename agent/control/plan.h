/*
 * The plan of a transaction: which LDM commands lead from how the domains are to what is asked, and
 * in which order.
 *
 * Pure functions. First come the steps that release resources, in all domains; then those that
 * change a stored constraint only; then those that take resources; at the end, in one domain only,
 * those that cannot be taken back. The order of the varbinds does not matter.
 */
#ifndef CONTROL_PLAN_H
#define CONTROL_PLAN_H

#include "control/set-request.h"
#include "inventory/model.h"

enum step_action {
	STEP_UNBIND,
	STEP_SET_VCPU,
	STEP_SET_MEMORY,
	STEP_SET_CRYPTO,
	STEP_ADD,
	STEP_BIND,
	STEP_STOP,
	STEP_FORCE_STOP,
	STEP_START,
	STEP_REMOVE,
	STEP_SAVE,
	_STEP_ACTION_MAX,
};

/* What became of a step, forwards and on its way back. A command ends in one of the first seven. */
enum step_mark {
	MARK_TODO, /* nothing happened: not sent yet, or not done */
	MARK_DID,
	MARK_SHORT,    /* ldmd says success and gave less */
	MARK_WAITS,    /* ldmd has it, and the domain gets it with its reboot */
	MARK_MAYBE,    /* refused or given up, but something happened, or nobody knows what */
	MARK_UNKNOWN,  /* no answer, and nothing to be seen: ldmd may have done it, or may yet */
	MARK_NOT_OURS, /* what the step was to make is there, made by somebody else */
	MARK_SKIPPED,  /* the domain was there already */
	MARK_BACK,     /* taken back */
	MARK_STUCK,    /* could not be taken back */
};

#define STEP_NOT_KNOWN UINT64_MAX

struct step {
	enum step_action action;
	size_t place;	 /* in the order of steps: what plan_make() sorts by, then by part */
	size_t part;	 /* position of the domain in the transaction */
	unsigned field;	 /* of the request it comes from (enum set_field); 0: of the row */
	uint64_t value;	 /* SET_*: CPUs, bytes, units */
	uint64_t before; /* what the domain had at step 0; STEP_NOT_KNOWN when it is being made */
	/* SET_VCPU of a domain that keeps its whole-core constraint: cores; 0: none. */
	uint32_t cores, cores_before;
	bool irreversible;
	enum step_mark mark; /* for who runs the plan; MARK_TODO in a new one */
	bool other_form;     /* the option is written in the form that is not the usual one */
};

struct plan {
	struct step *steps;
	size_t n;
};

/* One domain: what is asked, and what step 0 read (NULL: ldmd has no such domain). Or the host:
 * saved says that there is a configuration of the name. */
struct plan_input {
	const struct set_request *request;
	const struct domain *domain;
	bool saved;
	bool no_steps; /* ldmd has nothing to do with it, or has done it */
};

/* Where and why no plan can be made. */
struct plan_obstacle {
	size_t part;
	unsigned field; /* enum set_field; 0: of the row */
	enum refusal_reason reason;
};

/*
 * -ENOTSUP: no plan leads from how the domains are to what is asked, and *ret_why says why.
 * -ENOMEM. An empty plan: the domains are as asked.
 */
int plan_make(
	const struct plan_input *in, size_t n, struct plan *ret, struct plan_obstacle *ret_why);
void plan_clear(struct plan *p);

/*
 * What setting ldomAdminState means where the domain is now: up to two actions. -ENOTSUP where the
 * table has no row. A domain that is binding or unbinding runs no guest, so forceStop does nothing.
 */
#define PLAN_STATE_STEPS 2
int plan_state_steps(enum admin_state target, enum domain_state from,
	enum step_action ret_actions[PLAN_STATE_STEPS], size_t *ret_n);

/* Adds to the request for a row that is being made what the row has already. -ENOMEM. */
int plan_complete(struct set_request *d, const struct domain *row);

/* What a SET can give a domain more or less of, in the order of the steps that set it. */
enum resource {
	RESOURCE_VCPU,
	RESOURCE_MEMORY,
	RESOURCE_CRYPTO,
	_RESOURCE_MAX,
};
struct amounts {
	uint64_t of[_RESOURCE_MAX]; /* CPUs, bytes, crypto units */
};
/* d NULL: nothing of all. */
struct amounts amounts_of(const struct domain *d);
/* What the request asks for, and of the rest what is in a. */
struct amounts amounts_asked(const struct set_request *w, struct amounts a);

/*
 * How a domain is, compared with what a step is to reach. Of amounts for which a delayed
 * reconfiguration waits, what the domain will have after its reboot counts.
 */
enum step_progress {
	STEP_REACHED,	/* the domain is as the step wants it */
	STEP_UNDERWAY,	/* on the way: a transitional state, or a reconfiguration that runs */
	STEP_SHORT,	/* something changed, but not as far as asked */
	STEP_UNCHANGED, /* as before */
	STEP_ELSEWHERE, /* another value than before and than asked for: somebody else set it */
};
/* domain NULL: ldmd has none of that name. */
enum step_progress step_progress(const struct step *s, const struct domain *d);
/* It sets CPUs, memory or crypto units. */
bool step_is_amount(enum step_action a);
/* Which of them. */
enum resource step_resource(enum step_action a);
/*
 * The domain has, or may have, another value of what the step sets than it will have after its
 * reboot: a delayed reconfiguration waits.
 */
bool step_waits(const struct step *s, const struct domain *d);
#define STEP_WAITS_TEXT "takes effect when the domain reboots"
/* The same, and ldmd did not tell the value that waits. */
bool step_waits_unseen(const struct step *s, const struct domain *d);
/* The domain has the CPUs, but has lost the whole-core constraint that the step was to keep. */
bool step_lost_cores(const struct step *s, const struct domain *d);
/* Why the step must never be sent to this domain; REASON_NONE: it may be sent. */
enum refusal_reason step_forbidden(const struct step *s, const struct domain *d);
/* The step that takes this one back. False: there is none. */
bool step_inverse(const struct step *s, struct step *ret);
/* "set-vcpu"; the LDM action. */
const char *step_action_name(enum step_action a);

#endif
