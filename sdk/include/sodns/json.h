/*
 * Reading and writing JSON (RFC 8259).
 *
 * Reading goes piece by piece, out of the text as it came: no tree, no memory, no copy. A reader
 * walks forward; what is not read is passed over.
 *
 *	sodns_json_t j;
 *	sodns_json_text_t key, name = {0};
 *	sodns_json_begin(&j, text, len);
 *	if (sodns_json_object(&j))
 *		while (sodns_json_member(&j, &key))
 *			if (sodns_json_is(&key, "name"))
 *				sodns_json_string(&j, &name);
 *	if (sodns_json_failed(&j))
 *		...                            // it was no JSON
 *
 * Each value is read at most once, by one of object, array, string, integer and boolean. They return
 * false for a value of another kind, which is passed over then: a file of another shape than expected
 * reads as one where things are missing. A loop over members or items is left by its end only. After
 * a syntax error every function returns false. Nesting of what is read is limited to SODNS_JSON_DEPTH;
 * duplicate keys are both seen. Texts are not checked to be UTF-8.
 *
 * Writing puts the members of an object, one behind the other, into a buffer of the caller's:
 *
 *	char buf[512];
 *	sodns_json_out_t o;
 *	sodns_json_out(&o, buf, sizeof(buf));
 *	sodns_json_put_string(&o, "name", text, len);
 *	sodns_json_put_integer(&o, "size", 41);   // buf: "name":"...","size":41 up to o.at
 *
 * A member that does not fit is left out whole (the call returns false and `cut` is set), so that what
 * stands there is well-formed whatever the limit. Text may be any bytes: it is escaped, and what is no
 * UTF-8 becomes U+FFFD, a byte each.
 *
 * What arrives in pieces, and is too long to be kept, is cut into values by sodns_json_scan(), and each
 * of them read as above.
 *
 * All functions: [any thread].
 */
#ifndef SODNS_JSON_H
#define SODNS_JSON_H

#include <string.h>

#include <sodns/abi.h>

#define SODNS_JSON_DEPTH 64

typedef struct sodns_json {
	const char *at, *end;
	uint64_t
		kinds; /* of the containers that the reader is in: 1 an object; the innermost is bit 0 */
	uint8_t depth;
	bool pending; /* a value begins here that was not read */
	bool first;   /* nothing of the innermost container was read */
	bool failed;
} sodns_json_t;

/* A string as it stands in the text, without its quotes; a pointer into the text. */
typedef struct sodns_json_text {
	const char *at;
	size_t len;
	bool escaped; /* there are backslashes in it: sodns_json_copy() resolves them */
} sodns_json_text_t;

/* Begins at the value that the text is; what follows it in the text is not looked at. */
SODNS_API void sodns_json_begin(sodns_json_t *j, const char *text, size_t len);
/* Steps into an object or an array. */
SODNS_API bool sodns_json_object(sodns_json_t *j);
SODNS_API bool sodns_json_array(sodns_json_t *j);
/* Moves to the next member of the object, whose key is set; or to the next item of the array. False
 * at its end: the reader stands behind it. */
SODNS_API bool sodns_json_member(sodns_json_t *j, sodns_json_text_t *key);
SODNS_API bool sodns_json_item(sodns_json_t *j);
/* Values. *out is left alone where they return false. An integer with a fraction or an exponent, or
 * one that does not fit, is none. */
SODNS_API bool sodns_json_string(sodns_json_t *j, sodns_json_text_t *out);
SODNS_API bool sodns_json_integer(sodns_json_t *j, int64_t *out);
SODNS_API bool sodns_json_boolean(sodns_json_t *j, bool *out);
/* Passes over a value, whatever it is. */
SODNS_API void sodns_json_skip(sodns_json_t *j);
/* The bytes of a value, whatever it is, which is passed over. */
SODNS_API bool sodns_json_raw(sodns_json_t *j, sodns_json_text_t *out);
/* Whether the text was found to be no JSON. What was not read has not been looked at closely. */
SODNS_API bool sodns_json_failed(const sodns_json_t *j);

/* The text with its escapes resolved, in UTF-8, and a final zero; cut off at size. Returns its whole
 * length. */
SODNS_API size_t sodns_json_copy(const sodns_json_text_t *t, char *out, size_t size);
/* Whether the text is this one, escapes resolved. */
SODNS_API bool sodns_json_equal(const sodns_json_text_t *t, const char *text, size_t len);
static inline bool sodns_json_is(const sodns_json_text_t *t, const char *text)
{
	size_t len = strlen(text);
	if (__builtin_expect(t->escaped, 0))
		return sodns_json_equal(t, text, len);
	return t->len == len && !memcmp(t->at, text, len);
}

/* Where a walk through JSON stands that looks at brackets and strings alone. All zero before the first
 * byte. */
typedef struct sodns_json_scan {
	uint32_t depth; /* of brackets */
	bool in_string, escaped;
} sodns_json_scan_t;

/* Walks on through the bytes from `at`: to behind the bracket that closes what was opened at depth `base`,
 * which s->depth is then, or to the end; returns where. The first byte of a walk at that depth is
 * an opening bracket, or of a string. Which kind of bracket closes which is not looked at: the reader
 * of the value does. A few bytes a nanosecond. */
SODNS_API const char *sodns_json_scan(sodns_json_scan_t *s, const char *at, const char *end,
				      uint32_t base);

typedef struct sodns_json_out {
	char *at, *end; /* where the next member goes, and where the buffer ends */
	bool first;     /* nothing of the innermost object was written */
	bool cut;       /* something was left out */
} sodns_json_out_t;

SODNS_API void sodns_json_out(sodns_json_out_t *o, char *buf, size_t size);
SODNS_API bool sodns_json_put_string(sodns_json_out_t *o, const char *key, const char *text,
				     size_t len);
/* As much of the text as fits: for what is read by people. */
SODNS_API bool sodns_json_put_beginning(sodns_json_out_t *o, const char *key, const char *text,
					size_t len);
SODNS_API bool sodns_json_put_integer(sodns_json_out_t *o, const char *key, int64_t value);
SODNS_API bool sodns_json_put_boolean(sodns_json_out_t *o, const char *key, bool value);
/* A value that is JSON already. */
SODNS_API bool sodns_json_put_raw(sodns_json_out_t *o, const char *key, const char *text,
				  size_t len);
/* An object as a member: what is put until the close is inside. False: it does not fit, and is not to
 * be closed. */
SODNS_API bool sodns_json_open(sodns_json_out_t *o, const char *key);
SODNS_API void sodns_json_close(sodns_json_out_t *o);

#endif
