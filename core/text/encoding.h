/*
 * Bytes as digits of a power of two (RFC 4648), piece by piece: what a zone file has in several words is
 * one text. The functions for whole texts (sodns/text.h) are made of these.
 */
#ifndef CORE_TEXT_ENCODING_H
#define CORE_TEXT_ENCODING_H

#include <sodns/text.h>

typedef struct encoding encoding_t;
extern const encoding_t encoding_hex, encoding_base32hex, encoding_base64, encoding_base64url;

/* What one text has come to; zero at its beginning. */
typedef struct decoder {
	uint32_t bits;
	unsigned have; /* of them, that made no byte yet */
	unsigned digits, padding;
} decoder_t;

/* Decodes a piece. The bytes written, SODNS_EINVAL or SODNS_ERANGE. A piece of n characters makes n bytes
 * at most. */
ptrdiff_t decode_piece(decoder_t *d, const encoding_t *e, const char *text, size_t len, void *out,
		       size_t room);
/* Whether the text may end here. */
bool decode_end(const decoder_t *d, const encoding_t *e);

#endif
