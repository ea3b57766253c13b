/*
 * The directive: tsig [ZONES...] { secret, secrets, require, require_opcode }; key files; and the keys
 * of other blocks of the same server, which hold here too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/ability.h>
#include <sodns/file.h>

#include "keyfile.h"
#include "tsig.h"

#define KEY_FILE_MAX (16u << 20)
#define ABILITY_KEYS "sodns.tsig/1" /* marks our instances for each other */
/* CoreDNS says this whatever the error is; what it is stands behind it. */
#define ARGUMENT "Wrong argument count or unexpected line ending after '%s'"

static void warn_unusable(const struct key_list *l, const char *name)
{
	if (!l->first->usable)
		sodns_log(SODNS_LOG_WARNING, "tsig",
			  "the secret of key \"%s\" is not base64: nothing can be signed with it",
			  name);
}

#define KNOWN_ALGORITHMS "hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512"

static int add_secret(sodns_setup_t *s, const sodns_option_t *o, const char *last, void *to)
{
	struct tsig *t = to;
	const char *name = t->written.name, *wanted = t->written.algorithm;
	uint8_t wire[SODNS_NAME_MAX];
	int algorithm = wanted ? keys_algorithm(wanted) : ANY_ALGORITHM;
	(void)o;
	if (algorithm < ANY_ALGORITHM)
		return sodns_error(s, ARGUMENT " (unknown algorithm '%s': it is one of %s)", last,
				   wanted, KNOWN_ALGORITHMS);
	if (sodns_name_from_text(name, NULL, wire) < 0)
		return sodns_error(s, ARGUMENT " (no name: \"%s\")", last, name);
	if (keys_add(&t->own, wire, t->written.secret, algorithm))
		return sodns_error(s, ARGUMENT " (key \"%s\" redefined)", last, name);
	warn_unusable(&t->own, name);
	t->written.algorithm = NULL;
	return SODNS_OK;
}

static int add_file(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct tsig *t = to;
	struct key_file *f = sodns_setup_alloc(s, sizeof(*f));
	(void)o;
	(void)word;
	f->path = t->written.path;
	f->corefile = sodns_setup_file(s);
	f->line = sodns_setup_line(s);
	*t->files_end = f;
	t->files_end = &f->next;
	return SODNS_OK;
}

/* `require` and `require_opcode` want a name, `all` or `none`; those of the last line hold. */
static bool wants_none(const struct tsig *t)
{
	return !t->written.count && !t->written.all && !t->written.none;
}

static int set_types(sodns_setup_t *s, const sodns_option_t *o, const char *last, void *to)
{
	struct tsig *t = to;
	(void)o;
	(void)last;
	memset(t->types, 0, sizeof(t->types));
	t->all_types |= t->written.all;
	for (size_t i = 0; i < t->written.count; i++)
		t->types[t->written.wanted[i] / 64] |= 1ull << t->written.wanted[i] % 64;
	return wants_none(t) ? sodns_error_args(s) : SODNS_OK;
}

static int set_opcodes(sodns_setup_t *s, const sodns_option_t *o, const char *last, void *to)
{
	struct tsig *t = to;
	(void)o;
	(void)last;
	t->opcodes = t->written.all ? UINT16_MAX : 0;
	for (size_t i = 0; i < t->written.count; i++)
		t->opcodes |= (uint16_t)(1u << t->written.wanted[i]);
	return wants_none(t) ? sodns_error_args(s) : SODNS_OK;
}

static const sodns_option_t secret[] = {
	{"NAME", SODNS_OPT_TEXT, SODNS_FIELD(struct tsig, written.name), .help = "of the key"},
	{"KEY", SODNS_OPT_TEXT, SODNS_FIELD(struct tsig, written.secret), .help = "in base64"},
	{"ALGORITHM", SODNS_OPT_TEXT, SODNS_FIELD(struct tsig, written.algorithm),
	 .flags = SODNS_OPT_OPTIONAL, .otherwise = "any", .help = "one of " KNOWN_ALGORITHMS},
};
static const char *const opcodes[] = {"QUERY", "IQUERY", "STATUS", NULL, "NOTIFY", "UPDATE"};
/* Behind `all` and `none` nothing counts. */
static const sodns_option_t ignored[] = {
	{"WORDS", SODNS_OPT_IGNORED, .help = "passed over"},
};
#define WANTED(kind_of, bad_text)                                                                  \
	{"NAMES",                                                                                  \
	 kind_of,                                                                                  \
	 SODNS_LIST(struct tsig, written.wanted, written.count),                                   \
	 .words = SODNS_WORDS(opcodes),                                                            \
	 .flags = SODNS_OPT_OPTIONAL,                                                              \
	 .says.bad = bad_text},                                                                    \
		{"all", SODNS_OPT_GROUP, .args = SODNS_ROWS(ignored), .flags = SODNS_OPT_KEYWORD,  \
		 SODNS_GIVEN(struct tsig, written.all)},                                           \
	{                                                                                          \
		"none", SODNS_OPT_GROUP, .args = SODNS_ROWS(ignored), .flags = SODNS_OPT_KEYWORD,  \
					 SODNS_GIVEN(struct tsig, written.none)                    \
	}
static const sodns_option_t types[] = {
	WANTED(SODNS_OPT_TYPE, SODNS_SAYS_ARGS " (unknown query type '{}')")};
static const sodns_option_t required_opcodes[] = {
	WANTED(SODNS_OPT_WORD, SODNS_SAYS_ARGS " (unknown opcode '{}')")};
static const sodns_option_t args[] = {
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct tsig, zones, zone_count),
	 .flags = SODNS_OPT_SERVER_ZONES, .help = "names for which this holds"},
};
static const sodns_option_t properties[] = {
	{"secret", SODNS_OPT_GROUP, .args = SODNS_ROWS(secret), .check = add_secret,
	 .help = "a key"},
	{"secrets", SODNS_OPT_PATH, SODNS_FIELD(struct tsig, written.path), .check = add_file,
	 .help = "a file with keys"},
	{"require", SODNS_OPT_GROUP, .args = SODNS_ROWS(types), .check = set_types,
	 .form = "TYPES...|all|none", .otherwise = "none", .help = "types that have to be signed"},
	{"require_opcode", SODNS_OPT_GROUP, .args = SODNS_ROWS(required_opcodes),
	 .check = set_opcodes, .form = "OPCODES...|all|none", .otherwise = "none",
	 .help = "the same for opcodes"},
};
static const sodns_options_t options = {
	.args = SODNS_ROWS(args),
	.properties = SODNS_ROWS(properties),
	.repeats = SODNS_ONCE,
	.says = {.unknown = SODNS_SAYS_ARGS " (unknown property '{}')",
		 .again = SODNS_SAYS_ARGS " (this plugin can only be used once per Server Block)"},
	.help = "signed queries and answers",
};

static int setup(sodns_setup_t *s)
{
	char err[512];
	if (sodns_digest_open(err, sizeof(err)))
		return sodns_error(s, "%s", err);
	struct tsig *t = sodns_setup_alloc(s, sizeof(*t));
	t->files_end = &t->files;
	if (!sodns_setup_read_all(s, t))
		return sodns_add_handler(s, t);
	keys_free(&t->own);
	return SODNS_EINVAL;
}

/* An algorithm that is not known here (hmac-md5) leaves a key that nothing can be signed with: other
 * servers read the file too. */
static int add_from_file(void *arg, const struct key_text *key, char *err, size_t err_size)
{
	struct tsig *t = arg;
	uint8_t wire[SODNS_NAME_MAX];
	int algorithm = *key->algorithm ? keys_algorithm(key->algorithm) : ANY_ALGORITHM;
	if (sodns_name_from_text(key->name, NULL, wire) < 0)
		return snprintf(err, err_size, "no name: \"%s\"", key->name);
	if (keys_add(&t->own, wire, key->secret, algorithm))
		return snprintf(err, err_size, "key \"%s\" redefined", key->name);
	warn_unusable(&t->own, key->name);
	if (algorithm < ANY_ALGORITHM)
		sodns_log(SODNS_LOG_WARNING, "tsig",
			  "key \"%s\": nothing can be signed with algorithm '%s': it is one of %s",
			  key->name, key->algorithm, KNOWN_ALGORITHMS);
	return SODNS_OK;
}

/* The whole text, at most KEY_FILE_MAX; the caller frees it. */
static char *read_file(const char *path, size_t *len, char *err, size_t err_size)
{
	FILE *f = fopen(path, "re");
	char *text = f ? malloc(KEY_FILE_MAX) : NULL;
	if (f && text)
		*len = fread(text, 1, KEY_FILE_MAX, f);
	if (!f || !text || ferror(f)) {
		sodns_file_error(err, err_size, "open", path, errno);
		free(text);
		text = NULL;
	}
	if (f)
		fclose(f);
	return text;
}

static int load_file(struct tsig *t, const struct key_file *f, sodns_prepare_t *p)
{
	char err[1024];
	size_t len;
	char *text = read_file(f->path, &len, err, sizeof(err));
	int rc = text ? keyfile_parse(text, len, add_from_file, t, err, sizeof(err)) : SODNS_EIO;
	if (text)
		explicit_bzero(text, len);
	free(text);
	if (!rc)
		return SODNS_OK;
	return sodns_prepare_error(p, "%s:%d - Error during parsing: " ARGUMENT " (%s)",
				   f->corefile, f->line, f->path, err);
}

static void note(void *arg, const sodns_instance_t *i)
{
	struct tsig *t = arg;
	struct tsig **more = realloc(t->others, (t->other_count + 1) * sizeof(*more));
	if (!more)
		abort();
	t->others = more;
	t->others[t->other_count++] = i->self;
}

static bool share_server(const struct tsig *a, const struct tsig *b)
{
	for (size_t i = 0; i < a->server_count; i++)
		for (size_t k = 0; k < b->server_count; k++)
			if (!strcmp(a->servers[i], b->servers[k]))
				return true;
	return false;
}

/* A key of several blocks is the last one's. */
static void index_keys(struct tsig *t)
{
	const struct key_list **lists = calloc(t->other_count + 1, sizeof(*lists));
	size_t count = 0;
	if (!lists)
		abort();
	for (size_t i = 0; i < t->other_count; i++)
		if (share_server(t, t->others[i]))
			lists[count++] = &t->others[i]->own;
	keys_index(&t->keys, lists, count);
	free(lists);
}

/* The last instance that has read its keys makes the tables of all. */
static void index_if_last(const struct tsig *t)
{
	for (size_t i = 0; i < t->other_count; i++)
		if (!t->others[i]->servers)
			return;
	for (size_t i = 0; i < t->other_count; i++)
		index_keys(t->others[i]);
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct tsig *t = self;
	for (const struct key_file *f = t->files; f; f = f->next)
		if (load_file(t, f, p))
			return SODNS_EINVAL;
	t->servers = sodns_prepare_servers(p, &t->server_count);
	sodns_prepare_each(p, SODNS_ALL_BLOCKS, ABILITY_KEYS, note, t);
	index_if_last(t);
	return SODNS_OK;
}

static void teardown(void *self)
{
	struct tsig *t = self;
	keys_index_free(&t->keys);
	keys_free(&t->own);
	free(t->others);
}

static const void *ability(void *self, const char *id)
{
	static const sodns_metadata_ability_t metadata = {.size = sizeof(metadata),
							  .provide = tsig_metadata};
	(void)self;
	if (!strcmp(id, SODNS_ABILITY_METADATA))
		return &metadata;
	return strcmp(id, ABILITY_KEYS) ? NULL : ABILITY_KEYS;
}

SODNS_PLUGIN(.name = "tsig", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = tsig_serve, .prepare = prepare, .teardown = teardown, .ability = ability);
