/*
 * Log formats: compiled, and written for a query and several replies, as text and as an object. A line
 * never passes its limit, and an object is one whatever the metadata: the input's own bytes.
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/json.h>

#include "../../plugins/intree/log/log.h"
#include "host/setup.h"
#include "plugin.h"

static const char *odd(void *arg, sodns_query_t *q)
{
	(void)q;
	return arg;
}

/* The members make an object that a JSON reader takes, in UTF-8 and on one line. */
static void check_object(const char *members, size_t len)
{
	static char text[SODNS_LOG_MEMBERS_MAX + 2];
	sodns_json_t j;
	sodns_json_text_t key, value;
	if (len > SODNS_LOG_MEMBERS_MAX)
		abort();
	text[0] = '{';
	memcpy(text + 1, members, len);
	text[len + 1] = '}';
	sodns_json_begin(&j, text, len + 2);
	if (!sodns_json_object(&j))
		abort();
	while (sodns_json_member(&j, &key))
		if (sodns_json_raw(&j, &value) && *value.at == '{') {
			sodns_json_t in;
			sodns_json_begin(&in, value.at, value.len);
			sodns_json_object(&in);
			while (sodns_json_member(&in, &key))
				if (!sodns_json_string(&in, &value))
					abort();
			if (sodns_json_failed(&in))
				abort();
		}
	if (sodns_json_failed(&j) || j.at != text + len + 2)
		abort();
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)members[i] < 0x20)
			abort();
	memmove(text, text + 1, len);
	text[len] = 0;
	if (mbstowcs(NULL, text, 0) == (size_t)-1)
		abort();
}

static void write_lines(const struct rule *rule, const char *metadata)
{
	static const uint8_t packet[] = "\0\1\1\0\0\1\0\0\0\0\0\1\3WWW\1\"\2{}\0\0\x1c\0\1"
					"\0\0\x29\x10\0\0\0\x80\0\0\0";
	char line[LINE_MAX_LEN + 1];
	sodns_query_t *q = fuzz_query(packet, sizeof(packet) - 1);
	sodns_metadata_set(q, "a/b", odd, (void *)(uintptr_t) "value\n");
	sodns_metadata_set(q, "a/c", odd, (void *)(uintptr_t)metadata);
	sodns_reply_t *replies[] = {sodns_reply(q), sodns_fail(q, SODNS_SERVFAIL, "no"),
				    sodns_drop(q)};
	for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++) {
		const struct outcome o = {replies[i], 1, sodns_reply_flags(replies[i]) | SODNS_TC};
		if (rule->json)
			check_object(line, object_write(rule, q, &o, line));
		else if (format_write(rule, q, &o, line) > LINE_MAX_LEN)
			abort();
	}
	fuzz_query_end(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	generation_t generation = {0};
	sodns_setup_t s = {.generation = &generation};
	struct rule rule = {0}, object = {0};
	char *format = strndup((const char *)data, len);
	if (!format)
		return 0;
	setlocale(LC_CTYPE, "C.UTF-8");
	format_compile(&s, format, &rule);
	object_compile(&s, format, &object);
	write_lines(&rule, format);
	write_lines(&object, format);
	object.count = 0;
	object_compile(&s, OBJECT_FORMAT "{/a/b}{/a/c}{/none}", &object);
	write_lines(&object, format);
	free(format);
	arena_reset(&generation.memory);
	return 0;
}
