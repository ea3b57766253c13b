/*
 * What the readers of plugin.cfg and of plugin.cfg.d have in common.
 */
#ifndef CORE_HOST_PLUGIN_CFG_H
#define CORE_HOST_PLUGIN_CFG_H

#include <stdio.h>

#include "host/host.h"

/* Begins another file; its name is copied. */
void plugin_cfg_begin_file(plugin_cfg_t *c, const char *name);
/* Calls read(c, line, number) for each line of an open file, which was begun. */
void plugin_cfg_each_line(plugin_cfg_t *c, FILE *f,
			  void (*read)(plugin_cfg_t *c, char *line, int number));
/* Without blanks at both ends, in place. */
char *plugin_cfg_trim(char *s);
/* The length of the NAME in "NAME:PATH"; 0: it is no such thing. */
size_t plugin_cfg_name(const char *s);
/* Adds a plugin of the file that was begun last. */
plugin_entry_t *plugin_cfg_add(plugin_cfg_t *c, const char *name, size_t n, const char *path,
			       int line);
plugin_entry_t *plugin_cfg_find_n(const plugin_cfg_t *c, const char *name, size_t n);
/* Puts the line of the file that was begun last into the entry. */
void plugin_cfg_move(plugin_cfg_t *c, plugin_entry_t *e, const char *path, int line);
/* What is wrong with an entry; the last reason holds. */
void plugin_cfg_break(plugin_entry_t *e, const char *format, ...) SODNS_PRINTF(2, 3);
/* What is wrong and no plugin's; the file's name is the caller's. */
void plugin_cfg_problem(plugin_cfg_t *c, const char *format, ...) SODNS_PRINTF(2, 3);
/* The same for a line from which no more than a name, perhaps, can be told. */
void plugin_cfg_add_broken(plugin_cfg_t *c, const char *text, int line, const char *expected);
/* The entry is named on this line of the file that was begun last as well. */
void plugin_cfg_note_twice(plugin_cfg_t *c, plugin_entry_t *e, int line);

/* Reads the folder beside plugin.cfg, and puts each plugin of it into its place. */
void plugin_cfg_add_folder(plugin_cfg_t *c);

#endif
