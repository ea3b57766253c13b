/*
 * Files that only the process around can open.
 */
#ifndef CORE_SYSTEM_FILE_H
#define CORE_SYSTEM_FILE_H

/* How sodns_file_open_pem() opens: the descriptor, or a negative errno. A process that has given up the
 * right to read keys sets it before the first one is read. */
extern int (*file_open_pem)(const char *path);

#endif
