/*
 * The expression engine inside: tokens, nodes, types, instructions, and what is done with them where.
 *
 *	text ─lexer─▶ tokens ─parser─▶ nodes ─check─▶ nodes with types ─emit─▶ instructions ─run─▶ value
 *
 * Everything but the last step happens at setup, in one struct compilation, whose memory is the
 * expression's. Instructions work on a stack of values whose depth is known when they are emitted, so
 * that an evaluation never recurses, however deep the text is nested.
 */
#ifndef SODNS_LIB_EXPR_ENGINE_H
#define SODNS_LIB_EXPR_ENGINE_H

#include <sodns/regex.h>
#include <sodns/text.h>

#include "pool.h"
#include "table.h"

/* How deep a text may be nested; a chain of operators side by side is one level. */
#define NESTING_MAX 100u
#define NODES_MAX 10000u
/* How deep values may be nested, where they are compared, flattened or printed. */
#define VALUE_DEPTH_MAX 100u
/* What one evaluation may make (elements, and bytes of text), and how many steps it may take. */
#define MEMORY_MAX 1000000u
#define STEPS_MAX 1000000u

enum token_kind {
	TOKEN_IDENTIFIER,
	TOKEN_NUMBER,
	TOKEN_STRING,
	TOKEN_BYTES,
	TOKEN_OPERATOR,
	TOKEN_BRACKET,
	TOKEN_EOF
};

struct token {
	enum token_kind kind;
	uint32_t at, len; /* at: code points from the beginning */
	const char *text; /* strings: without quotes and escapes */
};

/* ---- types: Go's, as the oracle's messages name them */

enum type_kind {
	TYPE_UNKNOWN,
	TYPE_ANY,     /* interface{}: as unknown, but something can be assigned to it */
	TYPE_POINTER, /* to an interface{}: how the oracle declares variables of any type */
	TYPE_NIL,
	TYPE_BOOL,
	TYPE_INT,
	TYPE_FLOAT,
	TYPE_STRING,
	TYPE_BYTES,
	TYPE_ARRAY, /* []any, of which the elements' type may be known */
	TYPE_STRINGS,
	TYPE_INTS, /* these two stand in lists of parameters only */
	TYPE_FLOATS,
	TYPE_MAP,     /* map[string]any */
	TYPE_MAP_ANY, /* map[any]any */
	TYPE_GROUPS,  /* map[any][]any */
	TYPE_FUNCTION,
	TYPES
};

struct type {
	enum type_kind kind;
	const struct type *elem; /* of an array, NULL: any */
	const sodns_expr_function_t *function;
};

extern const struct type type_of[TYPES];
const struct type *type_public(enum sodns_expr_type t);
bool type_unknown(const struct type *t);
bool type_number(const struct type *t);
bool type_array(const struct type *t);
bool type_map(const struct type *t);
bool type_assignable(const struct type *from, const struct type *to);
bool type_comparable(const struct type *a, const struct type *b);
const struct type *type_element(const struct type *t);
const struct type *type_deref(const struct type *t);
/* The type's name, into buf where it has to be made. */
const char *type_text(const struct type *t, char buf[160]);

/* ---- nodes */

enum node_kind {
	NODE_NIL,
	NODE_BOOL,
	NODE_INT,
	NODE_FLOAT,
	NODE_STRING,
	NODE_BYTES,
	NODE_CONSTANT, /* an array of literals */
	NODE_IDENTIFIER,
	NODE_UNARY,
	NODE_BINARY,
	NODE_CHAIN,   /* the reach of a ?. */
	NODE_MEMBER,  /* base, property */
	NODE_SLICE,   /* base, from, to */
	NODE_CALL,    /* callee, arguments */
	NODE_BUILTIN, /* arguments */
	NODE_PREDICATE,
	NODE_POINTER,
	NODE_LET, /* value, what it is used in */
	NODE_SEQUENCE,
	NODE_CONDITIONAL, /* condition, then, else */
	NODE_ARRAY,
	NODE_MAP, /* key, value, key, value */
};

enum operator{
	OPERATOR_NONE,
	OPERATOR_PIPE,
	OPERATOR_OR,
	OPERATOR_AND,
	OPERATOR_EQUAL,
	OPERATOR_UNEQUAL,
	OPERATOR_LESS,
	OPERATOR_MORE,
	OPERATOR_LESS_EQUAL,
	OPERATOR_MORE_EQUAL,
	OPERATOR_IN,
	OPERATOR_MATCHES,
	OPERATOR_CONTAINS,
	OPERATOR_STARTS,
	OPERATOR_ENDS,
	OPERATOR_RANGE,
	OPERATOR_ADD,
	OPERATOR_SUBTRACT,
	OPERATOR_MULTIPLY,
	OPERATOR_DIVIDE,
	OPERATOR_MODULO,
	OPERATOR_POWER,
	OPERATOR_COALESCE,
	OPERATOR_NOT,
};

struct node {
	uint8_t kind, op;
	bool optional, method, folded;
	uint16_t depth;
	uint32_t at, count;
	struct node **kids;
	const struct type *type;
	sodns_value_t value; /* literals; names and the spelling of operators, as strings */
	const struct builtin *builtin;
	const sodns_expr_function_t *function;
};

/* ---- instructions */

enum instruction_code {
	DO_PUSH,     /* constants[arg] */
	DO_VARIABLE, /* push variables[arg] */
	DO_LOCAL,    /* push locals[arg] */
	DO_STORE,    /* pop into locals[arg] */
	DO_POP,
	DO_JUMP, /* to arg */
	DO_JUMP_IF_TRUE,
	DO_JUMP_IF_FALSE,
	DO_JUMP_IF_NIL,
	DO_JUMP_IF_NOT_NIL,
	DO_JUMP_IF_END, /* of the innermost loop */
	DO_NOT,
	DO_NEGATE,
	DO_BINARY,   /* operator n */
	DO_IN_SET,   /* constants[arg]: sorted strings or integers */
	DO_IN_RANGE, /* constants[arg] to constants[arg + 1] */
	DO_MATCH,    /* regexes[arg] */
	DO_FETCH,
	DO_SLICE,    /* n: 1 with a beginning, 2 with an end */
	DO_ARRAY,    /* of the n on top */
	DO_MAP,      /* of the n pairs on top */
	DO_FUNCTION, /* functions[arg], n arguments */
	DO_CALL,     /* the value below the n arguments */
	DO_BUILTIN,  /* builtins[arg], n arguments */
	DO_FAIL,     /* constants[arg] says why */
	DO_BEGIN,    /* pop an array, loop over it */
	DO_END,
	DO_NEXT,    /* one on (n 1) or back (n 0), and jump to arg */
	DO_TO_LAST, /* of the loop's items */
	DO_ITEM,
	DO_INDEX,
	DO_COUNT, /* push the loop's count */
	DO_COUNT_UP,
	DO_GET_SUM, /* the loop's accumulator */
	DO_SET_SUM,
	DO_COLLECT,   /* pop, append to what the loop makes */
	DO_COLLECTED, /* push that as an array */
	DO_GROUP,     /* the items by what was collected for each */
	DO_SORT,      /* the same, sorted; the order is popped */
};

struct instruction {
	uint8_t code;
	uint16_t n;
	uint32_t arg;
	uint32_t at; /* for errors */
};

struct sodns_expr {
	pool_t pool;
	const struct instruction *code;
	const sodns_value_t *constants;
	sodns_regex_t **regexes;
	const sodns_expr_function_t *const *functions;
	uint32_t code_count, regex_count;
	uint32_t stack, locals, loops; /* how many of each an evaluation needs */
	enum sodns_expr_type type;
};

/* ---- environment */

struct sodns_expr_env {
	pool_t pool;
	struct named_function {
		struct named_function *next;
		sodns_expr_function_t function;
		struct type type;
	} * functions;
	struct named_variable {
		struct named_variable *next;
		const char *name;
		const struct type *type;
		int number;
	} * variables;
	int variable_count;
};

/* What the table has of these; the rest is in run.c and text.c. */
sodns_expr_env_t *expr_env_new(void);
void expr_env_free(sodns_expr_env_t *env);
void expr_add_query_functions(sodns_expr_env_t *env);
void expr_add_function(sodns_expr_env_t *env, const sodns_expr_function_t *f);
int expr_add_variable(sodns_expr_env_t *env, const char *name, enum sodns_expr_type type);
bool expr_name_is_free(const sodns_expr_env_t *env, const char *name);
sodns_expr_t *expr_compile(sodns_expr_env_t *env, const char *text, char *err, size_t err_size);
void expr_free(sodns_expr_t *e);
enum sodns_expr_type expr_type(const sodns_expr_t *e);
int expr_eval(const sodns_expr_t *e, sodns_query_t *q, const sodns_value_t *variables, void *data,
	      sodns_value_t *result, const char **why);
const char *expr_value_to_text(sodns_query_t *q, const sodns_value_t *v);

const struct named_function *env_function(const sodns_expr_env_t *env, const char *name,
					  size_t len);
const struct named_variable *env_variable(const sodns_expr_env_t *env, const char *name,
					  size_t len);

/* ---- compilation */

/* Names of a `let`, or of a predicate's element. */
struct scope {
	struct scope *outer;
	const char *name; /* of a let */
	uint32_t len, local;
	const struct type *type;
	bool has_index, has_sum; /* of a predicate */
};

struct compilation {
	const sodns_expr_env_t *env;
	sodns_expr_t *expr;
	const char *source;
	uint32_t len;
	/* the lexer's place, and where the token began */
	uint32_t at_byte, at_rune, start_byte, start_rune;
	bool at_end, plain_word;
	/* the parser's */
	struct token token, stash;
	bool stashed;
	unsigned nesting, predicates, nodes;
	/* the first error */
	bool failed;
	uint32_t error_at;
	char message[512];
	/* the checker's and the emitter's */
	struct scope *lets, *predicate;
	struct emitter *emitter;
};

void *compile_alloc(struct compilation *c, size_t size);
/* Notes an error at a code point, if it is the first. */
void compile_fail(struct compilation *c, uint32_t at, const char *format, ...) SODNS_PRINTF(3, 4);
bool text_is(const char *text, size_t len, const char *word);
/* The operators of a chain that leans to the left ("a + b - c"), from the innermost one to n; with
 * `untyped` only those that have no type yet. */
struct node **node_spine(struct compilation *c, struct node *n, bool untyped, size_t *count);

/* lexer.c: the next token into c->token. */
void lex(struct compilation *c);
bool word_is_plain(const char *text, size_t len);
/* parser.c */
struct node *parse(struct compilation *c);
bool token_is(const struct token *t, enum token_kind kind, const char *text);
struct node *make_node(struct compilation *c, enum node_kind kind, uint32_t at, struct node **kids,
		       uint32_t count);
/* primary.c */
struct node *parse_expression(struct compilation *c, unsigned precedence);
struct node *parse_sequence(struct compilation *c);
struct node *parse_primary(struct compilation *c);
struct node *parse_call(struct compilation *c, const struct token *name, struct node *piped,
			bool overridable);
void parse_fail(struct compilation *c, const struct token *t, const char *format, ...)
	SODNS_PRINTF(3, 4);
const char *token_text(const struct token *t, char buf[160]);
void expect(struct compilation *c, enum token_kind kind, const char *text);
void advance(struct compilation *c);
/* check.c */
const struct type *check(struct compilation *c, struct node *n);
const struct type *array_of(struct compilation *c, const struct type *elem);
/* check_builtin.c */
const struct type *check_builtin(struct compilation *c, struct node *n);
const struct type *check_call(struct compilation *c, struct node *n,
			      const sodns_expr_function_t *f);
/* fold.c: arithmetic on literals, and arrays of literals, done at setup. */
void fold(struct compilation *c, struct node *n);
/* emit.c */
bool emit_all(struct compilation *c, struct node *n);
void emit(struct compilation *c, struct node *n);
uint32_t put(struct compilation *c, enum instruction_code code, uint32_t n, uint32_t arg,
	     int delta);
void patch(struct compilation *c, uint32_t at);
uint32_t emit_here(const struct compilation *c);
void emit_constant(struct compilation *c, sodns_value_t v);
void emit_fail(struct compilation *c, const char *why);
void emit_enter_loop(struct compilation *c, int by);
/* emit_loop.c */
void emit_predicate(struct compilation *c, struct node *n);

/* ---- the language's own functions */

struct run;
struct overload {
	uint8_t result;    /* enum type_kind */
	uint8_t params[4]; /* TYPE_UNKNOWN ends them */
};
struct builtin {
	const char *name;
	/* The type of a call whose arguments have their types, or NULL after an error; NULL:
	 * overloads. */
	const struct type *(*validate)(struct compilation *c, struct node *n);
	const struct overload *overloads;
	uint8_t overload_count;
	bool predicate;
	bool (*call)(struct run *r, const sodns_value_t *args, size_t count, sodns_value_t *out);
};
extern const struct builtin builtins[];
extern const size_t builtin_count;
const struct builtin *builtin_find(const char *name, size_t len);

/* ---- evaluation */

struct run {
	const sodns_expr_t *expr;
	sodns_query_t *query;
	void *data;
	uint32_t memory, steps; /* what is left of them */
	const char *why;
};

/* Memory for count values, or bytes; NULL when the limit is reached. */
sodns_value_t *run_values(struct run *r, size_t count);
char *run_text(struct run *r, size_t len);
bool run_fail(struct run *r, const char *why);
/* The same for a limit, which is counted. */
bool run_exceeded(struct run *r, const char *why);
bool run_spend(struct run *r, size_t steps);

/* operators.c */
bool value_binary(struct run *r, enum operator op, const sodns_value_t *a, const sodns_value_t *b,
		  sodns_value_t *out);
/* False too when it would take too many steps, which end the evaluation then. */
bool value_equal(struct run *r, const sodns_value_t *a, const sodns_value_t *b);
bool value_less(struct run *r, const sodns_value_t *a, const sodns_value_t *b, bool *less);
bool value_in_set(struct run *r, const sodns_value_t *set, const sodns_value_t *a, bool *in);
void set_sort(sodns_value_t *items, size_t count);
bool value_fetch(struct run *r, const sodns_value_t *base, const sodns_value_t *key,
		 sodns_value_t *out);
bool value_slice(struct run *r, const sodns_value_t *base, const sodns_value_t *from,
		 const sodns_value_t *to, sodns_value_t *out);
/* The value of a map's key, or NULL. */
const sodns_value_t *map_find(struct run *r, const sodns_value_t *map, const sodns_value_t *key);
/* As Go converts: floats lose what is behind the point. False: not a number. */
bool to_int(const sodns_value_t *v, int64_t *out);
bool to_float(const sodns_value_t *v, double *out);
/* operators.c: sorts items by keys (which may be items), stably. */
bool values_sort(struct run *r, sodns_value_t *items, sodns_value_t *keys, size_t count,
		 bool descending);
bool sort_order(struct run *r, const sodns_value_t *order, bool *descending);

/* text.c: into the query's arena. */
sodns_value_t value_print(struct run *r, const sodns_value_t *v);
/* A text that grows in the arena; its older copies stay there until the query ends. */
struct print {
	struct run *run;
	const struct print_style *style;
	char *text;
	size_t len, room;
	bool failed;
};
/* What values look like. Numbers of the kind int, truth and the walk are the same for all. */
struct print_style {
	const char *nil, *function; /* NULL: can't be printed */
	const char *map[2], *between, *colon;
	bool indented; /* each item on a line of its own */
	void (*number)(struct print *p, double d);
	void (*string)(struct print *p, const sodns_value_t *v);
	void (*bytes)(struct print *p, const sodns_value_t *v);
	void (*key)(struct print *p, const sodns_value_t *v, unsigned depth);
};
void print_bytes(struct print *p, const char *text, size_t len);
void print_text(struct print *p, const char *text);
/* In the print's style; depth: how many arrays and maps it lies in. */
void print_value(struct print *p, const sodns_value_t *v, unsigned depth);

#endif
