/*
 * The limit of what an AgentX subagent can do: one blocking loop over the socket that reads a PDU,
 * searches a static table and writes the answer. No session to look after, no SET, no threads, no
 * limits; little-endian, and only what net-snmp's master asks.
 *
 *	bare-codec /path/to/the/master OID-OF-THE-ENTRY FILE
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "table.h"

enum { OPEN = 1, REGISTER = 3, GET = 5, GETNEXT = 6, RESPONSE = 18 };
enum { HEADER = 20, PREFIX = 5, ARCS_MAX = 128, BUFFER = 65536 };

static struct table table;
static uint32_t entry[ARCS_MAX]; /* behind 1.3.6.1.4 */
static size_t entry_length;
static uint8_t in[BUFFER], out[2 * BUFFER];

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "bare-codec: %s\n", what);
	exit(1);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t n;
	memcpy(&n, p, 4);
	return n;
}

static uint8_t *put32(uint8_t *p, uint32_t n)
{
	memcpy(p, &n, 4);
	return p + 4;
}

static uint8_t *put_header(uint8_t *p, uint8_t type, uint32_t session, uint32_t packet)
{
	memcpy(p, (const uint8_t[]){1, type, 0, 0}, 4);
	p = put32(p + 4, session);
	p = put32(p, packet);
	p = put32(p, packet);
	return put32(p, 0);
}

static uint8_t *put_entry(uint8_t *p, size_t more)
{
	memcpy(p, (const uint8_t[]){(uint8_t)(entry_length + more), PREFIX - 1, 0, 0}, 4);
	memcpy(p + 4, entry, 4 * entry_length);
	return p + 4 + 4 * entry_length;
}

static void send_all(int fd, uint8_t *end)
{
	put32(out + 16, (uint32_t)(end - out - HEADER));
	if (send(fd, out, (size_t)(end - out), MSG_NOSIGNAL) != end - out)
		fail("the master does not read");
}

/* The whole PDU at the begin of in[]; its length, of n octets that are there now. */
static size_t receive(int fd, size_t *n)
{
	while (*n < HEADER || *n < HEADER + get32(in + 16)) {
		ssize_t more = recv(fd, in + *n, sizeof(in) - *n, 0);
		if (more <= 0)
			exit(0);
		*n += (size_t)more;
	}
	return HEADER + get32(in + 16);
}

/* Where a name is in the table; what is missing of it is 0. */
static const uint8_t *read_name(const uint8_t *p, uint32_t *column, uint32_t *row)
{
	size_t n = p[0];
	bool inside = p[1] == PREFIX - 1 && n >= entry_length &&
		      memcmp(p + 4, entry, 4 * entry_length) == 0;

	*column = inside && n > entry_length ? get32(p + 4 + 4 * entry_length) : 0;
	*row = inside && n > entry_length + 1 ? get32(p + 8 + 4 * entry_length) : 0;
	return p + 4 + 4 * n;
}

static uint8_t *put_cell(uint8_t *p, const struct cell *c)
{
	memcpy(p, (const uint8_t[]){(uint8_t)c->type, 0, 0, 0}, 4);
	p = put_entry(p + 4, 2);
	p = put32(p, c->column);
	p = put32(p, c->row);
	if (c->type != 4)
		return put32(p, c->number);
	p = put32(p, (uint32_t)c->length);
	memcpy(p, c->octets, c->length);
	memset(p + c->length, 0, 3);
	return p + (c->length + 3) / 4 * 4;
}

/* noSuchInstance, or endOfMibView, with the name of the request. */
static uint8_t *put_nothing(uint8_t *p, uint8_t type, const uint8_t *name)
{
	size_t n = 4 + 4 * (size_t)name[0];

	memcpy(p, (const uint8_t[]){type, 0, 0, 0}, 4);
	memcpy(p + 4, name, n);
	p[6] = 0;
	return p + 4 + n;
}

static void answer(int fd, size_t size)
{
	uint8_t type = in[1], *p = out;

	memcpy(p, in, HEADER);
	p[1] = RESPONSE;
	p = put32(put32(p + HEADER, 0), 0);
	for (const uint8_t *at = in + HEADER; at < in + size;) {
		const uint8_t *name = at;
		uint32_t column, row, ignored;
		bool include = at[2];
		at = read_name(at, &column, &row);
		at = read_name(at, &ignored, &ignored);
		const struct cell *c =
			table_find(&table, column, row, type == GETNEXT && row > 0 && !include);
		bool exact = c && c->column == column && c->row == row;
		if (c && (type == GETNEXT || exact))
			p = put_cell(p, c);
		else
			p = put_nothing(p, type == GETNEXT ? 130 : 129, name);
	}
	send_all(fd, p);
}

static uint32_t begin(int fd, size_t *n)
{
	static const uint8_t no_oid[4];
	uint8_t *p = put_header(out, OPEN, 0, 1);

	p = put32(p, 0);
	memcpy(p, no_oid, 4);
	send_all(fd, put32(p + 4, 0));
	size_t size = receive(fd, n);
	uint32_t session = get32(in + 4);
	*n -= size;
	p = put_header(out, REGISTER, session, 2);
	memcpy(p, (const uint8_t[]){0, 127, 0, 0}, 4);
	send_all(fd, put_entry(p + 4, 0));
	size = receive(fd, n);
	if (in[HEADER + 4] || in[HEADER + 5])
		fail("not registered");
	*n -= size;
	return session;
}

int main(int argc, char **argv)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t n = 0;

	if (argc != 4 || strncmp(argv[2], ".1.3.6.1.4.", 11) != 0 ||
		strlen(argv[1]) >= sizeof(un.sun_path))
		fail("usage: PATH .1.3.6.1.4.OID FILE");
	for (char *at = argv[2] + 10; *at == '.';)
		entry[entry_length++] = (uint32_t)strtoul(at + 1, &at, 10);
	table = table_read(argv[3]);
	memcpy(un.sun_path, argv[1], strlen(argv[1]) + 1);
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) < 0)
		fail("no master");
	begin(fd, &n);
	for (;;) {
		size_t size = receive(fd, &n);
		if (in[1] == GET || in[1] == GETNEXT)
			answer(fd, size);
		n -= size;
		memmove(in, in + size, n);
	}
}
