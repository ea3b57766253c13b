/*
 * Go's text/template, as far as a DNS server's users write it: a text with {{ actions }} is parsed
 * once, and executed on some data for each query. The engine knows nothing of DNS: what the data
 * are, which fields they have and how they print is told by types, which the caller describes.
 *
 * Parsing takes memory from the configuration, executing takes it from the query; both by the
 * `memory` they are given. Execution is bounded: in output, in steps, and in depth. Errors are
 * worded as Go words them.
 */
#ifndef TEMPLATE_ENGINE_H
#define TEMPLATE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTPUT_MAX 65536u
#define STEPS_MAX 20000u
#define ERROR_MAX 512u

/* Where memory comes from: never NULL, never given back one by one. */
typedef struct memory {
	void *(*alloc)(void *from, size_t size);
	void *from;
} memory_t;

/* A piece of text, not closed by a zero. */
typedef struct slice {
	const char *at;
	size_t len;
} slice_t;

enum kind { NIL, BOOL, INT, UINT, FLOAT, STRING, LIST, MAP, OBJECT };

typedef struct type type_t;
typedef struct run run_t;

/* A value of Go's, one word for what it is and one for what it has. */
typedef struct value {
	enum kind kind;
	uint8_t bits; /* INT and UINT: 8, 16, 32, 64; 0 stands for int and uint */
	uint32_t len; /* STRING, LIST */
	union {
		bool truth;
		int64_t i;
		uint64_t u;
		double f;
		const char *text;
		const void *data; /* LIST, MAP, OBJECT: what the type knows; OBJECT: NULL is nil */
	};
	const type_t *type; /* LIST, MAP, OBJECT */
	uint32_t from;      /* LIST: where a slice of it begins */
} value_t;

/* A field or method of an object. */
typedef struct field {
	const char *name;
	void (*get)(run_t *r, const void *object, const value_t *arg, value_t *out);
	bool method;
	bool wants_string; /* a method with one argument, a string */
	bool hidden;       /* unexported */
} field_t;

struct type {
	const char *name; /* "*dns.Msg" */
	/* LIST: the element at i, which is there. */
	void (*at)(run_t *r, const void *data, size_t i, value_t *out);
	/* MAP: how many entries, an entry by key, and the entries in the order of their keys. */
	size_t (*count)(const void *data);
	bool (*find)(run_t *r, const void *data, slice_t key, value_t *out);
	void (*entry)(run_t *r, const void *data, size_t i, value_t *key, value_t *out);
	/* MAP: what `index` gives for a key that is not there. */
	value_t absent;
	/* OBJECT: its fields up to one without name, and how it prints. */
	const field_t *fields;
	void (*print)(run_t *r, const void *data);
	/* A struct, not a pointer to one: an action prints it as its String method does, fmt by its
	 * fields, as here. */
	void (*print_fields)(run_t *r, const void *data);
	bool plain;
};

/* A parsed template. */
typedef struct tree tree_t;
typedef struct node node_t;

/* Parses text, whose data will be an object of type `root`. NULL: the reason is in err, worded
 * "template: NAME:LINE: reason". The text must live as long as the tree. */
tree_t *tree_parse(const char *name, const char *text, const type_t *root, memory_t memory,
		   char err[ERROR_MAX]);
/* The template as Go prints it back, closed by a zero. */
const char *tree_text(const tree_t *t, memory_t memory);
/* What the template says before its first action; all of it if it has none (*whole). */
slice_t tree_prefix(const tree_t *t, bool *whole);

/* One execution. The output lies in memory that grows; it is not closed by a zero. */
struct run {
	memory_t memory;
	const tree_t *tree;
	const void *context; /* the caller's own */
	char *out;
	size_t len, room;
	unsigned steps, depth;
	bool failed;
	char error[ERROR_MAX];
	struct variable *variables;
	size_t variable_count, variable_room;
	const struct node *at, *calling; /* what is being evaluated and called, for errors */
	slice_t name;                    /* of the template that is being executed */
	enum { WALKING, BREAKING, CONTINUING } control;
};
/* Executes the template on an object of the root type. False: the reason is in r->error. */
bool tree_execute(const tree_t *t, const void *data, run_t *r, memory_t memory,
		  const void *context);

/* For types: output, memory, and values. */
void run_write(run_t *r, const char *text, size_t len);
void run_print(run_t *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void *run_alloc(run_t *r, size_t size);
/* Notes an error at the place that is being evaluated; the first one counts. Returns false. */
bool run_fail(run_t *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The value as fmt's %v has it. */
void run_print_value(run_t *r, const value_t *v);

static inline value_t value_nil(void)
{
	return (value_t){.kind = NIL};
}

/* Of an interface, which is there: other than of what there is not, its fields are an error. */
static inline value_t value_nil_interface(void)
{
	return (value_t){.kind = NIL, .bits = 1};
}

static inline value_t value_bool(bool b)
{
	return (value_t){.kind = BOOL, .truth = b};
}

static inline value_t value_int(int64_t i)
{
	return (value_t){.kind = INT, .i = i};
}

static inline value_t value_uint(uint64_t u, uint8_t bits)
{
	return (value_t){.kind = UINT, .bits = bits, .u = u};
}

static inline value_t value_float(double f)
{
	return (value_t){.kind = FLOAT, .bits = 64, .f = f};
}

static inline value_t value_string(const char *text, size_t len)
{
	return (value_t){.kind = STRING, .text = text, .len = (uint32_t)len};
}

static inline value_t value_object(const type_t *type, const void *data)
{
	return (value_t){.kind = OBJECT, .type = type, .data = data};
}

static inline value_t value_map(const type_t *type, const void *data)
{
	return (value_t){.kind = MAP, .type = type, .data = data};
}

static inline value_t value_list(const type_t *type, const void *data, size_t len)
{
	return (value_t){.kind = LIST, .type = type, .data = data, .len = (uint32_t)len};
}

#endif
