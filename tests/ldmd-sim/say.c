/*
 * One fault after the other, in the order in which they could be noticed.
 */
#include "say.h"

#include "conn.h"
#include "mangle.h"
#include "sim.h"

static const struct fault *hit(struct conn *conn, const struct saying *how, enum fault_kind kind)
{
	return fault_at(&conn->sim->faults, kind, how->moment, how->domain);
}

static bool is_silent(struct conn *conn, const struct saying *how)
{
	if (hit(conn, how, FAULT_CLOSE_BEFORE))
		conn_drop(conn);
	else if (hit(conn, how, FAULT_HANG))
		conn->deaf = true;
	return conn->dead || conn->deaf;
}

static void replace(struct buf *text, const char *instead)
{
	buf_free(text);
	buf_add_string(text, instead);
}

static void choose_words(struct conn *conn, const struct saying *how, struct buf *text)
{
	if (how->refusal && hit(conn, how, FAULT_REFUSE)) {
		replace(text, how->refusal);
		conn->closing = true;
	} else if (how->no_rights && hit(conn, how, FAULT_UNAUTHORISED)) {
		replace(text, how->no_rights);
		conn->closing = true;
	} else if (how->wrong && hit(conn, how, FAULT_WRONG_ACTION)) {
		replace(text, how->wrong);
	}
}

static void send_faultily(struct conn *conn, const struct saying *how, const struct buf *text)
{
	struct chunk *chunk = conn_send(conn, text->data, text->len);
	const struct fault *fault;

	if ((fault = hit(conn, how, FAULT_DELAY)))
		chunk->delay = fault->number;
	if ((fault = hit(conn, how, FAULT_SPLIT)))
		chunk->piece = fault->number >= 1 ? (size_t)fault->number : 1;
	if ((fault = hit(conn, how, FAULT_DRIP))) {
		chunk->piece = 1;
		chunk->gap = fault->number / 1000;
	}
	chunk->close = hit(conn, how, FAULT_CLOSE_AFTER) != NULL;
	if (hit(conn, how, FAULT_CLOSE_MID)) {
		chunk->bytes.len /= 2;
		chunk->close = true;
	}
}

void say(struct conn *conn, const struct saying *how, struct buf *text)
{
	const struct subject subject = {NULL, how->domain, how->moment};

	if (!is_silent(conn, how)) {
		choose_words(conn, how, text);
		mangle(conn->sim, &subject, text);
		if (how->more && hit(conn, how, FAULT_JOIN))
			buf_add_string(text, how->more);
		send_faultily(conn, how, text);
	}
	buf_free(text);
}

void say_text(struct conn *conn, const struct saying *how, const char *text)
{
	struct buf copy = {0};

	buf_add_string(&copy, text);
	say(conn, how, &copy);
}
