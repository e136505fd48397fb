/* clang-format off */
/*
 * The gate between the library and its connection to the master: looks at the header of each PDU
 * that passes, and puts right what the library does wrong there and offers no way to change.
 *
 *   longer than 65,536 octets  dropped, both ways, without a word; the master asks again five times
 *                              and then closes the session, for all managers. A GET of 1,261 names
 *                              does that. Now: tooBig
 *   with a context             answered as if there were none. Now: unsupportedContext
 *   for another session        answered. Now: notOpen
 *   a senseless header         dropped. Now: parseError
 *   CleanupSet                 answered, which it must not be
 *   a phase of a SET before    uses what is freed. Now: processingError; one that comes again is
 *   the answer to the last one dropped. The next SET of the same number is told apart
 *   Close                      goes on as if nothing had been said. Now: the session ends
 *
 * And a master that does not read what it is sent loses its session, instead of stopping us.
 *
 * RFC 2741 6.1, 7.2.2 to 7.2.4. The library's transports are made to be stacked; this is one more.
 */
/* clang-format on */
#ifndef SNMP_GATE_H
#define SNMP_GATE_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

/* Around the transport of a session that is open; goes with it. -ENOMEM: it stays as it was. */
int gate_install(netsnmp_session *session);

#endif
