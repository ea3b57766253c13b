/*
 * Key files: the key statements of BIND's named.conf.
 */
#ifndef TSIG_KEYFILE_H
#define TSIG_KEYFILE_H

#include <stddef.h>

/* A key as it is written. */
struct key_text {
	const char *name, *secret;
	const char *algorithm; /* "": none is named */
};

/* Calls fn(arg, key) for each key. 0, or not 0 with "LINE: reason" in err: of the text, or what fn
 * returned other than 0, which then has written err. */
int keyfile_parse(const char *text, size_t len,
		  int (*fn)(void *arg, const struct key_text *key, char *err, size_t err_size),
		  void *arg, char *err, size_t err_size);

#endif
