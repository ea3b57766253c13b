/*
 * The engine's inside: words of an action, and the tree that the parser makes of them.
 */
#ifndef TEMPLATE_NODE_H
#define TEMPLATE_NODE_H

#include <sodns/text.h>

#include "engine.h"

/* How deep control structures and parentheses may be nested, and how deep execution may go: its
 * stack is a query's. */
#define NESTING_MAX 40
#define DEPTH_MAX 60

enum token {
	TOKEN_ERROR,
	TOKEN_BOOL,
	TOKEN_CHAR,
	TOKEN_CHAR_CONSTANT,
	TOKEN_ASSIGN,
	TOKEN_DECLARE,
	TOKEN_EOF,
	TOKEN_FIELD,
	TOKEN_IDENTIFIER,
	TOKEN_LEFT_DELIM,
	TOKEN_LEFT_PAREN,
	TOKEN_NUMBER,
	TOKEN_PIPE,
	TOKEN_RAW_STRING,
	TOKEN_RIGHT_DELIM,
	TOKEN_RIGHT_PAREN,
	TOKEN_SPACE,
	TOKEN_STRING,
	TOKEN_TEXT,
	TOKEN_VARIABLE,
	TOKEN_DOT,
	TOKEN_NIL,
	TOKEN_BLOCK, /* from here on keywords */
	TOKEN_BREAK,
	TOKEN_CONTINUE,
	TOKEN_DEFINE,
	TOKEN_ELSE,
	TOKEN_END,
	TOKEN_IF,
	TOKEN_RANGE,
	TOKEN_TEMPLATE,
	TOKEN_WITH,
};

typedef struct item {
	enum token token;
	size_t pos;
	unsigned line;
	slice_t text; /* of an error: its message */
} item_t;

typedef struct lexer {
	const char *text;
	size_t len, pos;
	unsigned line;
	unsigned parens;
	bool inside;   /* of an action */
	bool trim;     /* the next text begins behind a trim marker */
	bool finished; /* an error was found */
	char message[128];
} lexer_t;

void lex_begin(lexer_t *l, const char *text);
/* The next word; after an error or the end always that. */
item_t lex_next(lexer_t *l);

enum node_kind {
	NODE_TEXT,
	NODE_ACTION,
	NODE_IF,
	NODE_RANGE,
	NODE_WITH,
	NODE_TEMPLATE,
	NODE_BREAK,
	NODE_CONTINUE,
	NODE_PIPE,
	NODE_COMMAND,
	NODE_IDENTIFIER,
	NODE_FIELD,
	NODE_CHAIN,
	NODE_VARIABLE,
	NODE_DOT,
	NODE_NIL,
	NODE_CONSTANT,
};

/* An identifier of a field chain, and the root type's field of that name. */
typedef struct ident {
	slice_t name;
	const field_t *root;
} ident_t;

struct function;

struct node {
	enum node_kind kind;
	size_t pos;
	node_t *next;  /* in a list of nodes, commands or arguments */
	node_t *first; /* ACTION, IF, RANGE, WITH, TEMPLATE: the pipeline; PIPE: its commands;
			* COMMAND: its words; CHAIN: what the fields are of */
	node_t *body;  /* IF, RANGE, WITH */
	node_t *otherwise;
	slice_t text;     /* TEXT, IDENTIFIER, TEMPLATE: its name; CONSTANT: as written */
	ident_t *idents;  /* FIELD, CHAIN, and VARIABLE, where the first is the variable itself */
	size_t count;     /* of idents; COMMAND: of words */
	size_t declares;  /* PIPE: how many variables */
	node_t *variable; /* PIPE: those variables, in a list */
	bool assigns;     /* PIPE: by = instead of := */
	bool integer;     /* CONSTANT: may stand for an integer */
	value_t value;    /* CONSTANT */
	const struct function *function; /* IDENTIFIER */
};

/* A template that {{ define }} or {{ block }} gave a name; the first one is the text's own. */
typedef struct definition {
	slice_t name;
	node_t *body;
	struct definition *next;
} definition_t;

struct tree {
	const char *name, *source;
	const type_t *root;
	definition_t *definitions;
};

/* What is known of a function: how many arguments it takes (most -1: any number). `call` fills out;
 * an error is noted without place, by call_fail(). */
typedef struct function {
	const char *name;
	int least, most;
	bool (*call)(run_t *r, const value_t *args, size_t count, value_t *out);
	const char *wants; /* a letter for each argument, s string, i int; NULL: anything */
} function_t;
const function_t *function_find(slice_t name);
/* Notes what a function found wrong: "error calling NAME: " comes in front. Returns false. */
bool call_fail(run_t *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A growing text, for what is printed at setup and for errors. */
typedef struct text {
	char *at;
	size_t len, room;
} text_t;
/* Prints a node as Go does; cut off at the room's end. */
void node_print(text_t *t, const node_t *n);
void text_add(text_t *t, const char *text, size_t len);
/* In double quotes, as Go has them. */
void text_quote(text_t *t, const char *text, size_t len);

/* A string or character constant with its quotes: its value into out, which has room for as many
 * bytes as the text. False: bad escapes. */
bool unquote(slice_t text, char *out, size_t *len);
bool unquote_char(slice_t text, int32_t *out);
/* A number constant: NULL, or what is wrong with it. *integer: it can stand for an integer. */
const char *number_parse(slice_t text, value_t *out, bool *integer);

/* The name of a value's type: "int", "string", "<nil>". */
const char *value_type(const value_t *v);
bool value_truth(const value_t *v);
size_t value_length(const value_t *v);
/* print, println and printf: write to the output. */
void print_values(run_t *r, const value_t *args, size_t count);
void print_line(run_t *r, const value_t *args, size_t count);
void print_format(run_t *r, const value_t *args, size_t count);
/* The comparing functions. */
bool compare_equal(run_t *r, const value_t *args, size_t count, value_t *out);
bool compare_unequal(run_t *r, const value_t *args, size_t count, value_t *out);
bool compare_less(run_t *r, const value_t *args, size_t count, value_t *out);
bool compare_less_equal(run_t *r, const value_t *args, size_t count, value_t *out);
bool compare_greater(run_t *r, const value_t *args, size_t count, value_t *out);
bool compare_greater_equal(run_t *r, const value_t *args, size_t count, value_t *out);
/* html, js and urlquery: what the arguments print as, escaped. */
bool escape_html(run_t *r, const value_t *args, size_t count, value_t *out);
bool escape_js(run_t *r, const value_t *args, size_t count, value_t *out);
bool escape_url(run_t *r, const value_t *args, size_t count, value_t *out);
/* Prints with fn into a text of its own, instead of the output. */
value_t run_capture(run_t *r, void (*fn)(run_t *r, const value_t *args, size_t count),
		    const value_t *args, size_t count);

#endif
