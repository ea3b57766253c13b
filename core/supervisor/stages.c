/*
 * Stages and their numbers.
 */
#include "supervisor/stages.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "system/folder.h"

void stages_begin(stages_t *s, uid_t child)
{
	*s = (stages_t){.fd = -1};
	s->fd = folder_make(s->folder, sizeof(s->folder), child);
}

unsigned stages_new(stages_t *s)
{
	return s->fd < 0 ? 0 : ++s->serial;
}

void stages_path(const stages_t *s, unsigned stage, char out[STAGE_PATH_MAX])
{
	*out = 0;
	if (stage)
		snprintf(out, STAGE_PATH_MAX, "%s/%u", s->folder, stage);
}

void stages_drop(stages_t *s, unsigned stage)
{
	char name[16];
	snprintf(name, sizeof(name), "%u", stage);
	if (stage && s->fd >= 0)
		folder_remove(s->fd, name);
}

void stages_settle(stages_t *s)
{
	if (s->tried) {
		s->current = s->tried;
		s->tried = 0;
		s->use_good = false;
	}
	if (s->good != s->first && s->good != s->current)
		stages_drop(s, s->good);
	s->good = s->current;
}

void stages_tidy(stages_t *s)
{
	int fd = s->fd < 0 ? -1 : openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *e; d && (e = readdir(d));)
		if (*e->d_name != '.' && strtoul(e->d_name, NULL, 10) != s->good)
			folder_remove(s->fd, e->d_name);
	if (d)
		closedir(d);
	s->tried = 0;
}

void stages_end(stages_t *s)
{
	if (s->fd < 0)
		return;
	folder_remove(AT_FDCWD, s->folder);
	close(s->fd);
	s->fd = -1;
	folder_sweep();
}
