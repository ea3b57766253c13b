/*
 * Keys and message authentication codes: HMAC with the hashes that CoreDNS knows. A key that names its
 * algorithm is good for no other (RFC 8945, 5.2.1).
 */
#ifndef TSIG_KEYS_H
#define TSIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sodns/digest.h>
#include <sodns/name.h>

#define ALGORITHMS 5
#define MAC_MAX SODNS_DIGEST_MAX

#define ANY_ALGORITHM (-1)
/* An algorithm's number by its name as text, in any case and with or without the final dot; less than
 * ANY_ALGORITHM: there is none of that name here. */
int keys_algorithm(const char *text);

struct key {
	struct key *next;             /* in its list */
	uint8_t name[SODNS_NAME_MAX]; /* lower case */
	bool usable;                  /* false: the secret is no base64, it fits no signature */
	int algorithm;                /* the only one that it is good for, or ANY_ALGORITHM */
	sodns_hmac_key_t *mac[ALGORITHMS]; /* as each algorithm uses it */
};

struct key_list {
	struct key *first;
};

/* Adds a key. `algorithm`: a number of keys_algorithm(), or ANY_ALGORITHM. SODNS_EBUSY: there is one
 * of that name. */
int keys_add(struct key_list *l, const uint8_t *name, const char *secret, int algorithm);
void keys_free(struct key_list *l);

/* Keys by name, of several lists. */
struct key_table {
	const struct key **slots;
	size_t room; /* a power of two; 0: empty */
};
/* A later key takes the place of an earlier one with its name. Ends the process without memory. */
void keys_index(struct key_table *t, const struct key_list *const *lists, size_t count);
void keys_index_free(struct key_table *t);
const struct key *keys_find(const struct key_table *t, const uint8_t *name);

/* The key for an algorithm by its name, or NULL: it is good for others only, or for nothing. */
const sodns_hmac_key_t *keys_mac(const struct key *k, const uint8_t *algorithm);

#endif
