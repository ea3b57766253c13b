/*
 * Which EDNS options of a query come back in its answer, and which of an upstream's go on.
 */
#ifndef CORE_MESSAGE_ENCODE_H
#define CORE_MESSAGE_ENCODE_H

#include <stdbool.h>

#include "message/query.h"

/* Options with this code come back as they came from now on. [any thread] */
void message_echo_option(unsigned code);
/* Writes those of the query's options that a reply sends back; their length. out NULL: only that. */
size_t message_echo_options(uint8_t *out, const sodns_query_t *q);
/* Takes out of another server's options, which have been checked, what is not to be passed on. The
 * length of what stays. */
size_t message_pass_options(uint8_t *options, size_t len);

#endif
