/*
 * Reading the Corefile for plugins (sodns/setup.h), and the block's settings (sodns/server.h).
 */
#include "host/setup.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/log.h>

const char *sodns_setup_name(const sodns_setup_t *s)
{
	return s->plugin->name;
}

bool sodns_setup_next(sodns_setup_t *s)
{
	if (s->failed || !corefile_cursor_next(&s->cursor))
		return false;
	s->file = corefile_cursor_file(&s->cursor);
	s->line = corefile_cursor_line(&s->cursor);
	return true;
}

const char *sodns_setup_arg(sodns_setup_t *s)
{
	return corefile_cursor_next_arg(&s->cursor) ? corefile_cursor_val(&s->cursor) : NULL;
}

const char *const *sodns_setup_args(sodns_setup_t *s, size_t *count)
{
	const char *arg;
	*count = 0;
	while ((arg = sodns_setup_arg(s))) {
		if (*count == s->args_room) {
			s->args_room = s->args_room ? s->args_room * 2 : 16;
			s->args = realloc(s->args, s->args_room * sizeof(*s->args));
			if (!s->args)
				abort();
		}
		s->args[(*count)++] = arg;
	}
	return s->args;
}

bool sodns_setup_block(sodns_setup_t *s)
{
	return !s->failed && corefile_cursor_next_block(&s->cursor);
}

const char *sodns_setup_value(const sodns_setup_t *s)
{
	return corefile_cursor_val(&s->cursor);
}

const char *sodns_setup_file(const sodns_setup_t *s)
{
	return corefile_cursor_file(&s->cursor);
}

int sodns_setup_line(const sodns_setup_t *s)
{
	return corefile_cursor_line(&s->cursor);
}

int sodns_error(sodns_setup_t *s, const char *format, ...)
{
	if (s->failed)
		return SODNS_EINVAL;
	s->failed = true;
	int n = snprintf(s->error, sizeof(s->error),
			 "plugin/%s: %s:%d - Error during parsing: ", s->plugin->name,
			 sodns_setup_file(s), sodns_setup_line(s));
	va_list ap;
	va_start(ap, format);
	if (n > 0 && (size_t)n < sizeof(s->error))
		vsnprintf(s->error + n, sizeof(s->error) - (size_t)n, format, ap);
	va_end(ap);
	return SODNS_EINVAL;
}

/* A plugin's warning, with its place in the Corefile where there is one. */
static void warn(const plugin_t *plugin, const char *file, int line, const char *format, va_list ap)
{
	char text[2048];
	vsnprintf(text, sizeof(text), format, ap);
	if (file)
		sodns_log(SODNS_LOG_WARNING, plugin->name, "%s:%d - %s", file, line, text);
	else
		sodns_log(SODNS_LOG_WARNING, plugin->name, "%s", text);
}

void sodns_warning(sodns_setup_t *s, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	warn(s->plugin, sodns_setup_file(s), sodns_setup_line(s), format, ap);
	va_end(ap);
}

int sodns_error_args(sodns_setup_t *s)
{
	return sodns_error(s, "Wrong argument count or unexpected line ending after '%s'",
			   sodns_setup_value(s));
}

int sodns_error_property(sodns_setup_t *s)
{
	return sodns_error(s, "unknown property '%s'", sodns_setup_value(s));
}

const uint8_t *const *sodns_setup_zones(const sodns_setup_t *s, size_t *count)
{
	*count = s->block->key_count;
	return s->block->zones;
}

/* Whether the block is asked for any name that is in one of the zones. */
static bool is_asked(const block_t *b, const uint8_t *const *zones, size_t count)
{
	for (size_t z = 0; z < count; z++)
		for (size_t k = 0; k < b->key_count; k++)
			if (sodns_name_is_below(zones[z], b->zones[k]) ||
			    sodns_name_is_below(b->zones[k], zones[z]))
				return true;
	return false;
}

/* Words that CoreDNS takes for zones in silence, though they can hardly be meant so. */
static void warn_of_zone_arg(sodns_setup_t *s, const char *text, const uint8_t *const *zones,
			     size_t count)
{
	int64_t ns;
	if (!sodns_duration_from_text(text, &ns))
		sodns_warning(s, "'%s' is taken for the name of a zone, not for a time", text);
	else if (!is_asked(s->block, zones, count))
		sodns_warning(
			s, "zone '%s' is outside of this server block's: no query of it comes here",
			text);
}

const uint8_t *const *setup_zone_text(sodns_setup_t *s, const char *text, size_t *count, char *err,
				      size_t err_size)
{
	const uint8_t **zones = zones_of(s->generation, text, count, err, err_size);
	if (zones)
		warn_of_zone_arg(s, text, zones, *count);
	return zones;
}

const uint8_t *const *sodns_setup_zone_text(sodns_setup_t *s, const char *text, size_t *count)
{
	char err[512];
	const uint8_t *const *zones = setup_zone_text(s, text, count, err, sizeof(err));
	if (!zones)
		sodns_error(s, "%s", err);
	return zones;
}

const char *sodns_setup_path(sodns_setup_t *s, const char *path)
{
	const char *root = s->block->root;
	if (*path == '/' || !root || !*root) {
		opens_add(s->generation, path);
		return memory_copy(s->generation, path, strlen(path));
	}
	size_t n = strlen(root) + strlen(path) + 2;
	char *out = memory_alloc(s->generation, n);
	snprintf(out, n, "%s/%s", root, path);
	opens_add(s->generation, out);
	return out;
}

const char *sodns_setup_key(const sodns_setup_t *s)
{
	return s->block->keys[0].text;
}

void *sodns_setup_alloc(sodns_setup_t *s, size_t size)
{
	return memory_alloc(s->generation, size);
}

static const void *ability(const instance_t *i, const char *id)
{
	const sodns_plugin_t *r = &i->plugin->r;
	return r->ability ? r->ability(i->self, id) : NULL;
}

static instance_t *instance_new(sodns_setup_t *s, void *self)
{
	instance_t *i = memory_alloc(s->generation, sizeof(*i));
	i->plugin = s->plugin;
	i->block = s->block;
	i->self = self;
	i->position = s->generation->instance_count++;
	i->file = s->file;
	i->line = s->line;
	i->prefetch = ability(i, SODNS_ABILITY_PREFETCH);
	i->metadata = ability(i, SODNS_ABILITY_METADATA);
	i->ready = ability(i, SODNS_ABILITY_READY);
	i->preface = ability(i, SODNS_ABILITY_PREFACE);
	i->admit = ability(i, SODNS_ABILITY_ADMIT);
	i->drain = ability(i, SODNS_ABILITY_DRAIN);
	i->unrouted = ability(i, SODNS_ABILITY_UNROUTED);
	i->early = ability(i, SODNS_ABILITY_EARLY);
	i->await = ability(i, SODNS_ABILITY_AWAIT);
	i->opens_classes = ability(i, SODNS_ABILITY_CLASS) != NULL;
	*s->block->instances_tail = i;
	s->block->instances_tail = &i->next;
	return i;
}

int sodns_add_handler(sodns_setup_t *s, void *self)
{
	if (!s->plugin->r.serve_dns)
		return sodns_error(s, "plugin/%s added a handler, but has no serve_dns",
				   s->plugin->name);
	s->added = instance_new(s, self);
	s->added->chained = true;
	return SODNS_OK;
}

int sodns_add_instance(sodns_setup_t *s, void *self)
{
	instance_new(s, self);
	return SODNS_OK;
}

/* "plugin/NAME: Corefile:3 - "; the length. */
static size_t put_place(char *out, size_t size, const instance_t *i)
{
	int n = snprintf(out, size, "plugin/%s: ", i->plugin->name);
	if (i->file && n > 0 && (size_t)n < size)
		n += snprintf(out + n, size - (size_t)n, "%s:%d - ", i->file, i->line);
	return n < 0 || (size_t)n >= size ? size - 1 : (size_t)n;
}

int sodns_prepare_error(sodns_prepare_t *p, const char *format, ...)
{
	if (p->failed)
		return SODNS_EINVAL;
	p->failed = true;
	size_t n = put_place(p->error, sizeof(p->error), p->instance);
	va_list ap;
	va_start(ap, format);
	vsnprintf(p->error + n, sizeof(p->error) - n, format, ap);
	va_end(ap);
	return SODNS_EINVAL;
}

void sodns_prepare_warning(sodns_prepare_t *p, const char *format, ...)
{
	const instance_t *i = p->instance;
	va_list ap;
	va_start(ap, format);
	warn(i->plugin, i->file, i->line, format, ap);
	va_end(ap);
}

int setup_fallthrough(sodns_setup_t *s, const char *const *args, size_t n, sodns_fallthrough_t *out)
{
	static const uint8_t root[] = {0};
	static const uint8_t *const everything[] = {root};
	*out = (sodns_fallthrough_t){.zones = everything, .count = 1, .set = true};
	if (!n)
		return SODNS_OK;
	const uint8_t **zones = memory_alloc(s->generation, n * sizeof(*zones));
	for (size_t i = 0; i < n; i++) {
		size_t count;
		const uint8_t *const *z = sodns_setup_zone_text(s, args[i], &count);
		if (!z)
			return SODNS_EINVAL;
		zones[i] = z[0];
	}
	out->zones = zones;
	out->count = n;
	return SODNS_OK;
}

bool sodns_fallthrough_match(const sodns_fallthrough_t *f, const uint8_t *name)
{
	return f->set && sodns_name_match(name, f->zones, f->count);
}
