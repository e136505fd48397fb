/*
 * What the varbinds of one PDU ask for, merged per domain.
 *
 * Each settable column of ldomTable is one line of a table here: type, length, range. Order in the
 * PDU does not matter; the same object twice with different values is inconsistentValue.
 */
#ifndef CONTROL_SET_REQUEST_H
#define CONTROL_SET_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/oplog.h"
#include "control/refusal.h"

/* The numbers are columns of ldomTable. */
enum set_column {
	SET_COLUMN_NAME = 2,
	SET_COLUMN_ADMIN = 3,
	SET_COLUMN_VCPU = 5,
	SET_COLUMN_MEMORY = 6,
	SET_COLUMN_CRYPTO = 8,
	SET_COLUMN_TEMPLATE = 25,
	SET_COLUMN_ROW = 29,
	SET_SCALAR_SAVE = 1u << 16, /* ldomSaveConfig, which is no column */
};

/* Bits of struct set_request.fields, in the order they are reported in. */
enum set_field {
	FIELD_NAME_BIT = 1 << 0,
	FIELD_ADMIN_BIT = 1 << 1,
	FIELD_VCPU_BIT = 1 << 2,
	FIELD_MEMORY_BIT = 1 << 3,
	FIELD_CRYPTO_BIT = 1 << 4,
	FIELD_TEMPLATE_BIT = 1 << 5,
	FIELD_ROW_BIT = 1 << 6,
	FIELD_SAVE_BIT = 1 << 7, /* of the host: the only field of a request with index 0 */
};
#define SET_FIELDS 8

/* RFC 2579 RowStatus. */
enum row_request {
	ROW_REQUEST_NONE = 0,
	ROW_REQUEST_ACTIVE = 1,
	ROW_REQUEST_NOT_IN_SERVICE = 2,
	ROW_REQUEST_NOT_READY = 3,
	ROW_REQUEST_CREATE_AND_GO = 4,
	ROW_REQUEST_CREATE_AND_WAIT = 5,
	ROW_REQUEST_DESTROY = 6,
};

/* A varbind as it came, without net-snmp's types. */
enum set_type {
	SET_INTEGER,  /* INTEGER, Integer32 */
	SET_UNSIGNED, /* Unsigned32, Gauge32 */
	SET_OCTETS,
	SET_OTHER,
};
struct set_varbind {
	uint32_t column; /* enum set_column; 0: nothing that can be written */
	uint32_t row;	 /* ldomIndex; 0: of a scalar */
	bool row_valid;	 /* exactly one sub-identifier follows the column */
	enum set_type type;
	int64_t number;	       /* INTEGER, UNSIGNED */
	const uint8_t *octets; /* OCTETS; borrowed, not terminated */
	size_t length;
};

/*
 * What one PDU asks of one row. A member counts only if its bit is in fields; admin and row are 0
 * otherwise.
 */
struct set_request {
	uint32_t index; /* ldomIndex; 0: the host */
	char *domain;	/* its name in the snapshot, or the name asked for; NULL: not known yet */
	unsigned fields;
	uint32_t position[SET_FIELDS]; /* of the varbind in the PDU, by bit number */
	enum admin_state admin;
	uint32_t vcpus;
	uint32_t memory_mb;
	uint32_t crypto;
	char *name;	/* FIELD_NAME_BIT: of the domain; FIELD_SAVE_BIT: of the configuration */
	char *template; /* FIELD_TEMPLATE_BIT */
	enum row_request row;
};

/* What is to be done with one row of a PDU, see precheck.h. */
enum precheck_result {
	PRECHECK_RUN,
	PRECHECK_JOIN,	  /* the same is under way: nothing more to do */
	PRECHECK_REPEAT,  /* the same has just been done: nothing more to do */
	PRECHECK_PREEMPT, /* forceStop overrides what is under way */
};
/* Commands may be sent for the row. */
static inline bool precheck_runs(enum precheck_result r)
{
	return r == PRECHECK_RUN || r == PRECHECK_PREEMPT;
}

/*
 * One PDU on its way through: what is asked of which rows. Reference counted, because both threads
 * have it from handover_start() on, and immutable from then on. executor.h says how far it is.
 */
struct transaction_part {
	struct set_request request;
	enum precheck_result result;
	uint32_t operation; /* index of its operation row; 0 before handover_start() */
};

struct transaction {
	uint32_t id; /* persistent, also in the operation rows; 0 before handover_start() */
	size_t n_parts;
	struct transaction_part *parts; /* sorted by the index of the row, each index once */
};

/*
 * Tests type, length, range and name of each varbind (RFC 3416 4.2.5 steps 2 to 7), then makes one
 * part per row. Gives the refusal that is tested first. *ret has the varbinds that are right, also
 * beside a refusal, so that precheck() can find one that is tested earlier. NULL: no memory for it.
 */
struct refusal transaction_new(
	const struct set_varbind *varbinds, size_t n, struct transaction **ret);
struct transaction *transaction_ref(struct transaction *t);
void transaction_unref(struct transaction *t);

int set_request_copy(const struct set_request *from, struct set_request *to);
void set_request_clear(struct set_request *d);
/* Asks for the same in the same fields. */
bool set_request_equal(const struct set_request *a, const struct set_request *b);
/* Everything `part` asks for is asked for by `whole` with the same value. */
bool set_request_within(const struct set_request *part, const struct set_request *whole);
/* That a domain is made of the row, which may have been there before. */
static inline bool set_request_makes_domain(const struct set_request *d)
{
	return d->row == ROW_REQUEST_CREATE_AND_GO || d->row == ROW_REQUEST_ACTIVE;
}
uint32_t set_request_position(const struct set_request *d, unsigned field_bit);
/* "state=active vcpus=8 memory=4096M"; the caller frees. -ENOMEM. */
int set_request_describe(const struct set_request *d, char **ret);
/* A queued row of the operation table for it, without numbers and times. -ENOMEM. */
int set_request_operation(const struct set_request *d, struct operation **ret);
/* "ldomNumVCPU.2", and what it is set to: "8", "active"; the caller frees. -ENOMEM. */
int set_varbind_object(const struct set_varbind *v, char **ret);
int set_varbind_value(const struct set_varbind *v, char **ret);

#endif
