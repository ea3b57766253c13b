/*
 * Connections of the client: a server's addresses, and a socket that is connected to one of them, within a
 * time.
 */
#ifndef SODNS_LIB_HTTP_DIAL_H
#define SODNS_LIB_HTTP_DIAL_H

#include "url.h"

#include <sodns/net.h>

/* A connected socket that does not block; `at` is where. -1: the reason is in err. `end`, of sodns_now(), is
 * when it gives up. [may wait] */
int http_dial(const http_url_t *url, uint64_t end, sodns_address_t *at, char *err, size_t err_size);
/* Milliseconds that are left, at least 1 while there are some; 0: it has passed. */
uint64_t http_left(uint64_t end);

#endif
