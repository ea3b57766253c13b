/*
 * Server blocks: keys, then directives in braces (which a Corefile of one block may leave away).
 */
#include "corefile/parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/log.h>

static const corefile_token_t *token_at(const parser_t *p)
{
	return p->at >= 0 && (size_t)p->at < p->tokens.count ? &p->tokens.items[p->at] : NULL;
}

const char *parser_val(const parser_t *p)
{
	const corefile_token_t *t = token_at(p);
	return t ? t->text : "";
}

static bool val_is(const parser_t *p, const char *text)
{
	return !strcmp(parser_val(p), text);
}

static int line_breaks(const char *text)
{
	int n = 0;
	for (; *text; text++)
		n += *text == '\n';
	return n;
}

bool token_begins_line(const corefile_token_t *before, const corefile_token_t *t)
{
	return before->file != t->file || before->line + line_breaks(before->text) < t->line;
}

static bool begins_line(const parser_t *p)
{
	if (p->at < 1)
		return true;
	if ((size_t)p->at >= p->tokens.count)
		return false;
	return token_begins_line(&p->tokens.items[p->at - 1], &p->tokens.items[p->at]);
}

static bool next(parser_t *p)
{
	if (p->at + 1 >= (long)p->tokens.count)
		return false;
	p->at++;
	return true;
}

static bool same_line(const corefile_token_t *a, const corefile_token_t *b)
{
	return a->file == b->file && a->line + line_breaks(a->text) == b->line;
}

bool parser_next_arg(parser_t *p)
{
	if (p->at < 0)
		return next(p);
	if (p->at + 1 >= (long)p->tokens.count ||
	    !same_line(&p->tokens.items[p->at], &p->tokens.items[p->at + 1]))
		return false;
	p->at++;
	return true;
}

static void put_place(parser_t *p, const char *kind)
{
	const corefile_token_t *t = token_at(p);
	snprintf(p->err, p->err_size, "%s:%d - %s: ", t ? t->file : p->name, t ? t->line : 0, kind);
}

int parser_error(parser_t *p, const char *format, ...)
{
	put_place(p, "Error during parsing");
	size_t n = strlen(p->err);
	va_list ap;
	va_start(ap, format);
	vsnprintf(p->err + n, p->err_size - n, format, ap);
	va_end(ap);
	return -1;
}

int parser_error_args(parser_t *p)
{
	if (val_is(p, "{"))
		return parser_error(p, "Unexpected token '{', expecting argument");
	return parser_error(p, "Wrong argument count or unexpected line ending after '%s'",
			    parser_val(p));
}

static int error_syntax(parser_t *p, const char *expected)
{
	put_place(p, "Syntax error");
	size_t n = strlen(p->err);
	snprintf(p->err + n, p->err_size - n, "Unexpected token '%s', expecting '%s'",
		 parser_val(p), expected);
	return -1;
}

static int error_eof(parser_t *p)
{
	return parser_error(p, "Unexpected EOF");
}

/* What nothing closes is noticed at the end of the file: where it begins is added to the error. */
static int not_closed(parser_t *p, const char *what, const corefile_token_t *begin)
{
	size_t n = strlen(p->err);
	snprintf(p->err + n, p->err_size - n, " (the %s that begins at %s:%d is not closed)", what,
		 begin->file, begin->line);
	return -1;
}

/* The keys, up to '{' or the end of the line; a comma at the end goes on on the next. */
static int read_keys(parser_t *p)
{
	bool another = false;
	for (;;) {
		const char *word = corefile_expand(p->c, parser_val(p));
		if (!strcmp(word, "import") && begins_line(p)) {
			if (parser_import(p))
				return -1;
			continue;
		}
		if (!strcmp(word, "{")) {
			if (another)
				return parser_error(p,
						    "Expected another address but had '%s' - check "
						    "for extra comma",
						    word);
			return 0;
		}
		size_t n = strlen(word);
		if (n) {
			another = word[n - 1] == ',';
			corefile_token_t key = *token_at(p);
			key.text = corefile_copy(p->c, word, another ? n - 1 : n);
			token_list_add(&p->keys, key);
		}
		bool more = next(p);
		if (another && !more)
			return error_eof(p);
		p->eof = !more;
		if (!more || (!another && begins_line(p)))
			return 0;
	}
}

static token_list_t *directive_list(parser_t *p, const char *name)
{
	for (size_t i = 0; i < p->directive_count; i++)
		if (!strcmp(p->directives[i].name, name))
			return &p->directive_tokens[i];
	size_t n = p->directive_count++;
	p->directives = realloc(p->directives, (n + 1) * sizeof(*p->directives));
	p->directive_tokens = realloc(p->directive_tokens, (n + 1) * sizeof(*p->directive_tokens));
	if (!p->directives || !p->directive_tokens)
		abort();
	p->directives[n] = (corefile_directive_t){.name = name};
	p->directive_tokens[n] = (token_list_t){0};
	return &p->directive_tokens[n];
}

static int check_known(parser_t *p, const char *name)
{
	char hint[512] = "";
	if (!p->known || p->known(p->known_ctx, name, hint, sizeof(hint)))
		return 0;
	return parser_error(p, "Unknown directive '%s'%s%s%s", name, *hint ? " (" : "", hint,
			    *hint ? ")" : "");
}

/* One directive: its line, and what is in its braces. */
static int read_directive(parser_t *p)
{
	const char *name = corefile_expand(p->c, parser_val(p));
	int nesting = 0;
	corefile_token_t brace = {0};
	if (check_known(p, name))
		return -1;
	token_list_t *list = directive_list(p, name);
	token_list_add(list, *token_at(p));
	while (next(p)) {
		if (val_is(p, "{")) {
			if (!nesting++)
				brace = *token_at(p);
		} else if (begins_line(p) && !nesting) {
			p->at--;
			break;
		} else if (val_is(p, "}") && nesting > 0) {
			nesting--;
		} else if (val_is(p, "}")) {
			return parser_error(p, "Unexpected '}' because no matching opening brace");
		} else if (val_is(p, "import") && begins_line(p)) {
			if (parser_import(p))
				return -1;
			p->at--;
			continue;
		}
		corefile_token_t t = *token_at(p);
		t.text = corefile_expand(p->c, t.text);
		token_list_add(list, t);
	}
	if (!nesting)
		return 0;
	error_eof(p);
	return not_closed(p, "block", &brace);
}

static int read_directives(parser_t *p)
{
	while (next(p)) {
		if (val_is(p, "}"))
			return 0;
		if (val_is(p, "import")) {
			if (parser_import(p))
				return -1;
			p->at--;
			continue;
		}
		if (read_directive(p))
			return -1;
	}
	return 0;
}

static int read_contents(parser_t *p)
{
	bool braces = val_is(p, "{");
	corefile_token_t brace = {0};
	if (braces)
		brace = *token_at(p);
	else
		p->at--;
	if (read_directives(p))
		return -1;
	if (!braces || val_is(p, "}"))
		return 0;
	error_syntax(p, "}");
	return not_closed(p, "block", &brace);
}

static bool is_snippet(const parser_t *p, const char **name)
{
	if (p->keys.count != 1)
		return false;
	const char *key = p->keys.items[0].text;
	size_t n = strlen(key);
	if (n < 2 || key[0] != '(' || key[n - 1] != ')')
		return false;
	*name = corefile_copy(p->c, key + 1, n - 2);
	return true;
}

static bool imports_itself(parser_t *p, const snippet_t *s)
{
	const corefile_token_t *t = s->tokens.items;
	for (size_t i = 0; i + 1 < s->tokens.count; i++)
		if (!strcmp(t[i].text, "import") && (!i || token_begins_line(&t[i - 1], &t[i])) &&
		    !strcmp(corefile_expand(p->c, t[i + 1].text), s->name))
			return true;
	return false;
}

static int read_snippet(parser_t *p, const char *name)
{
	int depth = 1;
	for (size_t i = 0; i < p->snippet_count; i++)
		if (!strcmp(p->snippets[i].name, name))
			return parser_error(p, "redeclaration of previously declared snippet %s",
					    name);
	if (!val_is(p, "{"))
		return error_syntax(p, "{");
	const corefile_token_t brace = *token_at(p);
	p->snippets = realloc(p->snippets, (p->snippet_count + 1) * sizeof(*p->snippets));
	if (!p->snippets)
		abort();
	snippet_t *s = &p->snippets[p->snippet_count++];
	*s = (snippet_t){.name = name};
	while (next(p)) {
		if (val_is(p, "}") && !--depth)
			break;
		if (val_is(p, "{"))
			depth++;
		token_list_add(&s->tokens, *token_at(p));
	}
	if (depth) {
		error_syntax(p, "}");
		return not_closed(p, "block", &brace);
	}
	if (imports_itself(p, s))
		return parser_error(p, "maximum snippet import depth (%d) exceeded",
				    COREFILE_EXPANSIONS_MAX);
	return 0;
}

/* Moves what was read into the corefile's memory. */
static void keep_block(parser_t *p)
{
	corefile_block_t b = {.key_count = p->keys.count, .directive_count = p->directive_count};
	corefile_token_t *keys = corefile_alloc(p->c, p->keys.count * sizeof(*keys));
	memcpy(keys, p->keys.items, p->keys.count * sizeof(*keys));
	corefile_directive_t *directives = corefile_alloc(p->c, (p->directive_count + 1) *
									sizeof(*directives));
	for (size_t i = 0; i < p->directive_count; i++) {
		token_list_t *l = &p->directive_tokens[i];
		corefile_token_t *tokens = corefile_alloc(p->c, l->count * sizeof(*tokens));
		memcpy(tokens, l->items, l->count * sizeof(*tokens));
		directives[i] = (corefile_directive_t){p->directives[i].name, tokens, l->count};
	}
	b.keys = keys;
	b.directives = directives;
	/* Room doubles. */
	if (!(p->block_count & (p->block_count - 1)))
		p->blocks = realloc(p->blocks, (2 * p->block_count + 1) * sizeof(*p->blocks));
	if (!p->blocks)
		abort();
	p->blocks[p->block_count++] = b;
}

static void clear_block(parser_t *p)
{
	for (size_t i = 0; i < p->directive_count; i++)
		free(p->directive_tokens[i].items);
	p->directive_count = 0;
	p->keys.count = 0;
}

static int read_block(parser_t *p)
{
	const char *snippet;
	clear_block(p);
	if (read_keys(p))
		return -1;
	if (p->eof) {
		if (p->keys.count)
			keep_block(p);
		return 0;
	}
	if (is_snippet(p, &snippet))
		return read_snippet(p, snippet);
	const corefile_token_t *t = token_at(p);
	const char *file = t->file;
	int line = t->line;
	if (read_contents(p))
		return -1;
	if (p->keys.count)
		keep_block(p);
	else if (p->known)
		sodns_log(SODNS_LOG_WARNING, NULL,
			  "%s:%d - a server block without a key serves nothing", file, line);
	return 0;
}

static void parser_free(parser_t *p)
{
	clear_block(p);
	for (size_t i = 0; i < p->snippet_count; i++)
		free(p->snippets[i].tokens.items);
	free(p->snippets);
	free(p->directives);
	free(p->directive_tokens);
	free(p->keys.items);
	free(p->tokens.items);
	free(p->blocks);
}

static void keep_all(parser_t *p)
{
	corefile_block_t *blocks = corefile_alloc(p->c, (p->block_count + 1) * sizeof(*blocks));
	if (p->block_count)
		memcpy(blocks, p->blocks, p->block_count * sizeof(*blocks));
	p->c->blocks = blocks;
	p->c->block_count = p->block_count;
	p->c->files = p->files;
	p->c->file_count = p->file_count;
}

corefile_t *corefile_parse(const char *name, const char *text, size_t len, corefile_known_f known,
			   void *ctx, char *err, size_t err_size)
{
	parser_t p = {.at = -1, .known = known, .known_ctx = ctx, .err = err, .err_size = err_size};
	int rc = 0;
	p.c = calloc(1, sizeof(*p.c));
	if (!p.c)
		abort();
	p.name = corefile_copy(p.c, name, strlen(name));
	p.files = corefile_alloc(p.c, sizeof(*p.files));
	p.files[p.file_count++] = p.name;
	corefile_lex(p.c, p.name, text, len, &p.tokens);
	p.total = p.tokens.count;
	while (!rc && next(&p))
		rc = read_block(&p);
	if (!rc)
		keep_all(&p);
	else if (p.c->open_quote.file)
		not_closed(&p, "quote", &p.c->open_quote);
	parser_free(&p);
	if (!rc)
		return p.c;
	corefile_free(p.c);
	return NULL;
}

void corefile_free(corefile_t *c)
{
	if (!c)
		return;
	arena_reset(&c->memory);
	free(c);
}
