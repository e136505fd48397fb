/* See output.h. A column is as wide as its widest cell, in characters of UTF-8. */
#include "output.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct output {
	const struct output_column *columns;
	size_t n_columns;
	size_t *widths; /* of the columns, in the table */
	char **cells;	/* row by row */
	size_t n_cells;
	bool no_memory;
};

struct output *output_new(const struct output_column *columns, size_t n)
{
	struct output *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->widths = calloc(n, sizeof(*o->widths));
	if (!o->widths) {
		free(o);
		return NULL;
	}
	o->columns = columns;
	o->n_columns = n;
	return o;
}

void output_cell(struct output *o, const char *format, ...)
{
	char **more = o ? reallocarray(o->cells, o->n_cells + 1, sizeof(*more)) : NULL;
	va_list arguments;

	if (!more) {
		if (o)
			o->no_memory = true;
		return;
	}
	o->cells = more;
	va_start(arguments, format);
	if (vasprintf(&more[o->n_cells], format, arguments) < 0)
		o->no_memory = true;
	else
		o->n_cells++;
	va_end(arguments);
}

/* In characters: continuation bytes of UTF-8 do not count. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

void output_text(FILE *to, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		unsigned char next = i + 1 < length ? (unsigned char)text[i + 1] : 0;
		/* U+0080 to U+009F, in UTF-8. */
		bool c1 = c == 0xc2 && next >= 0x80 && next < 0xa0;

		if (c == '\n' || c == '\r' || c == '\t')
			putc(' ', to);
		else
			putc(c1 || c < 0x20 || c == 0x7f ? '?' : c, to);
		i += c1;
	}
}

static void print_aligned(const char *text, size_t width, bool right, bool last)
{
	size_t own = width_of(text);
	int blanks = own < width ? (int)(width - own) : 0;

	printf("%*s", right ? blanks : 0, "");
	output_text(stdout, text, strlen(text));
	printf("%*s", right || last ? 0 : blanks, "");
	fputs(last ? "\n" : "  ", stdout);
}

static bool is_shown(const struct output *o, size_t column)
{
	return o->columns[column].title != NULL && o->columns[column].align != ALIGN_BELOW;
}

/* In lines of at most 80 columns. A longer word has a line of its own. */
static void print_below(const char *text)
{
	enum { INDENT = 4, WIDTH = 80 };
	size_t at = 0;

	while (*text) {
		size_t n = strcspn(text, " \n");
		char *word = strndup(text, n);
		size_t width = word ? width_of(word) : n;

		if (at > 0 && at + 1 + width > WIDTH) {
			putchar('\n');
			at = 0;
		}
		printf("%*s", at > 0 ? 1 : INDENT, "");
		output_text(stdout, text, n);
		at += width + (at > 0 ? 1 : INDENT);
		free(word);
		text += n;
		text += strspn(text, " \n");
	}
	if (at > 0)
		putchar('\n');
}

static void print_row(const struct output *o, char *const *cells)
{
	size_t last = o->n_columns - 1;

	/* No blanks at the end of the line. */
	while (last > 0 && (!is_shown(o, last) || !*cells[last]))
		last--;
	for (size_t k = 0; k <= last; k++)
		if (is_shown(o, k))
			print_aligned(cells[k], o->widths[k], o->columns[k].align == ALIGN_RIGHT,
				k == last);
	for (size_t k = 0; k < o->n_columns; k++)
		if (o->columns[k].align == ALIGN_BELOW)
			print_below(cells[k]);
}

static void print_table(const struct output *o)
{
	size_t *widths = o->widths, last = 0;

	for (size_t k = 0; k < o->n_columns; k++) {
		if (!is_shown(o, k))
			continue;
		last = k;
		widths[k] = width_of(o->columns[k].title);
		for (size_t i = k; i < o->n_cells; i += o->n_columns)
			if (width_of(o->cells[i]) > widths[k])
				widths[k] = width_of(o->cells[i]);
	}
	for (size_t k = 0; k < o->n_columns; k++)
		if (is_shown(o, k))
			print_aligned(o->columns[k].title, widths[k],
				o->columns[k].align == ALIGN_RIGHT, k == last);
	for (size_t i = 0; i < o->n_cells; i += o->n_columns)
		print_row(o, &o->cells[i]);
}

static void print_json_text(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_json(const struct output *o)
{
	putchar('[');
	for (size_t i = 0; i < o->n_cells; i++) {
		size_t k = i % o->n_columns;
		const struct output_column *c = &o->columns[k];

		fputs(k > 0 ? ", " : i > 0 ? ",\n  {" : "\n  {", stdout);
		print_json_text(c->key);
		fputs(": ", stdout);
		if (c->kind == KIND_TEXT)
			print_json_text(o->cells[i]);
		else
			fputs(*o->cells[i] ? o->cells[i] : "null", stdout);
		if (k + 1 == o->n_columns)
			putchar('}');
	}
	puts(o->n_cells > 0 ? "\n]" : "]");
}

/* RFC 4180, with the line ends of the system. */
static void print_csv_text(const char *text, bool last)
{
	if (strpbrk(text, ",\"\r\n")) {
		putchar('"');
		for (; *text; text++) {
			if (*text == '"')
				putchar('"');
			putchar(*text);
		}
		putchar('"');
	} else {
		fputs(text, stdout);
	}
	putchar(last ? '\n' : ',');
}

static void print_csv(const struct output *o)
{
	for (size_t k = 0; k < o->n_columns; k++)
		print_csv_text(o->columns[k].key, k + 1 == o->n_columns);
	for (size_t i = 0; i < o->n_cells; i++)
		print_csv_text(o->cells[i], (i + 1) % o->n_columns == 0);
}

int output_print(struct output *o, enum output_form form)
{
	static void (*const print[])(const struct output *) = {
		[OUTPUT_TABLE] = print_table,
		[OUTPUT_JSON] = print_json,
		[OUTPUT_CSV] = print_csv,
	};
	if (!o) {
		fprintf(stderr, "ldom-snmp: no memory\n");
		return -1;
	}
	bool no_memory = o->no_memory;
	if (!no_memory)
		print[form](o);
	for (size_t i = 0; i < o->n_cells; i++)
		free(o->cells[i]);
	free(o->cells);
	free(o->widths);
	free(o);
	if (!no_memory && fflush(stdout) == 0)
		return 0;
	fprintf(stderr, "ldom-snmp: %s\n",
		no_memory ? "no memory" : "the output cannot be written");
	return -1;
}
