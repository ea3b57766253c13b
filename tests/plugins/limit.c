/*
 * A test plugin that admits: `NAME MOST [discard]` lets so many queries of a client in and refuses (or
 * drops) the others. It says of each what it decides, and where.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/ability.h>
#include <sodns/plugin.h>

struct limit {
	unsigned most;
	bool discards;
	_Atomic(unsigned) seen[256]; /* by the last byte of the client's address */
};

static enum sodns_verdict admit(void *self, sodns_query_t *q)
{
	struct limit *l = self;
	char name[SODNS_NAME_TEXT_MAX], peer[SODNS_ADDRESS_TEXT_MAX];
	const sodns_address_t *a = sodns_query_peer(q);
	unsigned n = atomic_fetch_add(&l->seen[a->bytes[a->family == 4 ? 3 : 15]], 1) + 1;
	sodns_name_to_text(sodns_query_name(q), name);
	sodns_address_to_text(a, peer);
	sodns_log(SODNS_LOG_INFO, NAME, "%s of %s in %s: %u of %u", name, peer, sodns_query_zone(q),
		  n, l->most);
	return n <= l->most ? SODNS_PASS : l->discards ? SODNS_DISCARD : SODNS_REJECT;
}

static const void *ability(void *self, const char *id)
{
	static const sodns_admit_ability_t ability = {.size = sizeof(ability), .admit = admit};
	(void)self;
	return strcmp(id, SODNS_ABILITY_ADMIT) ? NULL : &ability;
}

static int setup(sodns_setup_t *s)
{
	while (sodns_setup_next(s)) {
		struct limit *l = sodns_setup_alloc(s, sizeof(*l));
		const char *most = sodns_setup_arg(s);
		if (!most)
			return sodns_error_args(s);
		l->most = (unsigned)atoi(most);
		l->discards = sodns_setup_arg(s) != NULL;
		sodns_add_instance(s, l);
	}
	return SODNS_OK;
}

SODNS_PLUGIN(.name = NAME, .setup = setup, .ability = ability);
