/*
 * The parts of LDOMS-MIB that the command uses, and how a domain is found by its name.
 */
#ifndef LDOM_SNMP_LDOMS_H
#define LDOM_SNMP_LDOMS_H

#include "output.h"
#include "snmp.h"

/* Exit statuses; the manual page lists them. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_USAGE = 1,
	EXIT_UNREACHABLE = 2,
	EXIT_NO_DOMAIN = 3,
	EXIT_REFUSED = 4,
	EXIT_FAILED = 5,
	EXIT_ROLLED_BACK = 6,
	EXIT_PARTIAL = 7,
	EXIT_UNKNOWN = 8,
	EXIT_STILL_RUNNING = 9,
};

struct settings {
	struct snmp *snmp;
	enum output_form form;
	bool dry_run, no_wait;
	unsigned int patience_s; /* how long to wait for an operation; 0: for ever */
};

/* Columns of ldomTable, its entry being .1.3.1. */
enum {
	DOMAIN_NAME = 2,
	DOMAIN_ADMIN_STATE = 3,
	DOMAIN_OPER_STATE = 4,
	DOMAIN_NUM_VCPU = 5,
	DOMAIN_MEM_SIZE = 6,
	DOMAIN_MEM_UNIT = 7,
	DOMAIN_NUM_CRYPTO = 8,
	DOMAIN_UUID = 10,
	DOMAIN_FLAGS = 20,
	DOMAIN_ROLES = 21,
	DOMAIN_UTILIZATION = 22,
	DOMAIN_UPTIME = 23,
	DOMAIN_CONSOLE = 24,
	DOMAIN_TEMPLATE = 25,
	DOMAIN_OPERATION_STATUS = 26,
	DOMAIN_OPERATION_INDEX = 27,
	DOMAIN_ROW_STATUS = 29,
	DOMAIN_DEGRADED = 31,
	DOMAIN_COLUMNS = 39, /* the last column */
};
#define DOMAIN_ENTRY	       NAME(1, 3, 1)
#define DOMAIN_CELL(column, i) NAME(1, 3, 1, column, i)

/* Columns of ldomOperationTable, its entry being .1.30.1. */
enum {
	OPERATION_TRANSACTION = 2,
	OPERATION_DOMAIN = 3,
	OPERATION_NAME = 4,
	OPERATION_REQUEST = 5,
	OPERATION_OLD = 6,
	OPERATION_NEW = 7,
	OPERATION_PLANNED = 8,
	OPERATION_DONE = 9,
	OPERATION_STATUS = 10,
	OPERATION_MESSAGE = 11,
	OPERATION_START = 12,
	OPERATION_DURATION = 13,
};
#define OPERATION_ENTRY		  NAME(1, 30, 1)
#define OPERATION_CELL(column, i) NAME(1, 30, 1, column, i)

/* ldomOperState. */
enum { OPER_ACTIVE = 1 };

/* ldomOperationStatus. */
enum {
	STATUS_NONE = 1,
	STATUS_RUNNING = 2,
	STATUS_SUCCEEDED = 3,
	STATUS_FAILED = 4,
	STATUS_ROLLED_BACK = 5,
	STATUS_ROLLBACK_FAILED = 6,
	STATUS_PARTIAL = 7,
	STATUS_UNKNOWN = 8,
	STATUS_QUEUED = 9,
};

/* Scalars: .1.1.COLUMN.0. */
enum {
	SCALAR_NEXT_INDEX = 16,
	SCALAR_SETS_REFUSED = 34,
	SCALAR_REFUSAL_TEXT = 37,
	SCALAR_REFUSAL_ERROR = 40,
	SCALAR_SAVE_CONFIG = 42,
};
#define SCALAR(column) NAME(1, 1, column, 0)

/* The words of the MIB; "unknown" for a number that the MIB does not have. */
const char *oper_state_name(int64_t state);
const char *operation_status_name(int64_t status);
/* The number of an ldomAdminState; 0: no such word. start means active, stop means bound. */
int admin_state_of(const char *word);
/* 0: no such unit. */
uint64_t memory_unit_bytes(int64_t unit);

/* ldomNameIndex; the name of a domain follows, one arc for each octet. */
#define DOMAIN_INDEX_BY_NAME NAME(1, 21, 1, 2)

/* "" for a missing cell or a number. */
const char *cell_text(const struct cell *c);

/*
 * Finds the index of a domain; a row that a SET is creating counts. Returns EXIT_DONE, or the
 * status to exit with; then the reason is on stderr.
 */
int domain_find(struct snmp *s, const char *name, uint32_t *ret_index);
int exit_status_of(enum snmp_result r);

/* The verbs. argv: the arguments after the verb. Each returns the status to exit with. */
int verb_list(const struct settings *s, int argc, char **argv);
int verb_show(const struct settings *s, int argc, char **argv);
int verb_operations(const struct settings *s, int argc, char **argv);
int verb_topology(const struct settings *s, int argc, char **argv);
int verb_watch(const struct settings *s, int argc, char **argv);
int verb_set(const struct settings *s, int argc, char **argv);
int verb_create(const struct settings *s, int argc, char **argv);
int verb_destroy(const struct settings *s, int argc, char **argv);
int verb_save(const struct settings *s, int argc, char **argv);
int verb_wait(const struct settings *s, int argc, char **argv);

#endif
