/*
 * Options as data (sodns/options.h): what the parts of their reading share.
 */
#ifndef CORE_HOST_OPTIONS_H
#define CORE_HOST_OPTIONS_H

#include <stdio.h>

#include "host/setup.h"

/* What is wrong with a word. */
enum fault { FAULT_NONE, FAULT_BAD, FAULT_LOW, FAULT_HIGH };

/* A word as a row takes it. */
typedef struct value {
	int64_t number;
	const void *pointer; /* to a text, or a name */
	sodns_address_t address;
	sodns_prefix_t prefix;
	char why[512]; /* Go's words, where it is bad */
} value_t;

static inline const sodns_option_t *option_at(const sodns_option_rows_t *rows, size_t i)
{
	return (const sodns_option_t *)((const char *)rows->at + i * rows->size);
}

/* The words behind a directive or a property, and the struct that they go into. */
struct line {
	sodns_setup_t *s;
	const char *const *words;
	size_t count, at;
	void *to;
	const char *extra; /* what is said of a word too many, or NULL */
};

/* options_line.c: the row's field in the struct; an item more, and none, in its list. */
void *option_field(const sodns_option_t *o, void *to);
void *option_list_add(sodns_setup_t *s, const sodns_option_t *o, void *to);
void option_list_clear(const sodns_option_t *o, void *to);
/* Whether it is a word without a value. */
bool option_is_bare(const sodns_option_t *o);
/* The row of this name that has all these flags, or NULL. */
const sodns_option_t *option_find(const sodns_option_rows_t *rows, const char *word,
				  unsigned flags);
/* Reads one word into the row's field. 0, or the error, which is noted; so do those below. */
int option_read_value(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to);
/* Takes the next words of the Corefile's line, `most` at most. */
void line_take(struct line *l, size_t most);
/* How many words a property takes from its line. */
size_t line_most(const sodns_option_t *o);
/* Reads all its words: as arguments, or as the value of one property. */
int line_read_args(struct line *l, const sodns_option_rows_t *rows);
int line_read_own(struct line *l, const sodns_option_t *o);

/* options_value.c: what a word is to a row, without its field; noting errors nowhere. */
enum fault option_read(sodns_setup_t *s, const sodns_option_t *o, const char *word, value_t *out);
/* Puts it into a field of o->size bytes. False: the row's field can't hold such a value, which is the
 * plugin's fault. */
bool option_store(const sodns_option_t *o, const value_t *v, void *field);
/* The bounds that hold: min, and max or what the field can hold. */
int64_t option_most(const sodns_option_t *o);

/* options_text.c: notes an error in the row's words, or in those that its kind has; SODNS_EINVAL. */
int option_fault(sodns_setup_t *s, const sodns_option_t *o, enum fault fault, const char *word,
		 const value_t *v);
/* The same in the words of `text`, or if that is NULL in those for a wrong count of arguments. */
int option_say(sodns_setup_t *s, const sodns_option_t *o, const char *text, const char *word);
/* "unknown property 'x' (did you mean 'y'?)"; says: other words, or NULL. */
int option_unknown(sodns_setup_t *s, const sodns_option_rows_t *rows, const char *says);
/* "[1, 65535]", "at least 1s": the bounds of a row as text; "" if it has none. The second is how help
 * has them: "1 to 65535". */
void option_range(const sodns_option_t *o, char out[96]);
void option_bounds(const sodns_option_t *o, char out[96]);
/* "a, b or c" */
void option_words(const sodns_option_t *o, const char *before_last, char out[256]);

/* options_help.c: prints the directive's syntax, and what each row takes. */
void options_print(const sodns_plugin_t *p, FILE *out);

#endif
