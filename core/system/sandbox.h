/*
 * What the serving process may still do when it has its configuration: files by Landlock, system calls
 * by seccomp. Whatever takes it over finds nothing else.
 */
#ifndef CORE_SYSTEM_SANDBOX_H
#define CORE_SYSTEM_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* A file, or a folder with all that is below it. */
typedef struct sandbox_rule {
	char *path;
	bool writes;
} sandbox_rule_t;

typedef struct sandbox {
	sandbox_rule_t *rules;
	size_t count;
} sandbox_t;

/* Adds what `path` needs to be opened, now and when another file has been put in its place: its folder,
 * that of what it links to, or the nearest folder there is. "/" is never added. The caller has the
 * rules until sandbox_free(). */
void sandbox_add(sandbox_t *s, const char *path, bool writes);
/* What every process needs: libraries, certificates of authorities, names, its own /proc. */
void sandbox_add_system(sandbox_t *s);
/* Whether all that `wanted` allows is allowed by `s`. */
bool sandbox_covers(const sandbox_t *s, const sandbox_t *wanted);
void sandbox_free(sandbox_t *s);

/* Whether this build goes into one: a sanitizer needs what it forbids. */
bool sandbox_is_built(void);
/* Gives up all else for the calling thread and the ones that it will make, for ever: reading what no rule
 * names, writing, listening at a TCP port of its own choice, code that is in no file, other processes.
 * What the kernel lacks is named in `missing`; "" if it has all. True: files are what the rules name. */
bool sandbox_enter(const sandbox_t *s, char *missing, size_t size);

#endif
