/*
 * Which EDNS options of a query come back in its answer.
 */
#ifndef CORE_MESSAGE_ENCODE_H
#define CORE_MESSAGE_ENCODE_H

#include <stdbool.h>

#include "message/query.h"

/* A bit for each code that plugins asked for. */
extern _Atomic(uint64_t) message_echoed_options[1024];
bool message_option_echoed(unsigned code);
/* Writes those of the query's options that a reply sends back; their length. */
size_t message_echo_options(uint8_t *out, const sodns_query_t *q);

#endif
