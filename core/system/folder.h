/*
 * A folder that is the process's own, and of which nothing is left when the process has ended.
 */
#ifndef CORE_SYSTEM_FOLDER_H
#define CORE_SYSTEM_FOLDER_H

#include <stddef.h>
#include <sys/types.h>

/* Makes FOLDER/sodns-PID-XXXXXX, where files can be executed: in $RUNTIME_DIRECTORY, $TMPDIR, /tmp,
 * /var/tmp or /dev/shm. `owner` may be another user, if the caller is root. The path is put into
 * `path`. A descriptor of the folder, which stands for it whatever becomes of its name, or a
 * negative errno. */
int folder_make(char *path, size_t size, uid_t owner);
/* Removes a folder and what is in it, folders of files included. Links are not followed. */
void folder_remove(int base, const char *name);
/* Removes the folders of processes that had no time to: their names say whose they are. It may take a
 * disk's time. */
void folder_sweep(void);

#endif
