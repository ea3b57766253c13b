/*
 * The walk over a directive's tokens.
 */
#include <string.h>

#include "corefile/parser.h"

void corefile_cursor_init(corefile_cursor_t *c, const corefile_directive_t *d)
{
	*c = (corefile_cursor_t){.tokens = d->tokens, .count = (long)d->count, .at = -1};
}

bool corefile_cursor_next(corefile_cursor_t *c)
{
	if (c->at + 1 >= c->count)
		return false;
	c->at++;
	return true;
}

/* The next token on this line, a '{' included. */
static bool next_on_line(corefile_cursor_t *c)
{
	if (c->at < 0)
		return corefile_cursor_next(c);
	if (c->at + 1 >= c->count || token_begins_line(&c->tokens[c->at], &c->tokens[c->at + 1]))
		return false;
	c->at++;
	return true;
}

bool corefile_cursor_next_arg(corefile_cursor_t *c)
{
	if (!next_on_line(c))
		return false;
	if (strcmp(c->tokens[c->at].text, "{"))
		return true;
	c->at--;
	return false;
}

bool corefile_cursor_at_block(const corefile_cursor_t *c)
{
	corefile_cursor_t ahead = *c;
	return next_on_line(&ahead) && !strcmp(ahead.tokens[ahead.at].text, "{");
}

bool corefile_cursor_next_block(corefile_cursor_t *c)
{
	if (c->nesting > 0) {
		if (!corefile_cursor_next(c))
			return false;
		if (strcmp(c->tokens[c->at].text, "}"))
			return true;
		c->nesting--;
		return false;
	}
	if (!next_on_line(c))
		return false;
	if (strcmp(c->tokens[c->at].text, "{")) {
		c->at--;
		return false;
	}
	if (!corefile_cursor_next(c) || !strcmp(c->tokens[c->at].text, "}"))
		return false;
	c->nesting++;
	return true;
}

const char *corefile_cursor_val(const corefile_cursor_t *c)
{
	return c->at >= 0 ? c->tokens[c->at].text : "";
}

const char *corefile_cursor_file(const corefile_cursor_t *c)
{
	return c->count ? c->tokens[c->at >= 0 ? c->at : 0].file : "";
}

int corefile_cursor_line(const corefile_cursor_t *c)
{
	return c->count ? c->tokens[c->at >= 0 ? c->at : 0].line : 0;
}
