/*
 * Where the libraries beside libsodns are, and what stands in for one of them.
 */
#ifndef CORE_SYSTEM_LIBRARY_H
#define CORE_SYSTEM_LIBRARY_H

#include <sodns/library.h>

/* The folder that libsodns was loaded from, with a final slash; "" if that is not known. Any thread. */
void library_folder(char *out, size_t size);

/* Takes the library's place, in tests: a caller that asks for that name gets this table from now on. */
void library_instead(const char *name, const sodns_library_head_t *table);

#endif
