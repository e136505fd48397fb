/*
 * From what is asked and what is there to LDM commands in an order that works.
 *
 * Pure. Order: what releases resources (also across domains), what only changes a stored
 * constraint, what takes resources; then, in one domain only, what cannot be taken back. The order
 * of the varbinds plays no part.
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
	_STEP_ACTION_MAX,
};

#define STEP_NOT_KNOWN UINT64_MAX

struct step {
	enum step_action action;
	size_t part;	 /* position of the domain in the transaction */
	unsigned field;	 /* of the request it comes from (enum set_field); 0: of the row */
	uint64_t value;	 /* SET_*: CPUs, bytes, units */
	uint64_t before; /* the same at step 0; STEP_NOT_KNOWN in a domain that is being made */
	/* SET_VCPU of a domain with the whole-core constraint, which stays; 0: without. */
	uint32_t cores, cores_before;
	bool irreversible;
	bool other_form; /* the option is written in the form that is not the usual one */
};

struct plan {
	struct step *steps;
	size_t n;
};

/* One domain: what is asked, and what step 0 read (NULL: ldmd has no such domain). */
struct plan_input {
	const struct set_request *request;
	const struct domain *domain;
};

/*
 * -ENOTSUP: not possible from where the domains are now (*ret_part, *ret_field, *ret_reason say
 * what, static text); -ENOMEM. An empty plan: ldmd is there already.
 */
int plan_make(const struct plan_input *in, size_t n, struct plan *ret, size_t *ret_part,
	unsigned *ret_field, const char **ret_reason);
void plan_clear(struct plan *p);

/*
 * What setting ldomAdminState means where the domain is now: up to two actions. -ENOTSUP where the
 * table says no. binding and unbinding run no guest, so forceStop is nothing there.
 */
#define PLAN_STATE_STEPS 2
int plan_state_steps(enum admin_state target, enum domain_state from,
	enum step_action ret_actions[PLAN_STATE_STEPS], size_t *ret_n);

/* What is asked of a row that is being made, together with what it has already. -ENOMEM. */
int plan_complete(struct set_request *d, const struct domain *row);

/* Whole megabytes of a domain's memory, as ldomMemSize reads. */
uint32_t plan_memory_mb(const struct domain *d);

/* Where a state step leads to. */
enum step_progress {
	STEP_REACHED,	/* the domain is as the step wants it */
	STEP_UNDERWAY,	/* on the way: a transitional state, or a reconfiguration that runs */
	STEP_SHORT,	/* something changed, but not as far as asked */
	STEP_UNCHANGED, /* as before */
	STEP_ELSEWHERE, /* neither before nor asked for: someone else was there */
};
/* domain NULL: ldmd has none of that name. */
enum step_progress step_progress(const struct step *s, const struct domain *d);
/* It sets CPUs, memory or crypto units. */
bool step_is_amount(enum step_action a);
/* What it sets would show after a reboot only: a delayed reconfiguration of the domain waits. */
bool step_waits(const struct step *s, const struct domain *d);
/* Its value is there, but the whole-core constraint that it was to keep is not. */
bool step_lost_cores(const struct step *s, const struct domain *d);
/* Why it must never be sent to a domain that is like this (static text); NULL: it may. */
const char *step_forbidden(const struct step *s, const struct domain *d);
/* The step that takes it back. False: there is none. */
bool step_inverse(const struct step *s, struct step *ret);
/* "set-vcpu"; the LDM action. */
const char *step_action_name(enum step_action a);

#endif
