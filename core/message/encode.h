/*
 * Which EDNS options of a query come back in its answer.
 */
#ifndef CORE_MESSAGE_ENCODE_H
#define CORE_MESSAGE_ENCODE_H

#include <stdbool.h>

bool message_option_echoed(unsigned code);

#endif
