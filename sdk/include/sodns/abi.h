/*
 * What every header of the SDK needs: versions, the marks for symbols, the forward declarations of
 * the opaque types, the error values, and what holds for all functions:
 *
 * Errors. A function that returns int returns 0 or a positive figure when all is well, and one of the
 * negative values below when not. One that returns a pointer returns NULL when there is none: what can
 * make it fail beside memory is said where it is declared, as text in `err`, of `err_size` bytes and
 * ended by NUL, if the caller passes such a buffer. A function of setup or prepare notes the text
 * itself (sodns_error(), sodns_prepare_error()), so that its caller only returns SODNS_EINVAL. A
 * function that returns bool answers a question; false is no error.
 *
 * Lifetimes. Five pairs of verbs, and what they mean is the same everywhere: `_new` and `_free` memory of
 * the caller's own; `_open` and `_close` what is visible outside: a listener, an API; `_start` and
 * `_stop` what runs meanwhile, and does no more when `_stop` returns; `_keep` and `_release` one more and
 * one less that has a counted thing; `_begin` and `_end` what lies between two calls of one caller. Each
 * `_free` takes a `void *`, so that it can be given to sodns_retire() and sodns_bequeath(). All five
 * enders allow NULL.
 *
 * Texts and names. A `const char *` without a length beside it is text that a zero byte ends, both ways;
 * what has a length beside it need not end in one. Names in wire form (`const uint8_t *`) end with the
 * root label and have no length. A pointer that a function takes or returns is not NULL; one that may be
 * is told so, with what that means. Text and names that go in are not copied and have to live as long as
 * the object does that they are given to.
 *
 * Structs that plugins fill in begin with their size or end in room that is reserved and must be zero:
 * they are made by designated initializers, which see to that.
 */
#ifndef SODNS_ABI_H
#define SODNS_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SODNS_MAGIC 0x50534e44u /* "DNSP" */
#define SODNS_ABI_MAJOR 1
#define SODNS_ABI_MINOR 0
#define SODNS_SDK_VERSION "1.0.0"

#define SODNS_EXPORT __attribute__((visibility("default")))
#define SODNS_API __attribute__((visibility("default")))
#define SODNS_PRINTF(f, a) __attribute__((format(printf, f, a)))
/* The caller may be put aside before the call returns; a caller is marked so as well. */
#define SODNS_MAY_WAIT

typedef struct sodns_handler sodns_handler_t;
typedef struct sodns_query sodns_query_t;
typedef struct sodns_reply sodns_reply_t;
typedef struct sodns_setup sodns_setup_t;
typedef struct sodns_prepare sodns_prepare_t;
typedef struct sodns_zone sodns_zone_t;

/* Time is in nanoseconds everywhere, as a point (sodns_now()) and as a length: 500 * SODNS_MS. Only what DNS
 * counts in seconds, a TTL, is in seconds. */
#define SODNS_MS 1000000ull
#define SODNS_SECOND 1000000000ull
/* A length without an end. */
#define SODNS_FOREVER UINT64_MAX

enum sodns_status {
	SODNS_OK = 0,
	SODNS_EINVAL = -1,     /* an argument makes no sense */
	SODNS_ENOMEM = -2,     /* no memory, or a limit that stands for it */
	SODNS_ENOENT = -3,     /* there is no such thing */
	SODNS_EIO = -4,        /* the system refused; the text says what */
	SODNS_ETIMEOUT = -5,   /* the wait's bound or the deadline passed */
	SODNS_ECANCELLED = -6, /* the daemon stops, or the client has gone */
	SODNS_EBUSY = -7,      /* another caller has it */
	SODNS_ERANGE = -8,     /* it does not fit */
};

#endif
