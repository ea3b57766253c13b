/*
 * Libraries that are opened when they are first asked for. What is heavy and most configurations have
 * no use for (TLS, an HTTP server, a cloud's client) lies in a shared object of its own beside libsodns,
 * and costs nothing until then. It exports one table of functions; the other half, the face, is
 * compiled into what uses it, and passes on.
 *
 * Both halves include a header with the table, which begins with a head:
 *
 *	typedef struct clouds_table {
 *		sodns_library_head_t head;
 *		int (*list)(const char *region, char *err, size_t err_size);
 *	} clouds_table_t;
 *
 * The library, libsodns-clouds.so.1, which sodns_add_library() of the CMake package builds, defines it:
 *
 *	SODNS_LIBRARY(clouds, clouds_table_t) = {
 *		.head = {.id = "com.example.clouds", .version = 1, .size = sizeof(clouds_table_t)},
 *		.list = list,
 *	};
 *
 * The face opens it, where it may block and can say what went wrong:
 *
 *	static const sodns_library_t library = {.size = sizeof(library), .name = "clouds",
 *		.what = "the client of clouds", .id = "com.example.clouds", .version = 1,
 *		.table_size = sizeof(clouds_table_t)};
 *	const clouds_table_t *t = sodns_library_open(&library, err, sizeof(err));
 */
#ifndef SODNS_LIBRARY_H
#define SODNS_LIBRARY_H

#include <sodns/abi.h>

/* What every table begins with. The id is the maker's, for good: "com.example.clouds". The version goes
 * up when the meaning of what is there changes; a function more at the table's end changes its size
 * alone. */
typedef struct sodns_library_head {
	const char *id;
	uint32_t version;
	uint32_t size; /* of the table */
} sodns_library_head_t;

/* What a face asks for. */
typedef struct sodns_library {
	uint32_t size;    /* of this struct */
	const char *name; /* the file is libsodns-NAME.so.1 beside libsodns, the table in it
			   * sodns_NAME_library */
	const char *what; /* for messages: "the HTTP server" */
	const char *id;
	uint32_t version;
	uint32_t table_size; /* as far as the face knows the table */
} sodns_library_t;

/* The head of the library's table, which is opened at the first call and stays for as long as the
 * process lives; later calls, and those of other faces, get the same one. NULL: the reason is in err,
 * and it is tried again the next time: there is no such file, or it has another id or version, or its
 * table is shorter than the face's. Blocks. [any thread] */
SODNS_API const void *sodns_library_open(const sodns_library_t *l, char *err, size_t err_size);

/* Defines a library's table. */
#define SODNS_LIBRARY(name, type)                                                                  \
	SODNS_EXPORT extern const type sodns_##name##_library;                                     \
	const type sodns_##name##_library

#endif
