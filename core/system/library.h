/*
 * Where the libraries beside libsodns are.
 */
#ifndef CORE_SYSTEM_LIBRARY_H
#define CORE_SYSTEM_LIBRARY_H

#include <stddef.h>

/* The folder that libsodns was loaded from, with a final slash; "" if nobody knows. Any thread. */
void library_folder(char *out, size_t size);

#endif
