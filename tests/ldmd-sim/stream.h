/*
 * The XMPP side of a connection: stream headers, STARTTLS, SASL PLAIN.
 */
#ifndef LDMD_SIM_STREAM_H
#define LDMD_SIM_STREAM_H

#include <stdbool.h>

struct conn;

/* A start tag that opens a stream. */
void stream_header(struct conn *conn, const char *tag);
/* A whole element before the connection is ready, or one that belongs to XMPP. */
void stream_element(struct conn *conn, const char *text);
bool stream_is_element(const char *text);

/* What ends a stream: for a reason of its own, or for lack of rights. */
extern const char stream_error[], stream_no_rights[];

/* <proceed/> has been sent. */
void stream_start_tls(struct conn *conn);
void stream_continue_tls(struct conn *conn);

#endif
