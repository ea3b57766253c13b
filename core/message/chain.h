/*
 * The link of a chain, as the host makes it: the SDK's handler with what comes after it. It stands
 * this far down because replies note the plugin that made them.
 */
#ifndef CORE_MESSAGE_CHAIN_H
#define CORE_MESSAGE_CHAIN_H

#include <sodns/plugin.h>

struct handler {
	sodns_handler_t pub; /* first: the SDK's pointer is this struct's */
	sodns_reply_t *(*serve)(const sodns_handler_t *h, sodns_query_t *q);
	const struct handler *next;
};

#endif
