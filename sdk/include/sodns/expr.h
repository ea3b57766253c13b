/*
 * Expressions in the Corefile, such as `type() in ['A', 'AAAA'] && incidr(client_ip(), '10.0.0.0/8')`:
 * the language is expr-lang's (https://expr-lang.org/docs/language-definition), as CoreDNS's view
 * and template have it.
 *
 * An *environment* holds the functions and variables that expressions may name; a plugin makes one in
 * setup, and adds its own to the ones that tell about a query. A text is compiled in it once: names,
 * types and arguments are checked then, and a refusal says what and where, as the oracle words it.
 * Within a query the compiled expression is evaluated in the query's arena, without a lock, and
 * without an allocation unless `matches` has a pattern that is not constant.
 *
 *	static bool group(sodns_expr_call_t *c)           // group(name)
 *	{
 *		const struct match *m = c->data;          // what sodns_expr_eval() was given
 *		c->result = sodns_value_text(find(m, &c->args[0]));
 *		return true;
 *	}
 *
 *	sodns_expr_env_t *env = sodns_expr_env_new(err, sizeof(err));
 *	sodns_expr_add_query_functions(env);
 *	sodns_expr_add_function(env, &(sodns_expr_function_t){.name = "group", .call = group,
 *		.result = SODNS_EXPR_STRING, .params = {SODNS_EXPR_ANY}});
 *	int num = sodns_expr_add_variable(env, "num", SODNS_EXPR_INT);
 *	sodns_expr_t *e = sodns_expr_compile(env, "num < 100", err, sizeof(err));
 *
 * An evaluation that fails (an int() of letters, an index out of range, a division by zero with `%`,
 * a million elements made, a million steps taken) has no value; what that means is the plugin's
 * business. Not there: time zones and the functions `now`, `date`, `duration`, `timezone`.
 */
#ifndef SODNS_EXPR_H
#define SODNS_EXPR_H

#include <string.h>

#include <sodns/query.h>

typedef struct sodns_expr_env sodns_expr_env_t;
typedef struct sodns_expr sodns_expr_t;

enum sodns_value_kind {
	SODNS_VALUE_NIL,
	SODNS_VALUE_BOOL,
	SODNS_VALUE_INT,
	SODNS_VALUE_FLOAT,
	SODNS_VALUE_STRING,
	SODNS_VALUE_BYTES, /* b'...': like a string, another type */
	SODNS_VALUE_ARRAY,
	SODNS_VALUE_MAP,
	SODNS_VALUE_FUNCTION, /* a function that was named and not called */
};

/* A value: small, copied freely. What it points to lives as long as the query, or the expression for
 * constants. */
typedef struct sodns_value {
	uint32_t kind;  /* enum sodns_value_kind */
	uint32_t count; /* bytes of a string, items of an array, pairs of a map */
	union {
		bool boolean;
		int64_t integer;
		double number;
		const char *text;                /* not ended by a zero */
		const struct sodns_value *items; /* of a map: key, value, key, value */
		const void *other;
	};
} sodns_value_t;

static inline sodns_value_t sodns_value_bool(bool b)
{
	return (sodns_value_t){.kind = SODNS_VALUE_BOOL, .boolean = b};
}

static inline sodns_value_t sodns_value_int(int64_t i)
{
	return (sodns_value_t){.kind = SODNS_VALUE_INT, .integer = i};
}

static inline sodns_value_t sodns_value_float(double d)
{
	return (sodns_value_t){.kind = SODNS_VALUE_FLOAT, .number = d};
}

/* len bytes at text, which must live as long as the query. */
static inline sodns_value_t sodns_value_string(const char *text, size_t len)
{
	return (sodns_value_t){.kind = SODNS_VALUE_STRING, .count = (uint32_t)len, .text = text};
}

/* A text ended by a zero; NULL is "". */
static inline sodns_value_t sodns_value_text(const char *text)
{
	return sodns_value_string(text ? text : "", text ? strlen(text) : 0);
}

/* A value as people read it, Go's %v: `5`, `1.5`, `<nil>`, `[a b]`, `map[k:v]`; ended by a zero, in
 * the query's arena. An environment has been made. [query] */
SODNS_API const char *sodns_value_to_text(sodns_query_t *q, const sodns_value_t *v);

/* Types, for the check at setup. */
enum sodns_expr_type {
	SODNS_EXPR_NONE, /* ends a list of parameters */
	SODNS_EXPR_ANY,  /* known when it is evaluated */
	SODNS_EXPR_BOOL,
	SODNS_EXPR_INT,
	SODNS_EXPR_FLOAT,
	SODNS_EXPR_STRING,
	SODNS_EXPR_BYTES,
	SODNS_EXPR_ARRAY,   /* of anything */
	SODNS_EXPR_STRINGS, /* an array of strings */
	SODNS_EXPR_MAP,     /* from strings to anything */
};

#define SODNS_EXPR_PARAMS_MAX 4

/* A call of a plugin's function. The arguments have the kinds that its parameters name. */
typedef struct sodns_expr_call {
	sodns_query_t *query;
	void *arg;  /* of the function */
	void *data; /* of this evaluation */
	const sodns_value_t *args;
	size_t count;
	sodns_value_t result; /* nil before the call; must be of the function's result type */
} sodns_expr_call_t;

typedef struct sodns_expr_function {
	const char *name; /* kept as a pointer, as is arg */
	uint8_t result;   /* enum sodns_expr_type */
	uint8_t params[SODNS_EXPR_PARAMS_MAX];
	bool can_fail;                      /* only for how its type is worded in errors */
	bool (*call)(sodns_expr_call_t *c); /* false: the evaluation fails. Must not wait. */
	void *arg;
	const void *reserved; /* NULL */
} sodns_expr_function_t;

/* An environment with the language's own functions only. Used by one thread; the caller frees it,
 * after the expressions compiled in it. The first one of the process opens the library that expressions
 * are in. NULL: it can't be opened, err says why. [setup] */
SODNS_API sodns_expr_env_t *sodns_expr_env_new(char *err, size_t err_size);
SODNS_API void sodns_expr_env_free(void *env);
/* The functions of CoreDNS's view: type() name() class() proto() size() client_ip() port() id()
 * opcode() do() bufsize() server_ip() server_port() incidr() metadata(). */
SODNS_API void sodns_expr_add_query_functions(sodns_expr_env_t *env);
/* Adds a function; one that has its name is replaced, the language's own included. */
SODNS_API void sodns_expr_add_function(sodns_expr_env_t *env, const sodns_expr_function_t *f);
/* Adds a variable and returns its number: the index of its value in what sodns_expr_eval() is given.
 * The name is copied. */
SODNS_API int sodns_expr_add_variable(sodns_expr_env_t *env, const char *name,
				      enum sodns_expr_type type);
/* Whether a variable may have this name: an identifier that no keyword, literal, function or variable
 * has. */
SODNS_API bool sodns_expr_name_is_free(const sodns_expr_env_t *env, const char *name);

/* Compiles a text. NULL: err has the reason, with line and column and the line of text. [setup] */
SODNS_API sodns_expr_t *sodns_expr_compile(sodns_expr_env_t *env, const char *text, char *err,
					   size_t err_size);
SODNS_API void sodns_expr_free(void *e);
/* The type of its value, as far as it is known at setup: for a variable that will hold it. */
SODNS_API enum sodns_expr_type sodns_expr_type(const sodns_expr_t *e);

/* Evaluates within a query: `variables` are the values of the environment's variables, as many as
 * it had when e was compiled; `data` goes to the functions. 0, or SODNS_EINVAL with the reason in
 * *why (NULL: not wanted; a constant text). Does not wait. [query] */
SODNS_API int sodns_expr_eval(const sodns_expr_t *e, sodns_query_t *q,
			      const sodns_value_t *variables, void *data, sodns_value_t *result,
			      const char **why);
/* Whether it evaluates to true: a failure and every other value is false. [query] */
SODNS_API bool sodns_expr_is_true(const sodns_expr_t *e, sodns_query_t *q,
				  const sodns_value_t *variables, void *data);

#endif
