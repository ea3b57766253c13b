/*
 * A zone that follows its master file: read at first, and again when the file has changed. For
 * plugins that serve zones from files. The object may be shared by several generations
 * (sodns_bequeath): what changes it takes a lock of its own, queries take none.
 */
#ifndef SODNS_ZONEFILE_H
#define SODNS_ZONEFILE_H

#include <sodns/zone.h>

typedef struct sodns_zonefile sodns_zonefile_t;

/* Nothing is read yet. NULL: no memory. [any thread] */
SODNS_API sodns_zonefile_t *sodns_zonefile_new(const uint8_t *origin, const char *path);
/* Also the zone, when no query can see it any more. NULL is allowed. [any thread] */
SODNS_API void sodns_zonefile_free(void *file);

/* Lower case. [any thread] */
SODNS_API const uint8_t *sodns_zonefile_origin(const sodns_zonefile_t *f);
/* The zone as it was read last, or NULL; within a query until the query ends. [any thread] */
SODNS_API const sodns_zone_t *sodns_zonefile_zone(const sodns_zonefile_t *f);

/* Reads the file. 0, SODNS_ENOENT when it can't be opened, or SODNS_EINVAL when it is no zone; err
 * says why, and the zone stays as it was. Blocks; not in a query. */
SODNS_API int sodns_zonefile_read(sodns_zonefile_t *f, char *err, size_t err_size);
/* Whether the file looks as it did when it was read (size, time, inode; no $INCLUDE), so that reading
 * it again would change nothing. Blocks; not in a query. */
SODNS_API bool sodns_zonefile_is_current(sodns_zonefile_t *f);
/* Reads the file again if its SOA has another serial or, by_mtime, if it has another time. True: the zone is
 * another one now. What happens is logged as `who`. Blocks; not in a query. */
SODNS_API bool sodns_zonefile_follow(sodns_zonefile_t *f, bool by_mtime, const char *who);
/* The file has moved; what was read stays. [any thread] */
SODNS_API void sodns_zonefile_move(sodns_zonefile_t *f, const char *path);

#endif
