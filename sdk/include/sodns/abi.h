/*
 * What every header of the SDK needs: versions, the marks for symbols, the forward declarations of
 * the opaque types, and the error values. Functions that return int return 0 or a positive figure
 * when all is well and one of the negative values below when not; text for people is made where the
 * error happens and travels by sodns_error() (configuration) or sodns_fail() (queries).
 *
 * What holds where a function does not say otherwise. A `const char *` without a length beside it is text
 * that a zero byte ends, both ways; what has a length beside it need not end in one. Names in wire form
 * (`const uint8_t *`) end with the root label and have no length. A pointer that a function takes or
 * returns is not NULL; one that may be is told so, with what that means. Text and names that go in are
 * not copied and have to live as long as the object does that they are given to.
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

enum sodns_status {
	SODNS_OK = 0,
	SODNS_EINVAL = -1,    /* an argument makes no sense */
	SODNS_ENOMEM = -2,    /* no memory, or a limit that stands for it */
	SODNS_ENOENT = -3,    /* there is no such thing */
	SODNS_EIO = -4,       /* the system refused; the text says what */
	SODNS_TIMEOUT = -5,   /* the wait's bound or the deadline passed */
	SODNS_CANCELLED = -6, /* the daemon stops, or the client has gone */
	SODNS_EBUSY = -7,     /* somebody else has it */
	SODNS_ERANGE = -8,    /* it does not fit */
};

#endif
