/*
 * Reading a zone from its file.
 */
#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct source *source_new(const uint8_t *origin, const char *path)
{
	struct source *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	s->path = strdup(path);
	sodns_name_lower(origin, s->origin);
	return s;
}

void source_free(void *source)
{
	struct source *s = source;
	sodns_retire(sodns_publish(&s->zone, NULL), sodns_zone_free);
	pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
}

static int load(struct source *s, sodns_zone_t *z, char *err, size_t err_size)
{
	char why[1024] = "out of memory", origin[SODNS_NAME_TEXT_MAX];
	unsigned files = 0;
	sodns_txn_t *t = sodns_zone_begin(z);
	int rc = t ? sodns_txn_load_file(t, s->path, &files, why, sizeof(why)) : SODNS_ENOMEM;
	if (rc && t)
		sodns_txn_abort(t);
	else if (t)
		sodns_txn_commit(t);
	s->plain = files == 1;
	sodns_name_to_text(s->origin, origin);
	uint32_t serial;
	if (rc)
		snprintf(err, err_size, "failed to parse file \"%s\" for origin %s with error %s",
			 s->path, origin, why);
	else if (!sodns_zone_serial(z, &serial))
		snprintf(err, err_size, "file \"%s\" has no SOA record for origin %s", s->path,
			 origin);
	else
		return 0;
	return SODNS_EINVAL;
}

int source_read(struct source *s, char *err, size_t err_size)
{
	struct stat st;
	FILE *f = fopen(s->path, "re");
	if (!f || fstat(fileno(f), &st) || S_ISDIR(st.st_mode)) {
		bool folder = f && S_ISDIR(st.st_mode);
		snprintf(err, err_size, "open %s: %s", s->path,
			 folder            ? "is a directory"
			 : errno == ENOENT ? "no such file or directory"
					   : strerror(errno));
		if (f)
			fclose(f);
		return folder ? SODNS_EINVAL : SODNS_ENOENT;
	}
	fclose(f);
	sodns_zone_t *z = sodns_zone_new(s->origin);
	if (!z) {
		snprintf(err, err_size, "out of memory");
		return SODNS_EINVAL;
	}
	if (load(s, z, err, err_size)) {
		sodns_zone_free(z);
		return SODNS_EINVAL;
	}
	s->read_at = st;
	sodns_retire(sodns_publish(&s->zone, z), sodns_zone_free);
	return 0;
}

bool source_is_current(const struct source *s)
{
	struct stat st;
	return s->plain && !stat(s->path, &st) && st.st_size == s->read_at.st_size &&
	       st.st_ino == s->read_at.st_ino && st.st_mtim.tv_sec == s->read_at.st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec == s->read_at.st_mtim.tv_nsec;
}
