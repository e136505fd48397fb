/*
 * What the varbinds of one PDU ask for, merged per domain.
 *
 * The order of the varbinds does not matter. The same object twice with different values is
 * inconsistentValue. Another settable column needs a line in the table of set-request.c, which has
 * the type, length and range of each.
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

/* Bits of struct set_request.fields; set_request_describe() writes them in this order. */
enum set_field {
	FIELD_NAME_BIT = 1 << 0,
	FIELD_ADMIN_BIT = 1 << 1,
	FIELD_VCPU_BIT = 1 << 2,
	FIELD_MEMORY_BIT = 1 << 3,
	FIELD_CRYPTO_BIT = 1 << 4,
	FIELD_TEMPLATE_BIT = 1 << 5,
	FIELD_ROW_BIT = 1 << 6,
	FIELD_SAVE_BIT = 1 << 7, /* the only field of a request about the host (index 0) */
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

/* A varbind as the manager sent it, without net-snmp's types. */
enum set_type {
	SET_INTEGER,  /* INTEGER, Integer32 */
	SET_UNSIGNED, /* Unsigned32, Gauge32 */
	SET_OCTETS,
	SET_OTHER,
};
struct set_varbind {
	uint32_t column; /* enum set_column; 0: an object that cannot be written */
	uint32_t row;	 /* ldomIndex; 0: a scalar's */
	bool row_valid;	 /* exactly one sub-identifier follows the column */
	enum set_type type;
	int64_t number;	       /* INTEGER, UNSIGNED */
	const uint8_t *octets; /* OCTETS; borrowed, not terminated */
	size_t length;
};

/*
 * What one PDU asks of one row. A member counts only if its bit is in fields; without their bits,
 * admin and row are 0.
 */
struct set_request {
	uint32_t index; /* ldomIndex; 0: the host */
	char *domain;	/* name in the snapshot, or asked for; set by precheck(); NULL: none */
	unsigned fields;
	uint32_t position[SET_FIELDS]; /* of the varbind in the PDU, from 0; by bit number */
	enum admin_state admin;
	uint32_t vcpus;
	uint32_t memory_mb;
	uint32_t crypto;
	char *name;	/* the domain's (FIELD_NAME_BIT) or the configuration's (FIELD_SAVE_BIT) */
	char *template; /* FIELD_TEMPLATE_BIT */
	enum row_request row;
};

/* What is to be done with one row of a PDU, see precheck.h. */
enum precheck_result {
	PRECHECK_RUN,
	PRECHECK_JOIN,	  /* the same change is under way: nothing more to do */
	PRECHECK_REPEAT,  /* the same change has just been done: nothing more to do */
	PRECHECK_PREEMPT, /* forceStop overrides what is under way */
};
/* Commands may be sent for the row. */
static inline bool precheck_runs(enum precheck_result r)
{
	return r == PRECHECK_RUN || r == PRECHECK_PREEMPT;
}

/* One row of the PDU. */
struct transaction_part {
	struct set_request request;
	enum precheck_result result;
	uint32_t operation; /* index of its operation row; 0 before handover_start() */
};

/*
 * One PDU: what is asked of which rows. From handover_start() on, both threads have it, so it is
 * reference counted, and immutable from then on. How far it got, only the executor knows.
 */
struct transaction {
	uint32_t id; /* persistent, also in the operation rows; 0 before handover_start() */
	size_t n_parts;
	struct transaction_part *parts; /* sorted by the index of the row, each index once */
};

/*
 * Tests type, length, range and name of each varbind (RFC 3416 4.2.5 steps 2 to 7), and makes one
 * part per row. Returns the refusal that RFC 3416 tests first. *ret is always set: it has the
 * varbinds that passed, so that precheck() can find a refusal that is tested still earlier; NULL
 * where there was no memory. The caller unrefs it.
 */
struct refusal transaction_new(
	const struct set_varbind *varbinds, size_t n, struct transaction **ret);
struct transaction *transaction_ref(struct transaction *t);
void transaction_unref(struct transaction *t);

/* -ENOMEM: *to is empty. */
int set_request_copy(const struct set_request *from, struct set_request *to);
void set_request_clear(struct set_request *d);
/* Both ask for the same values in the same fields of the same row. */
bool set_request_equal(const struct set_request *a, const struct set_request *b);
/* Everything that `part` asks for, `whole` asks for with the same value. */
bool set_request_within(const struct set_request *part, const struct set_request *whole);
/* A domain is to be made: of a new row, or (active) of a row that is being made. */
static inline bool set_request_makes_domain(const struct set_request *d)
{
	return d->row == ROW_REQUEST_CREATE_AND_GO || d->row == ROW_REQUEST_ACTIVE;
}
/* Position in the PDU of the field's varbind; else of ldomRowStatus; else of the first field. */
uint32_t set_request_position(const struct set_request *d, unsigned field_bit);
/* "state=active vcpus=8 memory=4096M"; the caller frees. -ENOMEM. */
int set_request_describe(const struct set_request *d, char **ret);
/* A queued row of the operation table for the request, without numbers and times. -ENOMEM. */
int set_request_operation(const struct set_request *d, struct operation **ret);
/* The object, "ldomNumVCPU.2", and the value, "8" or "active"; the caller frees. -ENOMEM. */
int set_varbind_object(const struct set_varbind *v, char **ret);
int set_varbind_value(const struct set_varbind *v, char **ret);

#endif
