/*
 * import: a snippet, a file, or all files that a pattern with one wildcard names. The words take
 * the import's place.
 */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodns/file.h>
#include <sodns/log.h>

#include "corefile/parser.h"

/* Path of an import, relative to the file that the word stands in. */
static char *import_path(const parser_t *p, const char *pattern)
{
	char *out = NULL;
	const char *file = p->at >= 0 && (size_t)p->at < p->tokens.count
				   ? p->tokens.items[p->at].file
				   : p->name;
	const char *slash = strrchr(file, '/');
	if (*pattern == '/')
		return strdup(pattern);
	if (slash)
		return asprintf(&out, "%.*s/%s", (int)(slash - file), file, pattern) < 0 ? NULL
											 : out;
	return strdup(pattern);
}

static unsigned count_char(const char *s, char c)
{
	unsigned n = 0;
	for (; *s; s++)
		n += *s == c;
	return n;
}

static char *read_file(parser_t *p, const char *path, size_t *len)
{
	struct stat st;
	FILE *f = fopen(path, "re");
	if (!f) {
		char why[2048];
		sodns_file_error(why, sizeof(why), "open", path, errno);
		parser_error(p, "Could not import %s: %s", path, why);
		return NULL;
	}
	char *text = NULL;
	if (fstat(fileno(f), &st) || S_ISDIR(st.st_mode))
		parser_error(p, "Could not import %s: is a directory", path);
	else if ((size_t)st.st_size > COREFILE_SIZE_MAX)
		parser_error(p, "Could not import %s: file is too large", path);
	else if ((text = malloc((size_t)st.st_size + 1)))
		*len = fread(text, 1, (size_t)st.st_size, f);
	fclose(f);
	return text;
}

static void note_file(parser_t *p, const char *path)
{
	/* Room doubles. */
	if (!(p->file_count & (p->file_count - 1))) {
		const char **more = corefile_alloc(p->c, (2 * p->file_count + 1) * sizeof(*more));
		if (p->file_count)
			memcpy(more, p->files, p->file_count * sizeof(*more));
		p->files = more;
	}
	p->files[p->file_count++] = path;
}

/* As the words lead to the file, without "." and "..": links in it are followed whenever it is read,
 * so that what is imported from there lies beside the link, whatever that points to by then. */
static const char *absolute_path(corefile_t *c, const char *path)
{
	char here[PATH_MAX] = "";
	if (*path != '/' && !getcwd(here, sizeof(here)))
		return corefile_copy(c, path, strlen(path));
	char *out = corefile_alloc(c, strlen(here) + strlen(path) + 2);
	size_t n = 0;
	const char *const parts[] = {here, path};
	for (int i = 0; i < 2; i++)
		for (const char *at = parts[i]; *at;) {
			size_t len = strcspn(at, "/");
			if (len == 2 && !memcmp(at, "..", 2)) {
				while (n && out[--n] != '/')
					;
			} else if (len && !(len == 1 && *at == '.')) {
				out[n++] = '/';
				memcpy(out + n, at, len);
				n += len;
			}
			at += len + (at[len] == '/');
		}
	out[n] = 0;
	return out;
}

static int import_file(parser_t *p, const char *path, token_list_t *out)
{
	size_t len = 0;
	char *text = read_file(p, path, &len);
	const char *name = absolute_path(p->c, path);
	if (!text)
		return -1;
	note_file(p, name);
	corefile_lex(p->c, name, text, len, out);
	free(text);
	return 0;
}

static int import_matches(parser_t *p, const char *pattern, const char *path, token_list_t *out)
{
	glob_t g = {0};
	int rc = 0;
	if (count_char(path, '*') > 1 || count_char(path, '?') > 1 ||
	    (strchr(path, '[') && strchr(path, ']')))
		return parser_error(
			p, "Glob pattern may only contain one wildcard (*), but has others: %s",
			path);
	if (strchr(path, '[') || path[strlen(path) - 1] == '\\')
		return parser_error(p, "Failed to use import pattern %s: syntax error in pattern",
				    pattern);
	glob(path, 0, NULL, &g);
	if (!g.gl_pathc && !strpbrk(path, "*?[]"))
		rc = parser_error(p, "File to import not found: %s", pattern);
	else if (!g.gl_pathc && p->known)
		sodns_log(SODNS_LOG_WARNING, NULL, "No files matching import glob pattern: %s",
			  pattern);
	for (size_t i = 0; i < g.gl_pathc && !rc; i++)
		rc = import_file(p, g.gl_pathv[i], out);
	globfree(&g);
	return rc;
}

static const snippet_t *find_snippet(const parser_t *p, const char *name)
{
	for (size_t i = 0; i < p->snippet_count; i++)
		if (!strcmp(p->snippets[i].name, name))
			return &p->snippets[i];
	return NULL;
}

/* Room in front of what is still to be read, for words that come between. */
static void make_room(parser_t *p, size_t wanted)
{
	size_t left = p->tokens.count - (size_t)p->at, front = wanted + left;
	token_list_t out = {.count = front + left, .room = front + left};
	out.items = malloc(out.room * sizeof(*out.items));
	if (!out.items) {
		fputs("out of memory for the Corefile\n", stderr);
		abort();
	}
	memcpy(out.items + front, p->tokens.items + p->at, left * sizeof(*out.items));
	free(p->tokens.items);
	p->tokens = out;
	p->at = (long)front;
}

/* Puts the words where "import X" was. What has been read is not looked at again but for the word before:
 * they are written over it, so that an import costs what it brings, and not what follows it. */
static void splice(parser_t *p, const token_list_t *words)
{
	const corefile_token_t none = {.text = ""};
	corefile_token_t before = p->at > 1 ? p->tokens.items[p->at - 2] : none;
	p->at++;
	if ((size_t)p->at < words->count + 1)
		make_room(p, words->count + 1);
	p->at -= (long)words->count;
	if (words->count)
		memcpy(p->tokens.items + p->at, words->items, words->count * sizeof(*words->items));
	p->tokens.items[p->at - 1] = before;
	p->total += words->count;
}

int parser_import(parser_t *p)
{
	if (!parser_next_arg(p))
		return parser_error_args(p);
	const char *pattern = corefile_expand(p->c, parser_val(p));
	if (!*pattern)
		return parser_error(p, "Import requires a non-empty filepath");
	if (parser_next_arg(p))
		return parser_error(p, "Import takes only one argument (glob pattern or file)");
	const snippet_t *s = find_snippet(p, pattern);
	if (p->expansions++ >= COREFILE_EXPANSIONS_MAX || p->total > COREFILE_TOKENS_MAX)
		return parser_error(p, "maximum %s import depth (%d) exceeded",
				    s ? "snippet" : "file", COREFILE_EXPANSIONS_MAX);
	if (s) {
		splice(p, &s->tokens);
		return 0;
	}
	token_list_t words = {0};
	char *path = import_path(p, pattern);
	int rc = import_matches(p, pattern, path, &words);
	if (!rc)
		splice(p, &words);
	free(path);
	free(words.items);
	return rc;
}
