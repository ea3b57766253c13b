/*
 * Files that are read again when they have changed. A watcher looks at the name each time, never at
 * what it led to before: links, and folders that are swapped as a whole (as the kubelet swaps the files
 * of a ConfigMap), are followed anew. Files that are no zones (zonefile.h has those) are followed by
 * sodns_follow_*: the plugin says what a text is made into, and gets at what was made of it last.
 *
 *	static void *parse(void *arg, sodns_text_t *t)        // a word a line
 *	{
 *		struct list *list = list_new();
 *		while (sodns_text_line(t))
 *			if (!list_add(list, sodns_text_word(t))) {
 *				list_free(list);
 *				return sodns_text_error(t, "'%s' is no name", t->word);
 *			}
 *		return list;
 *	}
 *
 *	setup     self->names = sodns_follow_new(&options);
 *	prepare   return sodns_follow_prepare(self->names, p);
 *	start     sodns_follow_start(self->names);
 *	serve     const struct list *list = sodns_follow_reach(self->names);
 *	teardown  sodns_follow_free(self->names);
 *
 * [any thread] throughout unless it says otherwise; may block.
 */
#ifndef SODNS_FILE_H
#define SODNS_FILE_H

#include <stddef.h>

#include <sodns/share.h>

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
 * read; its parent, which has, opens it then if no other user could have put it there. The
 * descriptor, which the caller closes, or a negative errno. */
SODNS_API int sodns_file_open_pem(const char *path);

/* What a relative path is relative to, as it is told to a user: " (in /etc/sodns)", put behind the error;
 * "" for an absolute path, and where the folder can't be told. Returns out. */
SODNS_API const char *sodns_file_place(const char *path, char *out, size_t size);
/* Writes why something can't be done with a file, in the words that all messages have: "VERB PATH: no
 * such file or directory", and the place of a relative path behind it. `error` is of errno. */
SODNS_API void sodns_file_error(char *out, size_t size, const char *verb, const char *path,
				int error);

/* A text that is read by lines and words, or as a whole. */
#define SODNS_TEXT_WORD_MAX 4096
typedef struct sodns_text {
	const char *path;   /* for messages; may be NULL */
	const char *plugin; /* in whose name warnings are logged; NULL: they are not */
	const char *bytes;  /* all of it, any bytes; one that is zero follows */
	size_t length;
	unsigned line;                  /* that the reader is on, from 1; 0: none yet */
	unsigned warned;                /* how many warnings there were */
	char word[SODNS_TEXT_WORD_MAX]; /* the last word */

	const char *at, *end; /* the reader's own: of the line */
	char *error;
	size_t error_size;
	void *reserved[2];
} sodns_text_t;

/* Begins with a text, in a struct of zeroes, but for the path and the plugin. A byte order mark in front
 * is passed over. */
SODNS_API void sodns_text_begin(sodns_text_t *t, const char *bytes, size_t len);
/* Moves to the next line that has a word. False: there is none. A '#' begins a comment, wherever it
 * stands. */
SODNS_API bool sodns_text_line(sodns_text_t *t);
/* The next word of the line: what stands between blanks; NULL at its end. It is in t->word until the
 * next call: cut off where it is longer than that, which no name and no address is, and at a zero
 * byte, which becomes "\\000", as names have it. */
SODNS_API const char *sodns_text_word(sodns_text_t *t);
/* Notes the error as "PATH:LINE - text", and returns NULL, which parse returns. */
SODNS_API void *sodns_text_error(sodns_text_t *t, const char *format, ...) SODNS_PRINTF(2, 3);
/* Logs a warning with the same in front, for what is passed over; the first five of a text, and that
 * there are more. */
SODNS_API void sodns_text_warning(sodns_text_t *t, const char *format, ...) SODNS_PRINTF(2, 3);

typedef struct sodns_follow sodns_follow_t;

typedef struct sodns_follow_options {
	uint32_t size;      /* sizeof(sodns_follow_options_t) */
	bool optional;      /* it need not be there: then a warning, and it is looked for */
	const char *plugin; /* the directive, for log lines; must outlive it */
	const char *path;  /* of sodns_setup_path(): the process may read what the Corefile names */
	uint64_t interval; /* how often it is looked at, in ns; 0: it is read once */
	size_t max;        /* bytes of the longest file that is read; 0: 64 MiB */
	void *arg;
	/* Makes an object of the text, which is gone afterwards. NULL: sodns_text_error() was called.
	 * In prepare, or off the workers, never two at a time; may block. */
	void *(*parse)(void *arg, sodns_text_t *text);
	/* Frees it, when the last query that could reach it has ended. */
	void (*release)(void *object);
	/* It can be reached now: for metrics and log lines. NULL: nothing to do. */
	void (*published)(void *arg, void *object);
} sodns_follow_options_t;

/* Strings are the caller's, but the path, which is copied. Never NULL. [setup] or [prepare] */
SODNS_API sodns_follow_t *sodns_follow_new(const sodns_follow_options_t *options);
/* Reads the file. 0, or the error, which is noted: it can't be read, parse says no. [prepare] */
SODNS_API int sodns_follow_prepare(sodns_follow_t *f, sodns_prepare_t *p);
/* Looks at it from now on, and reads it whenever it has changed. What can't be read, or is refused by
 * parse, leaves the object as it was; that is logged, once until the reason is another one. In
 * `start`. */
SODNS_API void sodns_follow_start(sodns_follow_t *f);
/* The object that was made last; NULL: none yet. Within a query it stays valid until that ends. Does
 * not block. */
SODNS_API void *sodns_follow_reach(const sodns_follow_t *f);
/* The state of the file of which that object was made: its time, say. In `published`. */
SODNS_API const sodns_file_mark_t *sodns_follow_mark(const sodns_follow_t *f);
/* Looks at it now. 1: another object is published; 0: nothing has changed; SODNS_ENOENT: it is not
 * there, SODNS_EIO: can't be read, SODNS_EINVAL: parse says no: then with the reason in err. For what
 * prepare should do otherwise, before the start. */
SODNS_API int sodns_follow_load(sodns_follow_t *f, char *err, size_t err_size);
/* Ends it; the object is released. In `teardown`. NULL is allowed. */
SODNS_API void sodns_follow_free(void *follow);

#endif
