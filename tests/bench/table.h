/*
 * The cells of a table from a file, for the subagents that ours is measured beside.
 *
 * A line a cell, "column row type value", columns and rows of a column rising; type is that of
 * AgentX (2 INTEGER, 4 octets, 65 to 67 the unsigned ones), octets are in hexadecimal, "-" for
 * none.
 */
#ifndef TESTS_BENCH_TABLE_H
#define TESTS_BENCH_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct cell {
	uint32_t column, row;
	uint16_t type;
	uint32_t number;
	uint8_t *octets;
	size_t length;
};

struct table {
	struct cell *cells;
	size_t n;
};

/* Ends the program when it cannot. */
struct table table_read(const char *path);
/* The first cell that is not before (column, row), or with `behind` behind it; NULL: none. */
const struct cell *table_find(const struct table *t, uint32_t column, uint32_t row, int behind);

#endif
