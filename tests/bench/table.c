/* See table.h. */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "table: %s\n", what);
	exit(1);
}

static void read_octets(struct cell *c, const char *hex)
{
	size_t n = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;

	c->octets = malloc(n + 1);
	if (!c->octets)
		fail("no memory");
	for (size_t i = 0; i < n; i++) {
		unsigned int octet;
		if (sscanf(hex + 2 * i, "%2x", &octet) != 1)
			fail("no octets");
		c->octets[i] = (uint8_t)octet;
	}
	c->length = n;
}

static void add_line(struct table *t, const char *line)
{
	char value[4096];
	unsigned int column, row, type;

	if (sscanf(line, "%u %u %u %4095s", &column, &row, &type, value) != 4)
		fail("no cell");
	if (t->n % 1024 == 0) {
		t->cells = realloc(t->cells, (t->n + 1024) * sizeof(*t->cells));
		if (!t->cells)
			fail("no memory");
	}
	struct cell *c = &t->cells[t->n++];
	*c = (struct cell){.column = column, .row = row, .type = (uint16_t)type};
	if (type == 4)
		read_octets(c, value);
	else
		c->number = (uint32_t)strtoll(value, NULL, 10);
}

struct table table_read(const char *path)
{
	struct table t = {NULL, 0};
	char line[8192];
	FILE *f = fopen(path, "r");

	if (!f)
		fail("no such file");
	while (fgets(line, sizeof(line), f))
		add_line(&t, line);
	fclose(f);
	return t;
}

const struct cell *table_find(const struct table *t, uint32_t column, uint32_t row, int behind)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct cell *c = &t->cells[middle];
		int before = c->column != column ? c->column < column
			     : behind		 ? c->row <= row
						 : c->row < row;
		if (before)
			low = middle + 1;
		else
			high = middle;
	}
	return low < t->n ? &t->cells[low] : NULL;
}
