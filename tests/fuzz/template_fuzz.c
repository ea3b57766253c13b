/*
 * Templates: what parses is printed back, parses again, and is executed on data with every kind of
 * value.
 */
#include <stdlib.h>
#include <string.h>

#include "../../plugins/intree/template/engine.h"
#include "fuzz.h"

/* Memory that is given back at once, when the input is done with. */
struct chunk {
	struct chunk *next;
	size_t size;
	_Alignas(16) char bytes[];
};

static void *take(void *from, size_t size)
{
	struct chunk **all = from, *c = calloc(1, sizeof(*c) + size);
	if (!c)
		abort();
	c->next = *all;
	*all = c;
	return c->bytes;
}

static void element(run_t *r, const void *data, size_t i, value_t *out)
{
	(void)r;
	(void)data;
	*out = i ? value_string("text", 4) : value_float(2.5);
}

static size_t count(const void *data)
{
	(void)data;
	return 2;
}

static bool find(run_t *r, const void *data, slice_t key, value_t *out)
{
	(void)r;
	(void)data;
	*out = value_uint(7, 16);
	return key.len == 1;
}

static void entry(run_t *r, const void *data, size_t i, value_t *key, value_t *out)
{
	element(r, data, i, out);
	*key = value_string(i ? "k" : "a", 1);
}

static const type_t list_type = {.name = "[]any", .at = element};
static const type_t map_type = {
	.name = "map[string]any", .count = count, .find = find, .entry = entry};

static void get_list(run_t *r, const void *object, const value_t *arg, value_t *out)
{
	(void)r;
	(void)arg;
	*out = value_list(&list_type, object, 2);
}

static void get_map(run_t *r, const void *object, const value_t *arg, value_t *out)
{
	(void)r;
	(void)arg;
	*out = value_map(&map_type, object);
}

static void get_text(run_t *r, const void *object, const value_t *arg, value_t *out)
{
	(void)r;
	(void)object;
	*out = arg ? *arg : value_string("a name.", 7);
}

static const field_t fields[] = {
	{.name = "Match", .get = get_list},
	{.name = "Group", .get = get_map},
	{.name = "Name", .get = get_text},
	{.name = "Meta", .get = get_text, .method = true, .wants_string = true},
	{.name = NULL},
};
static const type_t root_type = {.name = "*root", .fields = fields};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct chunk *all = NULL;
	const memory_t memory = {take, &all};
	char err[ERROR_MAX], *text = take(&all, len + 1);
	run_t run;
	memcpy(text, data, len);
	tree_t *t = tree_parse("fuzz", text, &root_type, memory, err);
	if (t) {
		const char *printed = tree_text(t, memory);
		tree_parse("again", printed, &root_type, memory, err);
		if (!tree_execute(t, &root_type, &run, memory, NULL) && !*run.error)
			abort();
		if (run.len > OUTPUT_MAX)
			abort();
	}
	while (all) {
		struct chunk *next = all->next;
		free(all);
		all = next;
	}
	return 0;
}
