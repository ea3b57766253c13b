/*
 * Files that are read again when they have changed. A watcher looks at the name each time, never at
 * what it led to before: links, and folders that are swapped as a whole (as the kubelet swaps the files
 * of a ConfigMap), are followed anew. [any thread] throughout; may block.
 */
#ifndef SODNS_FILE_H
#define SODNS_FILE_H

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

#endif
