/*
 * The data of a template: .Zone, .Name, .Match, .Group, .Var and the others, as CoreDNS's users know
 * them.
 */
#include <string.h>

#include "template.h"

static value_t text_value(const char *text)
{
	return value_string(text, strlen(text));
}

static bool same(slice_t a, slice_t b)
{
	return a.len == b.len && !memcmp(a.at, b.at, a.len);
}

static value_t group_value(const struct data *d, size_t group)
{
	const sodns_span_t *g = &d->groups[group];
	return g->at ? value_string(g->at, g->len) : value_string("", 0);
}

static const struct group_key *find_key(const struct data *d, slice_t key)
{
	for (size_t i = 0; i < d->pattern->key_count; i++)
		if (same(d->pattern->keys[i].text, key))
			return &d->pattern->keys[i];
	return NULL;
}

slice_t data_group(const struct data *d, slice_t key)
{
	const struct group_key *k = find_key(d, key);
	if (!k || !d->groups[k->group].at)
		return (slice_t){"", 0};
	return (slice_t){d->groups[k->group].at, d->groups[k->group].len};
}

static void match_at(run_t *r, const void *data, size_t i, value_t *out)
{
	(void)r;
	*out = group_value(data, i);
}

static size_t group_count(const void *data)
{
	return ((const struct data *)data)->pattern->key_count;
}

static bool group_find(run_t *r, const void *data, slice_t key, value_t *out)
{
	const struct group_key *k = find_key(data, key);
	(void)r;
	if (k)
		*out = group_value(data, k->group);
	return k != NULL;
}

static void group_entry(run_t *r, const void *data, size_t i, value_t *key, value_t *out)
{
	const struct data *d = data;
	const struct group_key *k = &d->pattern->keys[i];
	(void)r;
	*key = value_string(k->text.at, k->text.len);
	*out = group_value(d, k->group);
}

static size_t variable_count(const void *data)
{
	const struct data *d = data;
	return d->rule->variable_count;
}

static bool variable_find(run_t *r, const void *data, slice_t key, value_t *out)
{
	const struct data *d = data;
	for (size_t i = 0; i < d->rule->variable_count; i++)
		if (same(d->rule->variables[i].name, key)) {
			*out = value_of(r, &d->variables[i]);
			return true;
		}
	return false;
}

static void variable_entry(run_t *r, const void *data, size_t i, value_t *key, value_t *out)
{
	const struct data *d = data;
	size_t number = d->rule->variable_order[i];
	*key = value_string(d->rule->variables[number].name.at,
			    d->rule->variables[number].name.len);
	*out = value_of(r, &d->variables[number]);
}

static const type_t match_type = {.name = "[]string", .at = match_at};
static const type_t group_type = {.name = "map[string]string",
				  .count = group_count,
				  .find = group_find,
				  .entry = group_entry,
				  .absent = {.kind = STRING, .text = ""}};
static const type_t variables_type = {.name = "map[string]interface {}",
				      .count = variable_count,
				      .find = variable_find,
				      .entry = variable_entry};

static value_t remote_value(run_t *r, const sodns_query_t *q)
{
	char *text = run_alloc(r, SODNS_ADDRESS_TEXT_MAX);
	return value_string(text, sodns_address_to_text(sodns_query_peer(q), text));
}

static value_t metadata_value(run_t *r, sodns_query_t *q, const value_t *name)
{
	char *key = run_alloc(r, name->len + 1u);
	memcpy(key, name->text, name->len);
	key[name->len] = 0;
	const char *text = sodns_metadata_get(q, key);
	return text_value(text ? text : "");
}

GETTER(get_zone, text_value(d->zone))
GETTER(get_name, value_string(d->name.at, d->name.len))
GETTER(get_regex, text_value(d->pattern->text))
GETTER(get_match, value_list(&match_type, d, d->pattern->groups))
GETTER(get_group, value_map(&group_type, d))
GETTER(get_class, text_value(d->rclass))
GETTER(get_type, text_value(d->type))
GETTER(get_message, value_object(&message_type, d))
GETTER(get_question, value_object(&question_type, d))
GETTER(get_remote, remote_value(r, q))
GETTER(get_variables, value_map(&variables_type, d))
GETTER(get_metadata, metadata_value(r, q, arg))

static const field_t fields[] = {
	{.name = "Name", .get = get_name},
	{.name = "Group", .get = get_group},
	{.name = "Match", .get = get_match},
	{.name = "Zone", .get = get_zone},
	{.name = "Class", .get = get_class},
	{.name = "Type", .get = get_type},
	{.name = "Var", .get = get_variables},
	{.name = "Meta", .get = get_metadata, .method = true, .wants_string = true},
	{.name = "Regex", .get = get_regex},
	{.name = "Message", .get = get_message},
	{.name = "Question", .get = get_question},
	{.name = "Remote", .get = get_remote},
	{.name = "md", .get = get_zone, .hidden = true},
	{.name = NULL},
};

/* {{ . }}, to see everything. */
static void print_data(run_t *r, const void *data)
{
	static const char *const order[] = {"Zone",     "Name",   "Regex", "Match",
					    "Group",    "Class",  "Type",  "Message",
					    "Question", "Remote", "Var"};
	value_t v;
	run_write(r, "{", 1);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const field_t *f = fields;
		while (strcmp(f->name, order[i]) != 0)
			f++;
		f->get(r, data, NULL, &v);
		run_print_value(r, &v);
		run_write(r, " ", 1);
	}
	run_write(r, "map[]}", 6);
}

const type_t data_type = {.name = "*template.templateData", .fields = fields, .print = print_data};
