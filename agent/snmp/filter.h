/* clang-format off */
/*
 * The AgentX filter: each whole PDU of a session goes through it, both ways. It puts right what
 * net-snmp's library does wrong with PDUs and offers no way to change, and sees what the library
 * does not tell.
 *
 *   Get, GetNext, GetBulk      are not for the library; read.h answers them
 *   longer than 65,536 octets  the library drops it, both ways, without a word; the master asks
 *                              again five times and then closes the session. Now: tooBig
 *   with another context       the library answers as if there were none. Now: unsupportedContext
 *   with ours                  the library sees none: it is taken out, and put into what it sends.
 *                              So it may have any octets, and reads cost no look-up of contexts
 *   for another session        the library answers. Now: notOpen
 *   a senseless header         the library drops it. Now: parseError
 *   CleanupSet                 the library answers, which it must not. Now: not sent
 *   a phase of a SET before    the library uses freed memory. Now: processingError; a CleanupSet
 *   the answer to the last one waits for that answer, and a phase that comes again is dropped
 *   Close, notOpen             the library goes on. Now: the session ends
 *   Open                       was sent before (connect.h); that one's answer is the library's
 *   a refused Register         the library logs a line and forgets it. Now: it is told that the
 *                              Register was granted, and session.h looks here
 *   the end of the connection  the library frees the callbacks that it is just calling. Now: it gets
 *   while it waits             an answer first, and hears of the end when it has come back
 *
 * RFC 2741 6.1, 7.2.2 to 7.2.4.
 */
/* clang-format on */
#ifndef SNMP_FILTER_H
#define SNMP_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snmp/agentx.h"
#include "tables/mib.h"

/* SETs that are under way at a time. net-snmp's master has one. */
#define FILTER_SETS_MAX 1024
/* A phase that the library did not answer for that long is never answered: the request to itself,
 * by which the library carries out a phase, has timed out (six times a second). */
#define FILTER_PHASE_MS 10000

enum filter_registration {
	REGISTRATION_NONE,
	REGISTRATION_ASKED, /* not answered yet */
	REGISTRATION_GRANTED,
	REGISTRATION_REFUSED,
};

/* Of one MIB module: its last Register. */
struct filter_region {
	enum filter_registration registration;
	uint16_t error;	 /* agentx_error of REGISTRATION_REFUSED */
	uint32_t packet; /* of the Register */
};

/* The last phase of a SET, until the UndoSet or CleanupSet that ends the SET is answered. */
struct filter_set {
	uint32_t transaction; /* as the master says; the next SET may have the same one */
	uint32_t id;	      /* as the library is told */
	uint32_t packet;
	uint8_t type;
	bool answered;
	bool cleanup; /* a CleanupSet waits until this phase is answered */
	uint64_t passed_ms;
};

struct filter {
	const char *context; /* of the session (RFC 2741 6.1.1), borrowed; NULL: the default one */
	const struct mib_list *mibs; /* what is registered; borrowed */
	bool open;
	uint32_t session; /* once it is open */

	/* What the session's owner wants to know. */
	struct filter_region regions[MIBS_MAX]; /* in the order of mibs */
	uint32_t uptime;	  /* the master's sysUpTime when it opened the session */
	bool awaits;		  /* the master has not answered all that it was asked, ... */
	uint64_t awaits_since_ms; /* ... and that was asked, or something answered, then */

	uint32_t open_transaction, open_packet; /* of the library's Open */
	uint32_t last_packet;
	struct agentx_header exchange; /* its answer is waited for; type 0: none */
	uint32_t last_id;
	size_t n_sets;
	struct filter_set sets[FILTER_SETS_MAX];
};

/* A new session, on a connection over which an Open was sent with FILTER_OPEN_PACKET. */
void filter_begin(struct filter *f, const char *context, const struct mib_list *mibs);
#define FILTER_OPEN_PACKET 0 /* the library begins with a higher one */

enum filter_verdict {
	FILTER_DROP,	   /* the PDU goes nowhere */
	FILTER_TO_LIBRARY, /* to the library, perhaps with other numbers */
	FILTER_TO_MASTER,
	FILTER_READ,	/* read_answer() answers it */
	FILTER_REFUSE,	/* *ret_error goes to the master instead of it */
	FILTER_CLEANUP, /* to the master, and then filter_cleanup() to the library */
	FILTER_HANG_UP, /* the session is over */
};

/*
 * A PDU from the master. Its header is complete, and so is its body, unless the PDU is longer than
 * AGENTX_PDU_MAX. Numbers in it may be changed, and the context is taken out.
 */
enum filter_verdict filter_from_master(
	struct filter *f, uint8_t *pdu, uint64_t now_ms, enum agentx_error *ret_error);
/* A whole PDU from the library, of any size. Numbers in it may be changed, and the context is put
 * in; behind it is room for AGENTX_CONTEXT_SIZE. */
enum filter_verdict filter_from_library(
	struct filter *f, uint8_t *pdu, uint64_t now_ms, enum agentx_error *ret_error);
/* After FILTER_CLEANUP: the CleanupSet that waited for the answer which went to the master. */
void filter_cleanup(struct filter *f, uint64_t now_ms, uint8_t ret_pdu[AGENTX_HEADER_SIZE]);

/*
 * The connection is gone. True: the library waits in an exchange, and gets that answer.
 */
bool filter_end_exchange(struct filter *f, uint8_t ret_pdu[AGENTX_RESPONSE_SIZE]);

/*
 * Whether the library still works on a phase of a SET. Until it does not, it must not hear that the
 * session is over: it would answer to a session that it has freed.
 */
bool filter_owes(const struct filter *f, uint64_t now_ms);

#endif
