/*
 * What a plain line of the log may hold. Texts come from clients, upstreams and APIs: a control
 * character among them would let those write lines of their own, or move a reader's terminal. Each
 * byte of one, and each that is no UTF-8, becomes \xNN; the end of a line becomes a blank. Every plain
 * line passes here.
 */
#ifndef CORE_REPORT_LOG_TEXT_H
#define CORE_REPORT_LOG_TEXT_H

#include <stddef.h>

/* How many bytes of the text stand in a line as they are, from its beginning on. */
size_t log_text_plain(const char *p, size_t n);

/* Writes what a character that is not plain, at the text's beginning, becomes; *len is its length.
 * Returns how many bytes of the text that was. */
#define LOG_TEXT_MAX 16u
size_t log_text_escape(const char *p, size_t n, char out[LOG_TEXT_MAX], size_t *len);

/* The length of the text as it stands in a line. */
size_t log_text_length(const char *p, size_t n);

#endif
