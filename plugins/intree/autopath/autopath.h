/*
 * autopath: walks a client's search path inside the server, so that one query is enough.
 */
#ifndef AUTOPATH_H
#define AUTOPATH_H

#include <sodns/ability.h>
#include <sodns/plugin.h>

/* Zones of a search list; more are ignored. */
#define SEARCH_MAX 32u

struct search {
	uint8_t name[SEARCH_MAX][SODNS_NAME_MAX];
	size_t count;
};

struct autopath {
	const uint8_t *const *zones;
	size_t zone_count;
	struct search search; /* of the file; with another plugin, of this machine */
	const char *source;   /* as it is written */
	const char *plugin;   /* that knows the search path, or NULL */
	const sodns_autopath_ability_t *ability;
	void *provider;
	const char *error; /* why it can't be used, or NULL */
};

/* resolv.c: the search list of a text in resolv.conf's format; the last `search` or `domain` line
 * counts. SODNS_EINVAL: a word of it is no name. */
int resolv_read(const char *text, size_t len, struct search *out);

/* autopath.c */
sodns_reply_t *autopath_serve(const sodns_handler_t *h, sodns_query_t *q) SODNS_MAY_WAIT;

#endif
