/*
 * Lines as JSON objects. A thread keeps the text of the second it is in, so that a line's time costs
 * one reading of the clock and six digits.
 */
#include "report/log.h"

#include <string.h>
#include <time.h>

#include <sodns/json.h>

#define DAY 86400

static const char *const levels[] = {"debug", "info", "warning", "error", "fatal"};

static void put_digits(char *out, unsigned n, unsigned digits)
{
	for (; digits-- > 0; n /= 10)
		out[digits] = (char)('0' + n % 10);
}

/* Not gmtime_r(3), which takes a lock, and reads the time zone's file at first: this runs on workers.
 * Years are counted from a March, so that a leap day is the last of its year; 400 of them have 146097
 * days. */
static void put_date(int64_t days, char *out)
{
	int64_t since = days + 719468, era = (since >= 0 ? since : since - 146096) / 146097;
	unsigned day = (unsigned)(since - era * 146097);
	unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= 365 * year + year / 4 - year / 100;
	unsigned month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;
	month = month < 10 ? month + 3 : month - 9;
	put_digits(out, (unsigned)(era * 400) + year + (month <= 2), 4);
	put_digits(out + 5, month, 2);
	put_digits(out + 8, day + 1, 2);
}

void log_json_second(int64_t seconds, char out[LOG_SECOND_LEN])
{
	int64_t days = (seconds >= 0 ? seconds : seconds - DAY + 1) / DAY;
	unsigned rest = (unsigned)(seconds - days * DAY);
	memcpy(out, "0000-00-00T00:00:00", LOG_SECOND_LEN);
	put_date(days, out);
	put_digits(out + 11, rest / 3600, 2);
	put_digits(out + 14, rest / 60 % 60, 2);
	put_digits(out + 17, rest % 60, 2);
}

/* {"time":"2026-11-24T23:15:18.123456Z" */
static size_t put_time(char *out)
{
	static const char key[] = "{\"time\":\"";
	static __thread int64_t second = -1;
	static __thread char text[LOG_SECOND_LEN];
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != second)
		log_json_second(second = now.tv_sec, text);
	char *p = out;
	p = (char *)memcpy(p, key, sizeof(key) - 1) + sizeof(key) - 1;
	p = (char *)memcpy(p, text, LOG_SECOND_LEN) + LOG_SECOND_LEN;
	*p++ = '.';
	put_digits(p, (unsigned)(now.tv_nsec / 1000), 6);
	memcpy(p + 6, "Z\"", 2);
	return (size_t)(p + 8 - out);
}

size_t log_json_head(enum sodns_log_level level, const char *who, char out[LOG_JSON_HEAD_MAX])
{
	size_t n = put_time(out);
	sodns_json_out_t o;
	sodns_json_out(&o, out + n, LOG_JSON_HEAD_MAX - n);
	o.first = false;
	sodns_json_put_string(&o, "level", levels[level], strlen(levels[level]));
	if (who)
		sodns_json_put_string(&o, "plugin", who, strlen(who));
	return (size_t)(o.at - out);
}

size_t log_json_message(enum sodns_log_level level, const char *who, const char *text, size_t len,
			char out[LOG_JSON_MAX])
{
	size_t n = log_json_head(level, who, out);
	sodns_json_out_t o;
	sodns_json_out(&o, out + n, LOG_JSON_MAX - 2 - n);
	o.first = false;
	sodns_json_put_beginning(&o, "message", text, len);
	memcpy(o.at, "}\n", 2);
	return (size_t)(o.at + 2 - out);
}
