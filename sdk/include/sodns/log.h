/*
 * Log lines: "[INFO] plugin/NAME: text" on standard output, or where the daemon was started with
 * -log.format json, {"time":…,"level":"info","plugin":"NAME","message":"text"}. They are written in
 * batches by a thread of its own. A line that finds its thread's ring full is dropped and counted, so
 * that logging can't hold a query up. All functions: [any thread].
 */
#ifndef SODNS_LOG_H
#define SODNS_LOG_H

#include <sodns/abi.h>

enum sodns_log_level {
	SODNS_LOG_DEBUG,
	SODNS_LOG_INFO,
	SODNS_LOG_WARNING,
	SODNS_LOG_ERROR,
	SODNS_LOG_FATAL
};

/* `who` is a plugin's name, or NULL for a line without "plugin/…: ". Debug lines appear only where
 * the debug plugin is on. */
SODNS_API void sodns_log(enum sodns_log_level level, const char *who, const char *format, ...)
	SODNS_PRINTF(3, 4);
/* For what may happen over and over: logs the line, unless one with the same plugin and key was logged
 * less than `period` ago (0: ever). "(N more)" tells how many were left out since. Whether it was
 * logged. Does not lock, so that it may stand in the path of a query. Of keys that are alive at a
 * time it knows some thousand: beyond, a line may come more often. */
SODNS_API bool sodns_log_once(enum sodns_log_level level, const char *who, const char *key,
			      uint64_t period, const char *format, ...) SODNS_PRINTF(5, 6);
/* A line that is ready: "[LEVEL] " and a newline are added, nothing else; in JSON it is a message. len
 * bytes of text. */
SODNS_API void sodns_log_text(enum sodns_log_level level, const char *text, size_t len);
/* A line that is a JSON object whatever the daemon's format is: "time", "level", "plugin" unless `who`
 * is NULL, and these members, as <sodns/json.h> writes them: at most SODNS_LOG_MEMBERS_MAX bytes. */
#define SODNS_LOG_MEMBERS_MAX 3840
SODNS_API void sodns_log_members(enum sodns_log_level level, const char *who, const char *members,
				 size_t len);
/* Whether the daemon's lines are JSON. */
SODNS_API bool sodns_log_json(void);
/* Whether a level is written at all. */
SODNS_API bool sodns_log_enabled(enum sodns_log_level level);

#endif
