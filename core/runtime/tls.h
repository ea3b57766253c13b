/*
 * What TLS contexts need of the process around them.
 */
#ifndef CORE_RUNTIME_TLS_H
#define CORE_RUNTIME_TLS_H

/* Opens a file with a key: the descriptor, or a negative errno. Who has given up the right to read
 * keys sets it before the first context is loaded. */
extern int (*tls_open_key)(const char *path);

#endif
