/*
 * Why a SET is refused: the reasons, each with its SNMP error and its text, and which of several
 * reasons the manager is told.
 */
#ifndef CONTROL_REFUSAL_H
#define CONTROL_REFUSAL_H

#include <stdint.h>

/* In the numbers of RFC 3416's error-status. */
enum control_error {
	CONTROL_OK = 0,
	CONTROL_GEN_ERR = 5,
	CONTROL_NO_ACCESS = 6,
	CONTROL_WRONG_TYPE = 7,
	CONTROL_WRONG_LENGTH = 8,
	CONTROL_WRONG_VALUE = 10,
	CONTROL_NO_CREATION = 11,
	CONTROL_INCONSISTENT_VALUE = 12,
	CONTROL_RESOURCE_UNAVAILABLE = 13,
	CONTROL_COMMIT_FAILED = 14,
	CONTROL_UNDO_FAILED = 15,
	CONTROL_NOT_WRITABLE = 17,
	CONTROL_INCONSISTENT_NAME = 18,
};

/* Name, error, text. CPUS, MEMORY and CRYPTO have only a unit: "12 CPUs wanted, 8 free". */
/* clang-format off */
#define REFUSAL_REASONS(X) \
	X(NO_MEMORY, GEN_ERR, "no memory") \
	X(NOT_WRITABLE, NOT_WRITABLE, "the object cannot be written") \
	X(READ_ONLY, NOT_WRITABLE, "read-only mode") \
	X(WRONG_TYPE, WRONG_TYPE, "the value has another type than the object") \
	X(TOO_LONG, WRONG_LENGTH, "the value is longer than the object takes") \
	X(WRONG_VALUE, WRONG_VALUE, "the value is outside what the object takes") \
	X(NO_INDEX, NO_CREATION, "no row can have this index") \
	X(NEVER_A_ROW, NO_CREATION, "no such row, and there will never be one") \
	X(NO_ROW, INCONSISTENT_NAME, "no such row") \
	X(INDEX_OUTSIDE, INCONSISTENT_NAME, \
		"a new row's index is ldomNextIndex, or at most 1023 more") \
	X(TWO_VALUES, INCONSISTENT_VALUE, "the same object twice with different values") \
	X(CREATE_FIRST, INCONSISTENT_VALUE, "no such row: create it first") \
	X(ROW_EXISTS, INCONSISTENT_VALUE, "the row is there already") \
	X(ROW_INCOMPLETE, INCONSISTENT_VALUE, "the row is not complete") \
	X(DOMAIN_INCOMPLETE, INCONSISTENT_VALUE, \
		"a new domain needs a name, and CPUs and memory or a template") \
	X(NOTHING_TO_STOP, INCONSISTENT_VALUE, "a row that is being made has nothing to stop") \
	X(IN_SERVICE, INCONSISTENT_VALUE, \
		"a domain that exists is in service; use ldomAdminState") \
	X(RENAME, INCONSISTENT_VALUE, "a domain cannot be renamed") \
	X(LATE_TEMPLATE, INCONSISTENT_VALUE, "a template is for a row that is being made") \
	X(CHANGE_AND_DESTROY, INCONSISTENT_VALUE, \
		"a row cannot be changed and destroyed at once") \
	X(NAME_TAKEN, INCONSISTENT_VALUE, "another domain has this name") \
	X(NAME_TWICE, INCONSISTENT_VALUE, "two new rows with the same name") \
	X(NAME_PENDING, INCONSISTENT_VALUE, "another row of this name is being made") \
	X(NOT_ALLOWED, INCONSISTENT_VALUE, "setAllow does not allow it") \
	X(CONTROL_DOMAIN, INCONSISTENT_VALUE, \
		"the control domain is written only where setAllow names it") \
	X(SERVICE_DOMAIN, INCONSISTENT_VALUE, \
		"a service domain in use is written only where setAllow names it") \
	X(MASTER_DOMAIN, INCONSISTENT_VALUE, \
		"the master of other domains is written only where setAllow names it") \
	X(SAVE_NOT_ALLOWED, INCONSISTENT_VALUE, \
		"saving is allowed only where setAllow says save") \
	X(CONFIG_EXISTS, INCONSISTENT_VALUE, \
		"a configuration of this name exists, and is never overwritten") \
	X(SAVE_PENDING, INCONSISTENT_VALUE, "another configuration is being saved") \
	X(BUSY, INCONSISTENT_VALUE, "the domain is busy with another change") \
	X(RECONFIGURATION, INCONSISTENT_VALUE, \
		"a delayed reconfiguration of the control domain waits") \
	X(MIGRATING, INCONSISTENT_VALUE, "the domain is migrating") \
	X(MEMORY_DR, INCONSISTENT_VALUE, "a memory reconfiguration of the domain runs") \
	X(IN_TRANSITION, INCONSISTENT_VALUE, "the domain is in transition") \
	X(NO_WAY, INCONSISTENT_VALUE, \
		"this state cannot be reached from where the domain is now") \
	X(NO_RESTART, INCONSISTENT_VALUE, "a new domain cannot be restarted") \
	X(NOT_INACTIVE, INCONSISTENT_VALUE, "only an inactive domain can be removed") \
	X(WHOLE_CORES, INCONSISTENT_VALUE, "the domain has a whole-core constraint") \
	X(MAX_CORES, INCONSISTENT_VALUE, \
		"more cores than the domain may have (ldomMaxCores)") \
	X(TWO_TAILS, INCONSISTENT_VALUE, \
		"steps that cannot be undone are allowed in one domain only") \
	X(DOMAIN_GONE, INCONSISTENT_VALUE, "the domain does not exist any more") \
	X(DOMAIN_EXISTS, INCONSISTENT_VALUE, "a domain of that name exists") \
	X(CPUS, RESOURCE_UNAVAILABLE, "CPUs") \
	X(MEMORY, RESOURCE_UNAVAILABLE, "MB of memory") \
	X(CRYPTO, RESOURCE_UNAVAILABLE, "crypto units") \
	X(NO_LDMD, RESOURCE_UNAVAILABLE, "ldmd is not connected, or its data are too old") \
	X(TOO_MANY, RESOURCE_UNAVAILABLE, "too many SETs are under way")
/* clang-format on */

enum refusal_reason {
	REASON_NONE,
#define REASON_OF(name, error, text) REASON_##name,
	REFUSAL_REASONS(REASON_OF)
#undef REASON_OF
		_REASON_MAX,
};
/* Static text; "" for REASON_NONE. */
const char *reason_text(enum refusal_reason r);

struct refusal {
	enum control_error error; /* that of the reason */
	uint32_t position;	  /* of the varbind in the PDU, from 0 */
	enum refusal_reason reason;
	uint64_t wanted, free; /* of CPUs, MB or crypto units; both 0 for all other reasons */
};

/* Keeps in *best the refusal that RFC 3416 4.2.5 tests first; of equals, the first varbind's. */
void refuse(struct refusal *best, enum refusal_reason reason, uint32_t position);

/* The same for a resource that does not suffice. */
void refuse_amount(struct refusal *best, enum refusal_reason reason, uint32_t position,
	uint64_t wanted, uint64_t available);

/* Place in the order of the tests of RFC 3416 4.2.5: lower is reported first, CONTROL_OK last. */
unsigned control_error_rank(enum control_error e);
/* "wrongType"; static text. */
const char *control_error_name(enum control_error e);

#endif
