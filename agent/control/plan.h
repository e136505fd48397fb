/*
 * The plan of a transaction: the LDM commands (steps) that bring its domains from their present
 * state to what the SET asks for, and the order of the steps. Pure functions.
 *
 * First come the steps that release resources, in all domains; then the steps that change only a
 * stored constraint; then the steps that take resources; last, and in one domain only, the steps
 * that cannot be undone. The order of the varbinds does not matter.
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

/* What became of a step and of its rollback. A command ends with one of the first seven. */
enum step_mark {
	MARK_TODO, /* nothing happened: not sent yet, or not done */
	MARK_DID,
	MARK_SHORT,    /* ldmd reported success, but gave another amount than was asked for */
	MARK_WAITS,    /* ldmd accepted the change; the domain gets it when it reboots */
	MARK_MAYBE,    /* refused or given up, but the domain changed or may have changed */
	MARK_UNKNOWN,  /* no answer, no change to be seen: ldmd may still carry it out */
	MARK_NOT_OURS, /* the domain to be made exists, but somebody else made it */
	MARK_SKIPPED,  /* not sent: the domain was as asked for already */
	MARK_BACK,     /* undone */
	MARK_STUCK,    /* could not be undone */
};

#define STEP_NOT_KNOWN UINT64_MAX /* struct step, before */

struct step {
	enum step_action action;
	size_t place;	 /* plan_make() sorts the steps by place, then by part */
	size_t part;	 /* position of the domain in the transaction */
	unsigned field;	 /* enum set_field: what the step is for; 0: the row */
	uint64_t value;	 /* SET_*: CPUs, bytes, crypto units */
	uint64_t before; /* the domain's value at step 0; STEP_NOT_KNOWN: not made yet */
	/* SET_VCPU of a domain that keeps its whole-core constraint; else 0. */
	uint32_t cores, cores_before;
	bool irreversible;
	enum step_mark mark; /* set by the executor; MARK_TODO in a new plan */
	bool other_form;     /* -f is written in the other form than usual (ldm_form_other()) */
};

struct plan {
	struct step *steps;
	size_t n;
};

/* One domain of the transaction, or the host, whose configuration is to be saved. */
struct plan_input {
	const struct set_request *request;
	const struct domain *domain; /* as step 0 read it; NULL: ldmd has no such domain */
	bool saved;		     /* the host: a configuration of the name exists */
	bool no_steps;		     /* the part needs no command */
};

/* Where and why no plan can be made. */
struct plan_obstacle {
	size_t part;	/* position in the array of inputs */
	unsigned field; /* enum set_field; 0: the row */
	enum refusal_reason reason;
};

/*
 * The caller clears *ret. A plan without steps: the domains are as asked for. -ENOTSUP: no steps
 * lead to what is asked for; *ret_why says why. -ENOMEM: *ret_why says nothing.
 */
int plan_make(
	const struct plan_input *in, size_t n, struct plan *ret, struct plan_obstacle *ret_why);
void plan_clear(struct plan *p);

/*
 * The actions that bring a domain from a state to the target. -ENOTSUP: the target cannot be
 * reached from the state. A domain that is binding or unbinding runs no guest, so forceStop needs
 * no action.
 */
#define PLAN_STATE_STEPS 2
int plan_state_steps(enum admin_state target, enum domain_state from,
	enum step_action ret_actions[PLAN_STATE_STEPS], size_t *ret_n);

/* Adds to a request what earlier SETs put in the row that is being made. -ENOMEM. */
int plan_complete(struct set_request *d, const struct domain *row);

/* The resources whose amount a SET can change, in the order of the STEP_SET_* actions. */
enum resource {
	RESOURCE_VCPU,
	RESOURCE_MEMORY,
	RESOURCE_CRYPTO,
	_RESOURCE_MAX,
};
struct amounts {
	uint64_t of[_RESOURCE_MAX]; /* CPUs, bytes, crypto units */
};
/* d NULL: all 0. */
struct amounts amounts_of(const struct domain *d);
/* The amounts that the request asks for; where it asks for none, the amount in a. */
struct amounts amounts_asked(const struct set_request *w, struct amounts a);

/*
 * How a domain is, compared with what a step is to reach. Of amounts for which a delayed
 * reconfiguration waits, what the domain will have after its reboot counts.
 */
enum step_progress {
	STEP_REACHED,	/* the domain is as the step wants it */
	STEP_UNDERWAY,	/* in a transitional state, or a memory reconfiguration runs */
	STEP_SHORT,	/* between the value before and the value asked for */
	STEP_UNCHANGED, /* as before */
	STEP_ELSEWHERE, /* neither: somebody else changed the domain, or it is gone */
};
/* d NULL: ldmd has no domain of that name. */
enum step_progress step_progress(const struct step *s, const struct domain *d);
/* The action sets CPUs, memory or crypto units. */
bool step_is_amount(enum step_action a);
/* The resource that such an action sets. */
enum resource step_resource(enum step_action a);
/*
 * A delayed reconfiguration waits: what the step sets has, or may have, another value now than it
 * will have after the domain's reboot.
 */
bool step_waits(const struct step *s, const struct domain *d);
#define STEP_WAITS_TEXT "takes effect when the domain reboots"
/* A delayed reconfiguration waits, and ldmd did not tell the values after the reboot. */
bool step_waits_unseen(const struct step *s, const struct domain *d);
/* The domain has the CPUs, but has lost the whole-core constraint that the step was to keep. */
bool step_lost_cores(const struct step *s, const struct domain *d);
/* Why the step must not be sent to a domain like this; REASON_NONE: it may be sent. */
enum refusal_reason step_forbidden(const struct step *s, const struct domain *d);
/* The step that undoes this one. False: there is none. */
bool step_inverse(const struct step *s, struct step *ret);
/* The LDM action, "set-vcpu"; static text. */
const char *step_action_name(enum step_action a);

#endif
