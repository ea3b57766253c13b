/*
 * tsig: key files (the input begins with 'k'), and records at the end of a message. What was read of a
 * record is signed over and written again, and is the same when it is read once more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/intree/tsig/keyfile.h"
#include "../../plugins/intree/tsig/record.h"
#include "fuzz.h"

#define HEADER 12

static int add(void *arg, const struct key_text *key, char *err, size_t err_size)
{
	uint8_t wire[SODNS_NAME_MAX];
	(void)err;
	(void)err_size;
	if (sodns_name_from_text(key->name, NULL, wire) >= 0)
		keys_add(arg, wire, key->secret,
			 *key->algorithm ? keys_algorithm(key->algorithm) : ANY_ALGORITHM);
	return 0;
}

static void key_file(const char *text, size_t len)
{
	struct key_list keys = {0};
	char err[256];
	keyfile_parse(text, len, add, &keys, err, sizeof(err));
	keys_free(&keys);
}

static const sodns_hmac_key_t *some_key(void)
{
	static struct key_list keys;
	if (!keys.first)
		keys_add(&keys, (const uint8_t *)"\1k", "c2VjcmV0", ANY_ALGORITHM);
	return keys_mac(keys.first, (const uint8_t *)"\x0bhmac-sha512");
}

static void same(const struct record *a, const struct record *b)
{
	if (a->time != b->time || a->fudge != b->fudge || a->mac_len != b->mac_len ||
	    a->original_id != b->original_id || a->error != b->error ||
	    a->other_len != b->other_len || memcmp(a->mac, b->mac, a->mac_len) ||
	    memcmp(a->other, b->other, a->other_len) || !sodns_name_equal(a->owner, b->owner) ||
	    !sodns_name_equal(a->algorithm, b->algorithm))
		abort();
}

static void message(const uint8_t *m, size_t len)
{
	struct record r, again;
	uint8_t mac[MAC_MAX];
	if (!record_read(m, len, HEADER, &r))
		return;
	record_mac(some_key(), m, HEADER, &r, mac);
	record_mac_answer(some_key(), r.mac, r.mac_len, m, len, &r, m[0] & 1, mac);
	size_t size = record_length(&r);
	uint8_t *out = malloc(size);
	if (!out)
		return;
	record_write(&r, out);
	if (!record_read(out, size, 0, &again))
		abort();
	same(&r, &again);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char err[512];
	if (sodns_digest_open(err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		abort();
	}
	uint8_t *copy = malloc(len ? len : 1);
	if (!copy)
		return 0;
	if (len)
		memcpy(copy, data, len);
	if (len && *copy == 'k')
		key_file((const char *)copy, len);
	else if (len > HEADER && len < 65536)
		message(copy, len);
	free(copy);
	return 0;
}
