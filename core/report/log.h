/*
 * The log: lines of threads, and the thread that writes them.
 */
#ifndef CORE_REPORT_LOG_H
#define CORE_REPORT_LOG_H

#include <sodns/log.h>

/* Starts the thread. Before that, and in a process that has none, the thread that logs writes. */
void log_start(void);
/* Writes everything that has been logged so far. Not while the thread runs. */
void log_flush(void);
/* Ends the thread when it has written everything; a reader that takes nothing is not waited for for
 * ever. */
void log_stop(void);
void log_set_debug(bool on);
/* Before anything is logged. */
void log_set_json(bool on);

/* A line of the start, which has no level in front; in JSON a message like all others. */
void log_plain(const char *format, ...) SODNS_PRINTF(1, 2);
/* The last words of a process, on standard error: a line, or in JSON a message of level fatal. */
void log_last_words(const char *format, ...) SODNS_PRINTF(1, 2);
/* The same for what is to be said at the very start, and ends nothing: in JSON of level warning. */
void log_first_words(const char *format, ...) SODNS_PRINTF(1, 2);
/* Writes to a descriptor that may be stuck. False: not all of it has left. */
bool log_write_out(int fd, const char *p, size_t n);

/* log_json.c: a line's beginning, {"time":…,"level":…,"plugin":…, and a whole line with a message.
 * Both return the length. */
#define LOG_JSON_MAX 4096u
#define LOG_JSON_HEAD_MAX 248u
size_t log_json_head(enum sodns_log_level level, const char *who, char out[LOG_JSON_HEAD_MAX]);
size_t log_json_message(enum sodns_log_level level, const char *who, const char *text, size_t len,
			char out[LOG_JSON_MAX]);
/* Seconds since 1970 as "2026-11-24T23:15:18". */
#define LOG_SECOND_LEN 19u
void log_json_second(int64_t seconds, char out[LOG_SECOND_LEN]);

#endif
