/*
 * Keys, by name; each as every algorithm that it is good for uses it.
 */
#include "keys.h"

#include <stdlib.h>
#include <string.h>

#include <sodns/text.h>

static const struct {
	const uint8_t *name;
	enum sodns_digest_kind kind;
} algorithms[ALGORITHMS] = {
	{(const uint8_t *)"\x0bhmac-sha256", SODNS_SHA256},
	{(const uint8_t *)"\x0bhmac-sha512", SODNS_SHA512},
	{(const uint8_t *)"\x09hmac-sha1", SODNS_SHA1},
	{(const uint8_t *)"\x0bhmac-sha224", SODNS_SHA224},
	{(const uint8_t *)"\x0bhmac-sha384", SODNS_SHA384},
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
	for (size_t i = 0; i < ALGORITHMS; i++)
		if (k->algorithm == ANY_ALGORITHM || k->algorithm == (int)i)
			k->mac[i] = sodns_hmac_key(algorithms[i].kind, secret, len);
}

/* A key whose secret can't be read has none: it is there, and fits no signature. */
static bool decode(struct key *k, const char *text)
{
	size_t len = strlen(text), room = SODNS_DECODED_ROOM(len);
	uint8_t *secret = malloc(room);
	if (!secret)
		abort();
	ptrdiff_t n = sodns_base64_decode(text, len, secret, room);
	use_secret(k, secret, n < 0 ? 0 : (size_t)n);
	explicit_bzero(secret, room);
	free(secret);
	return n >= 0;
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
		for (size_t i = 0; i < ALGORITHMS; i++)
			sodns_hmac_key_free(k->mac[i]);
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

const sodns_hmac_key_t *keys_mac(const struct key *k, const uint8_t *algorithm)
{
	int i = algorithm_number(algorithm);
	return i >= 0 ? k->mac[i] : NULL;
}
