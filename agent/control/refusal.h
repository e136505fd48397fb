/*
 * What may be wrong with a SET, in the numbers of RFC 3416's error-status.
 */
#ifndef CONTROL_REFUSAL_H
#define CONTROL_REFUSAL_H

#include <stdint.h>

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

struct refusal {
	enum control_error error;
	uint32_t position;  /* of the varbind, from 0 */
	const char *reason; /* static text; NULL when CONTROL_OK */
	/* What is too little: so much was wanted, and so much is free. Both 0: not about an amount,
	 * and the reason is the whole of it; else the reason says of what. */
	uint64_t wanted, free;
};

/* Keeps in *best what RFC 3416 4.2.5 tests first; among equals, the first varbind. */
void refuse(struct refusal *best, enum control_error error, uint32_t position, const char *reason);

/* The same about an amount: the reason says of what ("CPUs"). */
void refuse_amount(struct refusal *best, enum control_error error, uint32_t position,
	const char *reason, uint64_t wanted, uint64_t available);

/* Order of the tests: lower is reported first, CONTROL_OK is last of all. */
unsigned control_error_rank(enum control_error e);
const char *control_error_name(enum control_error e);

#endif
