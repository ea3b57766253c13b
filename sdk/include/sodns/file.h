/*
 * Files that are read again when they have changed. A watcher looks at the name each time, never at
 * what it led to before: links, and folders that are swapped as a whole (as the kubelet swaps the files
 * of a ConfigMap), are followed anew. [any thread] throughout; may block.
 */
#ifndef SODNS_FILE_H
#define SODNS_FILE_H

#include <stddef.h>

#include <sodns/abi.h>

/* What tells one state of a file from the next. All zero: no state at all. */
typedef struct sodns_file_mark {
	uint64_t device, inode;
	int64_t size, modified, changed; /* times in ns */
	bool fresh; /* it changed just now: if it does so once more, it may bear the same mark */
} sodns_file_mark_t;

/* The state of the file that the path leads to; taken before the file is read, so that no change goes
 * unseen. SODNS_ENOENT: there is none, SODNS_EIO: it can't be looked at (errno says why); *out is all
 * zero then. */
SODNS_API int sodns_file_mark(const char *path, sodns_file_mark_t *out);
/* The same of an open descriptor. */
SODNS_API int sodns_file_mark_of(int fd, sodns_file_mark_t *out);
/* Whether both are the same state. No state is the same as none. */
SODNS_API bool sodns_file_same(const sodns_file_mark_t *a, const sodns_file_mark_t *b);

/* Opens a PEM file for reading: a certificate, or a key that the process itself may have no right to
 * read; its parent, which has, opens it then if nobody but others could have put it there. The
 * descriptor, which the caller closes, or a negative errno. */
SODNS_API int sodns_file_open_pem(const char *path);

/* What a relative path is relative to, as it is told to a user: " (in /etc/sodns)", put behind the error;
 * "" for an absolute path, and where the folder can't be told. Returns out. */
SODNS_API const char *sodns_file_place(const char *path, char *out, size_t size);
/* Writes why something can't be done with a file, in the words that all messages have: "VERB PATH: no
 * such file or directory", and the place of a relative path behind it. `error` is of errno. */
SODNS_API void sodns_file_error(char *out, size_t size, const char *verb, const char *path,
				int error);

#endif
