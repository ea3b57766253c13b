/*
 * Zones that follow their master files (sodns/zonefile.h).
 */
#include <sodns/zonefile.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodns/file.h>
#include <sodns/log.h>
#include <sodns/share.h>

#include "zone/nsec3.h"

struct sodns_zonefile {
	pthread_mutex_t lock;
	sodns_shared_t zone;    /* sodns_zone_t; NULL: not read yet */
	sodns_file_mark_t read; /* of the file as it was read */
	bool plain;             /* it includes no other file */
	char *path;
	uint8_t origin[];
};

/* The origin, in messages. */
typedef struct origin_text {
	char text[SODNS_NAME_TEXT_MAX];
} origin_text_t;

static origin_text_t origin_of(const sodns_zonefile_t *f)
{
	origin_text_t t;
	sodns_name_to_text(f->origin, t.text);
	return t;
}

sodns_zonefile_t *sodns_zonefile_new(const uint8_t *origin, const char *path)
{
	sodns_zonefile_t *f = calloc(1, sizeof(*f) + sodns_name_length(origin));
	if (!f || !(f->path = strdup(path))) {
		free(f);
		return NULL;
	}
	pthread_mutex_init(&f->lock, NULL);
	sodns_name_lower(origin, f->origin);
	return f;
}

void sodns_zonefile_free(void *file)
{
	sodns_zonefile_t *f = file;
	if (!f)
		return;
	sodns_retire(sodns_publish(&f->zone, NULL), sodns_zone_free);
	pthread_mutex_destroy(&f->lock);
	free(f->path);
	free(f);
}

const uint8_t *sodns_zonefile_origin(const sodns_zonefile_t *f)
{
	return f->origin;
}

const sodns_zone_t *sodns_zonefile_zone(const sodns_zonefile_t *f)
{
	return sodns_reach(&f->zone);
}

/* Such a zone is served, and validators fail on what it does not have. */
static void warn_of_iterations(const sodns_zonefile_t *f, sodns_zone_t *z)
{
	unsigned iterations = denial_refused(z);
	if (iterations)
		sodns_log(SODNS_LOG_WARNING, NULL,
			  "Zone \"%s\" in \"%s\" has NSEC3 records of %u iterations: those of more "
			  "than "
			  "%u are not used; sign it with 0",
			  origin_of(f).text, f->path, iterations, NSEC3_ITERATIONS_MAX);
}

static int load(sodns_zonefile_t *f, sodns_zone_t *z, char *err, size_t err_size)
{
	char why[1024] = "out of memory";
	unsigned files = 0;
	uint32_t serial;
	sodns_txn_t *t = sodns_zone_begin(z);
	int rc = t ? sodns_txn_load_file(t, f->path, &files, why, sizeof(why)) : SODNS_ENOMEM;
	if (rc && t)
		sodns_txn_abort(t);
	else if (t && (rc = sodns_txn_commit(t)))
		snprintf(why, sizeof(why), "out of memory");
	f->plain = files == 1;
	if (rc)
		snprintf(err, err_size, "failed to parse file \"%s\" for origin %s with error %s",
			 f->path, origin_of(f).text, why);
	else if (!sodns_zone_serial(z, &serial))
		snprintf(err, err_size, "file \"%s\" has no SOA record for origin %s", f->path,
			 origin_of(f).text);
	else
		return SODNS_OK;
	return SODNS_EINVAL;
}

/* Whether there is a file to read, and what it looks like. */
static int open_file(const sodns_zonefile_t *f, struct stat *st, char *err, size_t err_size)
{
	FILE *file = fopen(f->path, "re");
	if (file && !fstat(fileno(file), st) && !S_ISDIR(st->st_mode)) {
		fclose(file);
		return SODNS_OK;
	}
	bool folder = file && S_ISDIR(st->st_mode);
	sodns_file_error(err, err_size, "open", f->path, folder ? EISDIR : errno);
	if (file)
		fclose(file);
	return folder ? SODNS_EINVAL : SODNS_ENOENT;
}

static int read_locked(sodns_zonefile_t *f, char *err, size_t err_size)
{
	struct stat st;
	sodns_file_mark_t mark;
	sodns_file_mark(f->path, &mark);
	int rc = open_file(f, &st, err, err_size);
	if (rc)
		return rc;
	sodns_zone_t *z = sodns_zone_new(f->origin);
	if (!z) {
		snprintf(err, err_size, "out of memory");
		return SODNS_EINVAL;
	}
	if (load(f, z, err, err_size)) {
		sodns_zone_free(z);
		return SODNS_EINVAL;
	}
	f->read = mark;
	warn_of_iterations(f, z);
	sodns_retire(sodns_publish(&f->zone, z), sodns_zone_free);
	return SODNS_OK;
}

int sodns_zonefile_read(sodns_zonefile_t *f, char *err, size_t err_size)
{
	pthread_mutex_lock(&f->lock);
	int rc = read_locked(f, err, err_size);
	pthread_mutex_unlock(&f->lock);
	return rc;
}

static bool current_locked(const sodns_zonefile_t *f)
{
	sodns_file_mark_t now;
	return f->plain && !f->read.fresh && !sodns_file_mark(f->path, &now) &&
	       sodns_file_same(&now, &f->read);
}

bool sodns_zonefile_is_current(sodns_zonefile_t *f)
{
	pthread_mutex_lock(&f->lock);
	bool is = current_locked(f);
	pthread_mutex_unlock(&f->lock);
	return is;
}

/* Also one that is older: a link may lead back to a file of before. */
static bool has_other_time(const sodns_zonefile_t *f, const char *who)
{
	sodns_file_mark_t now;
	if (sodns_file_mark(f->path, &now)) {
		sodns_log(SODNS_LOG_ERROR, who, "Failed to stat zone \"%s\" in \"%s\": %s",
			  origin_of(f).text, f->path, strerror(errno));
		return false;
	}
	return !sodns_reach(&f->zone) || now.modified != f->read.modified ||
	       now.inode != f->read.inode || now.device != f->read.device;
}

static bool has_other_serial(const sodns_zonefile_t *f, const char *who)
{
	char err[2048];
	uint32_t now = 0, then;
	const sodns_zone_t *zone = sodns_reach(&f->zone);
	if (zone && current_locked(f))
		return false;
	if (access(f->path, R_OK)) {
		sodns_file_error(err, sizeof(err), "open", f->path, errno);
		sodns_log(SODNS_LOG_ERROR, who, "Failed to open zone \"%s\" in \"%s\": %s",
			  origin_of(f).text, f->path, err);
		return false;
	}
	int rc = sodns_zone_file_serial(f->path, f->origin, &now, err, sizeof(err));
	return rc || !zone || !sodns_zone_serial(zone, &then) || now != then;
}

bool sodns_zonefile_follow(sodns_zonefile_t *f, bool by_mtime, const char *who)
{
	char err[2048];
	uint32_t serial = 0;
	pthread_mutex_lock(&f->lock);
	bool changed = by_mtime ? has_other_time(f, who) : has_other_serial(f, who);
	if (changed && read_locked(f, err, sizeof(err))) {
		sodns_log(SODNS_LOG_ERROR, who, "Parsing zone \"%s\": %s", origin_of(f).text, err);
		changed = false;
	}
	if (changed && sodns_zone_serial(sodns_reach(&f->zone), &serial))
		sodns_log(SODNS_LOG_INFO, who,
			  "Successfully reloaded zone \"%s\" in \"%s\" with %u SOA serial",
			  origin_of(f).text, f->path, serial);
	pthread_mutex_unlock(&f->lock);
	return changed;
}

void sodns_zonefile_move(sodns_zonefile_t *f, const char *path)
{
	pthread_mutex_lock(&f->lock);
	char *copy = strcmp(f->path, path) ? strdup(path) : NULL;
	if (copy) {
		free(f->path);
		f->path = copy;
	}
	pthread_mutex_unlock(&f->lock);
}
