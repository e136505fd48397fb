/*
 * One list, three forms: columns for people, JSON and CSV for programs.
 */
#ifndef LDOM_SNMP_OUTPUT_H
#define LDOM_SNMP_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

enum output_form {
	OUTPUT_TABLE,
	OUTPUT_JSON,
	OUTPUT_CSV,
};

struct output_column {
	const char *title; /* of the table; NULL: only for programs */
	const char *key;   /* of JSON and CSV */
	/* BELOW: the table shows the cell in lines of its own below the row, which stays short. */
	enum { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_BELOW } align;
	enum { KIND_TEXT, KIND_NUMBER } kind; /* in JSON: with quotes or without */
};

struct output;

/* The columns are borrowed. NULL: no memory; the other functions accept NULL. */
struct output *output_new(const struct output_column *columns, size_t n);
/* Adds the next cell, row by row, formatted as by printf. An empty number is null in JSON. */
void output_cell(struct output *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints all cells and frees o. -1: no memory, or stdout cannot be written; stderr tells which. */
int output_print(struct output *o, enum output_form form);

/*
 * Prints text from a host for people. Control characters could command the terminal, so line ends
 * and tabs become blanks, and the others "?".
 */
void output_text(FILE *to, const char *text, size_t length);

#endif
