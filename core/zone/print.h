/*
 * The printer's inside: RDATA as text, cut off where there is no room.
 */
#ifndef CORE_ZONE_PRINT_H
#define CORE_ZONE_PRINT_H

#include <sodns/name.h>
#include <sodns/rr.h>
#include <sodns/text.h>

typedef struct printer {
	char *out;
	size_t size, len;
} printer_t;

void printer_text(printer_t *p, const char *text);
void printer_number(printer_t *p, uint64_t v);
/* Characters, those of `escaped` behind a backslash, what cannot be printed as \DDD. */
void printer_chars(printer_t *p, const uint8_t *bytes, size_t len, const char *escaped);
void printer_address(printer_t *p, int family, const uint8_t *bytes);
void printer_hex(printer_t *p, const uint8_t *bytes, size_t len);
void printer_base64(printer_t *p, const uint8_t *bytes, size_t len);
/* A well-formed field of a type that is rare; false: its letter is none of those. */
bool printer_rare(printer_t *p, char field, const uint8_t *b, size_t len);
/* Well-formed SvcParams. */
void printer_svcb(printer_t *p, const uint8_t *b, size_t len);

#endif
