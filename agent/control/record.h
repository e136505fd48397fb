/*
 * The lines of the history file, one record each.
 *
 *	#INDEX #TRANSACTION …		an operation row as it is now
 *	=given #INDEX #TRANSACTION	numbers up to these may have been given
 *	=begin #TRANSACTION #INDEX …	commands for this domain may be sent from now on
 *	=undo #TRANSACTION #INDEX …	the same, to take back what was done
 *	=end #TRANSACTION		it ended (only in `journal`, a file of earlier versions)
 *
 * A field is a sign, # for a number and = for text (percent-encoded), and a blank behind it. A line
 * ends in a full stop, so that one that was not written to its end is recognised.
 */
#ifndef CONTROL_RECORD_H
#define CONTROL_RECORD_H

#include "control/oplog.h"
#include "control/set-request.h"

struct buffer;

/* One domain of a transaction whose commands may have been sent. */
struct begun {
	uint32_t transaction;
	uint32_t operation; /* index of its row */
	int64_t started_at; /* wall clock, milliseconds since 1970 */
	bool undo;	    /* it was done, and was being taken back */
	bool existed;	    /* ldmd had the domain at step 0, like this: */
	enum domain_state state;
	uint32_t vcpus, crypto;
	uint64_t memory_bytes;
	struct set_request request; /* what was asked, domain set; positions are not kept */
};

enum record_kind {
	RECORD_EMPTY, /* an empty line */
	RECORD_ROW,
	RECORD_GIVEN,
	RECORD_BEGUN, /* begin, undo */
	RECORD_END,
};

struct record {
	enum record_kind kind;
	struct operation *row;	    /* ROW; as written, so it may be running */
	struct oplog_numbers given; /* GIVEN */
	struct begun begun;	    /* BEGUN */
	uint32_t transaction;	    /* END */
};

/* The line, without its line end, is changed while it is read. -EBADMSG, -ENOMEM. */
int record_read(char *line, struct record *ret);
void record_clear(struct record *r);

/* Append a whole line. -ENOMEM, -EOVERFLOW. */
int record_put_row(struct buffer *b, const struct operation *o);
int record_put_given(struct buffer *b, struct oplog_numbers given);
int record_put_begun(struct buffer *b, const struct begun *p);

#endif
