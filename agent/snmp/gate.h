/*
 * The gate between the library and its connection to the master: looks at the header of each PDU
 * that passes, and puts right what the library does wrong there and offers no way to change.
 *
 *	longer than 65,536 octets	it drops them, in both directions, without a word; the
 *master asks again five times and then closes the session, for all managers. A GET of 1,261 names
 *does that. Now: tooBig with a context			it answers as if there were none:
 *unsupportedContext for another session		it answers: notOpen a header that makes no
 *sense	it drops them: parseError CleanupSet			it answers, which it must not Close
 *it goes on as if nothing had been said: the session ends
 *
 * RFC 2741 6.1, 7.2.2 to 7.2.4. The library's transports are made to be stacked; this is one more.
 */
#ifndef SNMP_GATE_H
#define SNMP_GATE_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

/* Around the transport of a session that is open; goes with it. -ENOMEM: it stays as it was. */
int gate_install(netsnmp_session *session);

#endif
