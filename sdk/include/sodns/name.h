/*
 * Domain names. In sodns a name is its uncompressed wire form: labels with a length byte each,
 * ending in the root's zero byte, at most 255 bytes (RFC 1035, 3.1). Text exists at the edges only:
 * Corefiles, logs, zone files. A name taken from a query or a zone is lower case unless it says
 * otherwise. All functions here: [any thread].
 */
#ifndef SODNS_NAME_H
#define SODNS_NAME_H

#include <sodns/abi.h>

#define SODNS_NAME_MAX 255
/* Longest text of a name with every byte escaped, and the final zero. */
#define SODNS_NAME_TEXT_MAX 1025

/* Bytes of the name, the root's zero included. */
SODNS_API size_t sodns_name_length(const uint8_t *name);

/* Labels of the name, the root's not counted. */
SODNS_API unsigned sodns_name_labels(const uint8_t *name);

/* A hash of a lower-case name, another one in each run of the daemon, so that names can't be chosen
 * that collide: for tables of names. */
SODNS_API uint64_t sodns_name_hash(const uint8_t *name);

/* Same name, letter case aside (RFC 4343). */
SODNS_API bool sodns_name_equal(const uint8_t *a, const uint8_t *b);

/* name is zone or lies below it. */
SODNS_API bool sodns_name_is_below(const uint8_t *name, const uint8_t *zone);

/* The name without its n leftmost labels; a pointer into it. The root if it has fewer. */
SODNS_API const uint8_t *sodns_name_parent(const uint8_t *name, unsigned n);

/* Canonical order of RFC 4034, 6.1: negative, zero, positive. */
SODNS_API int sodns_name_compare(const uint8_t *a, const uint8_t *b);

/* Text to wire form, relative names completed by origin (NULL: the root). Understands \DDD and \X.
 * Letter case is kept. Returns the length, or SODNS_EINVAL for what is no name. */
SODNS_API int sodns_name_from_text(const char *text, const uint8_t *origin,
				   uint8_t out[SODNS_NAME_MAX]);

/* Wire form to text with a final dot, escaped as in zone files. Returns the length of the text. */
SODNS_API size_t sodns_name_to_text(const uint8_t *name, char out[SODNS_NAME_TEXT_MAX]);

/* The name that stands in a message at offset `at`, compressed or not (RFC 1035, 4.1.4), checked and
 * unpacked; letter case is kept. Returns the offset behind it, or 0 for what is no name. */
SODNS_API size_t sodns_name_from_message(const uint8_t *message, size_t len, size_t at,
					 uint8_t out[SODNS_NAME_MAX]);

/* Copies a name and makes its letters lower case; out may be name. Returns the length. */
SODNS_API size_t sodns_name_lower(const uint8_t *name, uint8_t out[SODNS_NAME_MAX]);

/* The longest of `count` zones that name lies in, or NULL. */
SODNS_API const uint8_t *sodns_name_match(const uint8_t *name, const uint8_t *const *zones,
					  size_t count);

#endif
