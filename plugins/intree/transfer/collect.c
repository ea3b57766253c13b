/*
 * A zone collected before it is sent: for instances whose data stay only while a query does not wait
 * for its client. The memory of all such transfers has a bound.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "transfer.h"

#define COLLECTED_MAX (256u << 20)
#define ROOM_FIRST 4096u
/* Others have their turn after so many bytes. */
#define TURN 131072u

struct collected {
	uint8_t *bytes; /* sets, each with owner and data behind it */
	size_t len, room, turn;
};

static _Atomic(size_t) in_all;

static void forget(void *arg)
{
	struct collected *c = arg;
	atomic_fetch_sub(&in_all, c->room);
	free(c->bytes);
}

struct collected *collected_new(sodns_query_t *q)
{
	struct collected *c = sodns_alloc(q, sizeof(*c));
	*c = (struct collected){.turn = TURN};
	sodns_cleanup(q, forget, c);
	return c;
}

bool collected_is_empty(const struct collected *c)
{
	return !c->len;
}

static bool grow(struct collected *c, size_t more)
{
	size_t room = c->room ? c->room : ROOM_FIRST;
	while (room < c->len + more)
		room *= 2;
	if (room == c->room)
		return true;
	if (atomic_fetch_add(&in_all, room - c->room) + (room - c->room) > COLLECTED_MAX) {
		atomic_fetch_sub(&in_all, room - c->room);
		return false;
	}
	uint8_t *bytes = realloc(c->bytes, room);
	if (!bytes) {
		atomic_fetch_sub(&in_all, room - c->room);
		return false;
	}
	c->bytes = bytes;
	c->room = room;
	return true;
}

/* So that the next one is aligned. */
static size_t size_of(const sodns_rrset_t *set, size_t owner_len)
{
	return (sizeof(*set) + owner_len + set->data_len + 7) & ~(size_t)7;
}

int collected_add(void *arg, const sodns_rrset_t *set)
{
	struct collected *c = arg;
	size_t owner_len = sodns_name_length(set->owner), size = size_of(set, owner_len);
	if (!grow(c, size))
		return SODNS_ENOMEM;
	uint8_t *at = c->bytes + c->len;
	memcpy(at, set, sizeof(*set));
	memcpy(at + sizeof(*set), set->owner, owner_len);
	memcpy(at + sizeof(*set) + owner_len, set->data, set->data_len);
	c->len += size;
	if (c->len < c->turn)
		return SODNS_OK;
	c->turn = c->len + TURN;
	return sodns_sleep(0) == SODNS_ECANCELLED ? SODNS_ECANCELLED : SODNS_OK;
}

int collected_each(const struct collected *c, int (*fn)(void *arg, const sodns_rrset_t *set),
		   void *arg)
{
	sodns_rrset_t set;
	int rc = SODNS_OK;
	for (size_t at = 0; at < c->len && !rc;) {
		memcpy(&set, c->bytes + at, sizeof(set));
		set.owner = c->bytes + at + sizeof(set);
		size_t owner_len = sodns_name_length(set.owner);
		set.data = set.owner + owner_len;
		at += size_of(&set, owner_len);
		rc = fn(arg, &set);
	}
	return rc;
}
