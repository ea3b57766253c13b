/*
 * log: one line for each query. What the folder's files share.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include <sodns/plugin.h>

/* Kinds of replies that a rule can pick, as bits. */
enum class { CLASS_ALL = 1, CLASS_SUCCESS = 2, CLASS_DENIAL = 4, CLASS_ERROR = 8 };

/* One piece of a compiled format: a value, or text as it stands. */
enum field {
	FIELD_TEXT,
	FIELD_METADATA,
	FIELD_TYPE,
	FIELD_NAME,
	FIELD_CLASS,
	FIELD_PROTO,
	FIELD_SIZE,
	FIELD_REMOTE,
	FIELD_PORT,
	FIELD_LOCAL,
	FIELD_ID,
	FIELD_OPCODE,
	FIELD_DO,
	FIELD_BUFSIZE,
	FIELD_RCODE,
	FIELD_RSIZE,
	FIELD_DURATION,
	FIELD_RFLAGS,
};

struct piece {
	enum field field;
	const char *text; /* of FIELD_TEXT, the metadata's key, or of an object the member's */
	size_t len;
};

struct rule {
	const uint8_t *scope;
	unsigned classes;
	bool json; /* lines are objects: pieces are fields, metadata last */
	const struct piece *pieces;
	size_t count;
};

struct log {
	struct rule *rules;
	size_t count;
};

/* What is said of a query once it is answered. */
struct outcome {
	const sodns_reply_t *reply;
	uint64_t began; /* when log saw the query */
	uint16_t flags; /* header bits as they leave */
};

#define LINE_MAX_LEN 4096

#define COMMON_FORMAT                                                                              \
	"{remote}:{port} - {>id} \"{type} {class} {name} {proto} {size} {>do} {>bufsize}\" "       \
	"{rcode} {>rflags} {rsize} {duration}"
#define COMBINED_FORMAT COMMON_FORMAT " \"{>opcode}\""

/* All of them: the members of an object. */
#define OBJECT_FORMAT                                                                              \
	"{remote}{port}{local}{proto}{>id}{>opcode}{class}{type}{name}{size}{>do}{>bufsize}"       \
	"{rcode}{>rflags}{rsize}{duration}"

/* Compiles a format; the pieces live as long as the configuration. */
void format_compile(sodns_setup_t *s, const char *format, struct rule *out);
/* Writes the rule's line to out; longer ones are cut. Returns the length. */
size_t format_write(const struct rule *rule, sodns_query_t *q, const struct outcome *o,
		    char out[LINE_MAX_LEN]);

/* The same for lines that are JSON objects: what the format has in placeholders are the members. */
void object_compile(sodns_setup_t *s, const char *format, struct rule *out);
/* Writes the members. What does not fit is left out. */
size_t object_write(const struct rule *rule, sodns_query_t *q, const struct outcome *of,
		    char out[SODNS_LOG_MEMBERS_MAX]);

/* "qr,aa,rd" */
#define FLAGS_TEXT_MAX 32
size_t flags_text(uint16_t flags, char out[FLAGS_TEXT_MAX]);

/* What kind of reply it is: "NODATA" and its like, and its class. */
const char *class_type(const sodns_query_t *q, sodns_reply_t *r, enum class *class_of);
const char *class_text(enum class c);
/* 0: there is no such class. */
enum class class_from_text(const char *text);

sodns_reply_t *log_serve(const sodns_handler_t *h, sodns_query_t *q);

#endif
