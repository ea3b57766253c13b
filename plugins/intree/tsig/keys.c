/*
 * Keys: kept as the two hash states that HMAC begins with (RFC 2104), so that a message costs no more
 * than hashing it.
 */
#include "keys.h"

#include <stdlib.h>
#include <string.h>

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>

static const struct {
	const uint8_t *name;
	const struct nettle_hash *hash;
} algorithms[ALGORITHMS] = {
	{(const uint8_t *)"\x0bhmac-sha256", &nettle_sha256},
	{(const uint8_t *)"\x0bhmac-sha512", &nettle_sha512},
	{(const uint8_t *)"\x09hmac-sha1", &nettle_sha1},
	{(const uint8_t *)"\x0bhmac-sha224", &nettle_sha224},
	{(const uint8_t *)"\x0bhmac-sha384", &nettle_sha384},
};

static int algorithm_number(const uint8_t *name)
{
	for (int i = 0; i < ALGORITHMS; i++)
		if (sodns_name_equal(algorithms[i].name, name))
			return i;
	return ANY_ALGORITHM - 1;
}

int keys_algorithm(const char *text)
{
	uint8_t name[SODNS_NAME_MAX];
	return sodns_name_from_text(text, NULL, name) < 0 ? ANY_ALGORITHM - 1
							  : algorithm_number(name);
}

static struct key *find(const struct key_list *l, const uint8_t *name)
{
	struct key *k = l->first;
	while (k && !sodns_name_equal(k->name, name))
		k = k->next;
	return k;
}

static void use_secret(struct key *k, const uint8_t *secret, size_t len)
{
	union hash_state scratch;
	for (size_t i = 0; i < ALGORITHMS; i++) {
		k->mac[i].hash = algorithms[i].hash;
		hmac_set_key(&k->mac[i].outer, &k->mac[i].inner, &scratch, algorithms[i].hash, len,
			     secret);
	}
	explicit_bzero(&scratch, sizeof(scratch));
}

static bool decode(struct key *k, const char *text)
{
	struct base64_decode_ctx c;
	size_t len = strlen(text), n = BASE64_DECODE_LENGTH(len);
	uint8_t *secret = malloc(n + 1);
	if (!secret)
		return false;
	base64_decode_init(&c);
	bool good = base64_decode_update(&c, &n, secret, len, text) && base64_decode_final(&c);
	if (good) {
		use_secret(k, secret, n);
		explicit_bzero(secret, n);
	}
	free(secret);
	return good;
}

int keys_add(struct key_list *l, const uint8_t *name, const char *secret, int algorithm)
{
	if (find(l, name))
		return SODNS_EBUSY;
	struct key *k = calloc(1, sizeof(*k));
	if (!k)
		return SODNS_ENOMEM;
	sodns_name_lower(name, k->name);
	k->algorithm = algorithm;
	k->usable = decode(k, secret);
	k->next = l->first;
	l->first = k;
	return SODNS_OK;
}

void keys_free(struct key_list *l)
{
	for (struct key *k = l->first, *next; k; k = next) {
		next = k->next;
		explicit_bzero(k, sizeof(*k));
		free(k);
	}
	l->first = NULL;
}

static const struct key **slot_of(const struct key_table *t, const uint8_t *name)
{
	size_t i = sodns_name_hash(name) & (t->room - 1);
	while (t->slots[i] && !sodns_name_equal(t->slots[i]->name, name))
		i = (i + 1) & (t->room - 1);
	return &t->slots[i];
}

void keys_index(struct key_table *t, const struct key_list *const *lists, size_t count)
{
	size_t keys = 0;
	for (size_t i = 0; i < count; i++)
		for (const struct key *k = lists[i]->first; k; k = k->next)
			keys++;
	for (t->room = 2; t->room < keys * 2 + 1;)
		t->room *= 2;
	if (!(t->slots = calloc(t->room, sizeof(*t->slots))))
		abort();
	for (size_t i = 0; i < count; i++)
		for (const struct key *k = lists[i]->first; k; k = k->next)
			*slot_of(t, k->name) = k;
}

void keys_index_free(struct key_table *t)
{
	free(t->slots);
	*t = (struct key_table){0};
}

const struct key *keys_find(const struct key_table *t, const uint8_t *name)
{
	return t->room ? *slot_of(t, name) : NULL;
}

const struct mac_key *keys_mac(const struct key *k, const uint8_t *algorithm)
{
	int i = algorithm_number(algorithm);
	return i >= 0 && (k->algorithm == ANY_ALGORITHM || k->algorithm == i) ? &k->mac[i] : NULL;
}

void mac_begin(struct mac *m, const struct mac_key *key)
{
	m->key = key;
	memcpy(&m->state, &key->inner, key->hash->context_size);
}

void mac_add(struct mac *m, const void *bytes, size_t len)
{
	hmac_update(&m->state, m->key->hash, len, bytes);
}

size_t mac_end(struct mac *m, uint8_t out[MAC_MAX])
{
	const struct nettle_hash *h = m->key->hash;
	hmac_digest(&m->key->outer, &m->key->inner, &m->state, h, h->digest_size, out);
	return h->digest_size;
}

bool mac_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	return memeql_sec(a, b, len);
}
