/*
 * Log formats: compiled, and written for a query and several replies. A line never passes its limit.
 */
#include <stdlib.h>
#include <string.h>

#include "../../plugins/intree/log/log.h"
#include "host/memory.h"
#include "host/setup.h"
#include "plugin.h"

static const char *odd(void *arg, sodns_query_t *q)
{
	(void)q;
	return arg;
}

static void write_lines(const struct rule *rule)
{
	static const uint8_t packet[] = "\0\1\1\0\0\1\0\0\0\0\0\1\3WWW\1\"\2{}\0\0\x1c\0\1"
					"\0\0\x29\x10\0\0\0\x80\0\0\0";
	char line[LINE_MAX_LEN];
	sodns_query_t *q = fuzz_query(packet, sizeof(packet) - 1);
	sodns_metadata_set(q, "a/b", odd, (void *)(uintptr_t) "value\n");
	sodns_reply_t *replies[] = {sodns_reply(q), sodns_fail(q, SODNS_SERVFAIL, "no"),
				    sodns_drop(q)};
	for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++)
		if (format_write(rule, q, replies[i], 1, line) > sizeof(line))
			abort();
	fuzz_query_end(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	generation_t generation = {0};
	sodns_setup_t s = {.generation = &generation};
	struct rule rule = {0};
	char *format = strndup((const char *)data, len);
	if (!format)
		return 0;
	format_compile(&s, format, &rule);
	free(format);
	write_lines(&rule);
	memory_free(&generation);
	return 0;
}
