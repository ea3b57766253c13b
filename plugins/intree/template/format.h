/*
 * A verb of printf and what it does, as in Go's package fmt.
 */
#ifndef TEMPLATE_FORMAT_H
#define TEMPLATE_FORMAT_H

#include "node.h"

/* "%-08.3x". With %v, # and + mean how much is told and are no flags of numbers. */
typedef struct verb {
	bool minus, plus, sharp, space, zero, sharp_v;
	bool has_width, has_precision;
	int width, precision; /* not negative */
	char letter;
	uint32_t rune; /* the letter, where it is none of ASCII */
} verb_t;

/* format.c */
/* The text with blanks or zeros up to the verb's width, counted in characters. */
void format_pad(run_t *r, const verb_t *v, const char *text, size_t len);
void format_padding(run_t *r, const verb_t *v, int64_t n);
/* Whether so many bytes may be printed; fails if not. */
bool format_fits(run_t *r, int64_t len);

/* format_number.c */
void format_integer(run_t *r, const verb_t *v, const value_t *arg);
/* %U */
void format_unicode(run_t *r, const verb_t *v, uint64_t u);
void format_float(run_t *r, const verb_t *v, double f);

#endif
