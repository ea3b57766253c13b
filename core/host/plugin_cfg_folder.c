/*
 * plugin.cfg.d: files beside plugin.cfg that packages bring, so that it need not be edited. Each line
 * says where its plugin stands, "name:path before other" or "name:path after other"; what plugin.cfg
 * has commented out has a place there already. Files are read in the order of their names. Of several
 * plugins at the same side of one, those that were read first stand first.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodns/file.h>

#include "host/plugin_cfg.h"

#define EXPECTED "NAME:FILE before OTHER, or after OTHER"
/* So many plugins, each beside the one before, have places. */
#define DEPTH_MOST 100u

static bool is_side(const char *word)
{
	return !strcmp(word, "before") || !strcmp(word, "after");
}

/* Splits at blanks: how many words there are, of which the first three are in `words`. */
static size_t split(char *line, char *words[3])
{
	char *save = NULL;
	size_t n = 0;
	for (char *w = strtok_r(line, " \t", &save); w; w = strtok_r(NULL, " \t", &save), n++)
		if (n < 3)
			words[n] = w;
	return n;
}

static void set_place(plugin_entry_t *e, const char *side, const char *other)
{
	e->before = *side == 'b';
	e->beside = strdup(other);
}

/* The words of a line that has as many as it should. */
static void add_plugin(plugin_cfg_t *c, char *const words[3], size_t count, int number)
{
	size_t n = plugin_cfg_name(words[0]);
	const char *path = words[0] + n + 1;
	plugin_entry_t *e = plugin_cfg_find_n(c, words[0], n);
	bool has_place = e && e->later;
	if (e && !has_place) {
		plugin_cfg_note_twice(c, e, number);
		return;
	}
	if (!e)
		e = plugin_cfg_add(c, words[0], n, path, number);
	else
		plugin_cfg_move(c, e, path, number);
	e->later = false;
	if (count == 3)
		set_place(e, words[1], words[2]);
	else if (!has_place)
		plugin_cfg_break(e,
				 "plugin '%s' has no line in plugin.cfg: say where it stands, "
				 "expected " EXPECTED,
				 e->name);
}

static void read_line(plugin_cfg_t *c, char *line, int number)
{
	char *s = plugin_cfg_trim(line), *words[3] = {NULL};
	if (!*s || *s == '#')
		return;
	char *copy = strdup(s);
	size_t n = split(copy, words);
	bool good = n == 1 || (n == 3 && is_side(words[1]));
	if (good && plugin_cfg_name(words[0]))
		add_plugin(c, words, n, number);
	else
		plugin_cfg_add_broken(c, s, number, EXPECTED);
	free(copy);
}

static void note_unreadable(plugin_cfg_t *c, const char *path)
{
	char why[1024];
	sodns_file_error(why, sizeof(why), "open", path, errno);
	plugin_cfg_problem(c, "plugin.cfg.d: %s", why);
}

/* Nothing but a file: a pipe would keep everything waiting. */
static void read_file(plugin_cfg_t *c, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool regular = fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode);
	FILE *f = regular ? fdopen(fd, "r") : NULL;
	plugin_cfg_begin_file(c, path);
	if (f) {
		plugin_cfg_each_line(c, f, read_line);
		fclose(f);
		return;
	}
	if (fd < 0 || regular)
		note_unreadable(c, path);
	else
		plugin_cfg_problem(c, "plugin.cfg.d: %s is not a file", path);
	if (fd >= 0)
		close(fd);
}

/* What packages and editors leave behind has other endings, or begins with a dot. */
static int is_cfg(const struct dirent *d)
{
	size_t n = strlen(d->d_name);
	return *d->d_name != '.' && n > 4 && !strcmp(d->d_name + n - 4, ".cfg");
}

/* Bytes, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_folder(plugin_cfg_t *c, const char *folder)
{
	struct dirent **all = NULL;
	int n = scandir(folder, &all, is_cfg, by_name);
	if (n < 0 && errno != ENOENT)
		note_unreadable(c, folder);
	for (int i = 0; i < n; i++) {
		char *path = NULL;
		if (asprintf(&path, "%s/%s", folder, all[i]->d_name) < 0)
			abort();
		read_file(c, path);
		free(path);
		free(all[i]);
	}
	free(all);
}

/* Entries that stand beside others, and the order that comes of it. */
struct places {
	plugin_cfg_t *cfg;
	size_t of_lines; /* so many are plugin.cfg's own, which stand where their lines do */
	size_t *beside,
		beside_count; /* indices of those that have such a place, as they were read */
	bool *placed;
	size_t *order, count;
};

static void place(struct places *p, size_t i, unsigned depth);

static void place_beside(struct places *p, size_t i, bool before, unsigned depth)
{
	const plugin_entry_t *all = p->cfg->entries;
	for (size_t k = 0; k < p->beside_count; k++) {
		const plugin_entry_t *e = &all[p->beside[k]];
		if (e->before == before && !strcmp(e->beside, all[i].name))
			place(p, p->beside[k], depth + 1);
	}
}

/* What stands before it, itself, and what stands behind it. */
static void place(struct places *p, size_t i, unsigned depth)
{
	if (p->placed[i] || depth > DEPTH_MOST)
		return;
	p->placed[i] = true;
	place_beside(p, i, true, depth);
	p->order[p->count++] = i;
	place_beside(p, i, false, depth);
}

static const char *side_of(const plugin_entry_t *e)
{
	return e->before ? "before" : "after";
}

/* "'a' after 'b', 'b' before 'a'"; false: it does not come round. */
static bool describe_circle(const plugin_cfg_t *c, const plugin_entry_t *first, char *out,
			    size_t size)
{
	size_t at = 0;
	const plugin_entry_t *e = first;
	for (unsigned i = 0; i < DEPTH_MOST && e && e->beside; i++) {
		if (at < size)
			at += (size_t)snprintf(out + at, size - at, "%s'%s' %s '%s'", i ? ", " : "",
					       e->name, side_of(e), e->beside);
		e = plugin_cfg_find(c, e->beside);
		if (e == first)
			return true;
	}
	return false;
}

static void explain(const plugin_cfg_t *c, plugin_entry_t *e)
{
	char circle[800];
	const char *near = plugin_cfg_nearest(c, e->beside);
	if (!plugin_cfg_find(c, e->beside))
		plugin_cfg_break(e, "plugin '%s' stands %s '%s', which no line names%s%s%s",
				 e->name, side_of(e), e->beside, near ? "; did you mean '" : "",
				 near ? near : "", near ? "'?" : "");
	else if (describe_circle(c, e, circle, sizeof(circle)))
		plugin_cfg_break(e, "the places of plugins run in a circle: %s", circle);
	else
		plugin_cfg_break(e, "plugin '%s' stands %s '%s', which has no place", e->name,
				 side_of(e), e->beside);
}

/* Those of plugin.cfg first, each with what stands beside it; at the end what has no place. */
static void put_in_order(struct places *p)
{
	plugin_cfg_t *c = p->cfg;
	for (size_t i = 0; i < p->of_lines; i++)
		if (!c->entries[i].beside)
			place(p, i, 0);
	for (size_t i = 0; i < c->count; i++) {
		if (p->placed[i])
			continue;
		if (c->entries[i].beside && !c->entries[i].broken)
			explain(c, &c->entries[i]);
		p->order[p->count++] = i;
	}
	plugin_entry_t *sorted = calloc(c->count, sizeof(*sorted));
	for (size_t i = 0; i < c->count; i++)
		sorted[i] = c->entries[p->order[i]];
	free(c->entries);
	c->entries = sorted;
}

static void find_places(plugin_cfg_t *c, size_t of_lines)
{
	struct places p = {.cfg = c,
			   .of_lines = of_lines,
			   .beside = calloc(c->count, sizeof(*p.beside)),
			   .placed = calloc(c->count, sizeof(*p.placed)),
			   .order = calloc(c->count, sizeof(*p.order))};
	for (size_t i = 0; i < c->count; i++)
		if (c->entries[i].beside)
			p.beside[p.beside_count++] = i;
	put_in_order(&p);
	free(p.beside);
	free(p.placed);
	free(p.order);
}

void plugin_cfg_add_folder(plugin_cfg_t *c)
{
	char *folder = NULL;
	size_t of_lines = c->count;
	if (asprintf(&folder, "%s.d", host.plugin_cfg) < 0)
		abort();
	read_folder(c, folder);
	free(folder);
	if (c->file_count > 1 && c->count)
		find_places(c, of_lines);
}
