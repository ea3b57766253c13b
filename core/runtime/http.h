/*
 * What the HTTP server needs of the process around it.
 */
#ifndef CORE_RUNTIME_HTTP_H
#define CORE_RUNTIME_HTTP_H

#include "http/provider.h"

/* Where its sockets come from; a daemon sets it before the first listener is opened. */
extern http_sockets_t http_sockets;

#endif
