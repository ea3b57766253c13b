/* Hashes: what they are, and that no keys are found that meet in a table more often than chance has it. */
#include "test.h"

#include <stdlib.h>
#include <sys/random.h>

#include <sodns/hash.h>

#include "message/name.h"

#define COUNT (1u << 13)
#define MANY (1u << 15)

/* SipHash-1-3 with a key of zeros, as CPython computes it for bytes. */
static void siphash(void **state)
{
	(void)state;
	static const uint64_t zeros[2] = {0, 0};
	uint8_t row[64], many[300];
	const hash_state_t key = hash_of_bytes;
	for (unsigned i = 0; i < sizeof(row); i++)
		row[i] = (uint8_t)i;
	memset(many, 'x', sizeof(many));
	hash_of_bytes = hash_begin(zeros);
	assert_true(sodns_hash("", 1) == 0x68a914128e01e473u);
	assert_true(sodns_hash("a", 1) == 0x407448d2b89b1813u);
	assert_true(sodns_hash("abcdefg", 7) == 0x6db12aae9070f506u);
	assert_true(sodns_hash("abcdefgh", 8) == 0x3f7b849c0b8e35eau);
	assert_true(sodns_hash("abcdefghi", 9) == 0xf89b34a3d11eb6e5u);
	assert_true(sodns_hash(row, sizeof(row)) == 0x75e05fd5bbc870c6u);
	assert_true(sodns_hash(many, sizeof(many)) == 0x2f58903130dc04e4u);
	hash_of_bytes = key;
}

static uint64_t hash_of(const uint8_t *name)
{
	return sodns_name_hash(name);
}

static void new_keys(void)
{
	uint64_t key[4];
	assert_int_equal(getrandom(key, sizeof(key), 0), sizeof(key));
	hash_of_names = hash_begin(key);
	hash_of_bytes = hash_begin(key + 2);
}

/* Puts `len` bytes as a label in front of "example.". */
static void make_name(uint8_t name[SODNS_NAME_MAX], const uint8_t *label, size_t len)
{
	static const uint8_t rest[] = "\007example";
	name[0] = (uint8_t)len;
	memcpy(name + 1, label, len);
	memcpy(name + 1 + len, rest, sizeof(rest));
}

/* Numbers in the words of a label that a multiplication takes: what such a function has added there
 * makes one factor zero, and the rest of the label is without effect. */
static const uint64_t zero_makers[] = {0x8ebc6af09c88c6e3u,
				       0xe7037ed1a0b428dbu,
				       0x9e3779b97f4a7c15u,
				       0x2d358dccaa6c78a5u,
				       0x8bb84b93962eacc9u,
				       0x4b33a62ed433d4a3u,
				       0x4d5a2da51de1aa47u,
				       0x589965cc75374cc3u,
				       0x1d8e4e27c47d124fu,
				       0xa0761d6478bd642fu,
				       0};

#define ZERO_MAKERS (sizeof(zero_makers) / sizeof(zero_makers[0]))

/* A family of names is chosen without knowing the key: number i of it. */
typedef void (*family_f)(uint32_t i, uint32_t choice, uint8_t name[SODNS_NAME_MAX]);

/* Some bytes of the label are counted, the last eight are what makes zero; labels of all lengths. */
static void ends_in_zero_maker(uint32_t i, uint32_t choice, uint8_t name[SODNS_NAME_MAX])
{
	uint8_t label[63] = {0};
	size_t len = 12 + choice % 52;
	memcpy(label, &i, sizeof(i));
	memcpy(label + len - 8, &zero_makers[choice / 52 % ZERO_MAKERS], 8);
	make_name(name, label, len);
}

/* It stands somewhere, and what is counted where the next words are. */
static void holds_zero_maker(uint32_t i, uint32_t choice, uint8_t name[SODNS_NAME_MAX])
{
	uint8_t label[63] = {0};
	size_t at = choice % 40;
	memcpy(label + (at < 8 ? at + 8 : at - 8), &i, sizeof(i));
	memcpy(label + at, &zero_makers[choice / 40 % ZERO_MAKERS], 8);
	make_name(name, label, 48);
}

/* Counted at a place, the rest the same. */
static void counts(uint32_t i, uint32_t choice, uint8_t name[SODNS_NAME_MAX])
{
	uint8_t label[63];
	memset(label, choice & 1 ? 0xff : 'a', sizeof(label));
	memcpy(label + choice % 59, &i, sizeof(i));
	make_name(name, label, 63);
}

/* The difference of two words is the same everywhere. */
static void cancels(uint32_t i, uint32_t choice, uint8_t name[SODNS_NAME_MAX])
{
	uint8_t label[63] = {0};
	uint64_t a = (uint64_t)i << choice % 40, b = choice & 1 ? 0 - a : a ^ zero_makers[0];
	memcpy(label + 7, &a, 8);
	memcpy(label + 15 + choice % 4 * 8, &b, 8);
	make_name(name, label, 55);
}

/* Bits of a number as labels of one or two bytes. */
static void boundaries(uint32_t i, uint32_t choice, uint8_t name[SODNS_NAME_MAX])
{
	uint8_t *at = name;
	for (unsigned bit = 0; bit < 13; bit++) {
		unsigned len = 1 + (i >> bit & 1);
		*at++ = (uint8_t)len;
		memset(at, 'a' + (int)choice % 3, len);
		at += len;
	}
	*at = 0;
}

static void put_in(uint32_t *bucket, uint64_t place)
{
	bucket[place % COUNT]++;
}

static void check_load(const uint32_t *bucket)
{
	unsigned most = 0, used = 0;
	for (unsigned i = 0; i < COUNT; i++) {
		most = bucket[i] > most ? bucket[i] : most;
		used += bucket[i] != 0;
	}
	/* Random: 7 or 8 at most, and 63.2 % of the places used. */
	assert_in_range(most, 2, 15);
	assert_in_range(used, COUNT * 60 / 100, COUNT * 67 / 100);
}

/* As many places as keys, chosen by the low bits, those in the middle, and the high ones. */
static void check_places(const uint64_t *hash)
{
	uint32_t *bucket = test_calloc(COUNT, sizeof(*bucket));
	for (unsigned shift = 0; shift <= 45; shift += 15) {
		memset(bucket, 0, COUNT * sizeof(*bucket));
		for (unsigned i = 0; i < COUNT; i++)
			put_in(bucket, hash[i] >> (shift < 45 ? shift : 48));
		check_load(bucket);
	}
	test_free(bucket);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

static void check_different(uint64_t *hash)
{
	qsort(hash, COUNT, sizeof(*hash), compare);
	for (unsigned i = 1; i < COUNT; i++)
		assert_true(hash[i] != hash[i - 1]);
}

static void check_family(family_f f, unsigned choice)
{
	uint64_t *hash = test_calloc(COUNT, sizeof(*hash));
	uint8_t name[SODNS_NAME_MAX];
	for (unsigned i = 0; i < COUNT; i++) {
		f(i, choice, name);
		hash[i] = hash_of(name);
	}
	check_places(hash);
	check_different(hash);
	/* The same bytes where they are no name. */
	for (unsigned i = 0; i < COUNT; i++) {
		f(i, choice, name);
		hash[i] = sodns_hash(name, sodns_name_length(name));
	}
	check_places(hash);
	check_different(hash);
	test_free(hash);
}

static void families(void **state)
{
	(void)state;
	new_keys();
	/* All places for the first two, then some. */
	for (unsigned k = 0; k < 52 * ZERO_MAKERS; k += k < 104 ? 1 : 17)
		check_family(ends_in_zero_maker, k);
	for (unsigned k = 0; k < 40 * ZERO_MAKERS; k += k < 80 ? 1 : 17)
		check_family(holds_zero_maker, k);
	for (unsigned k = 0; k < 59; k += 9)
		check_family(counts, k);
	for (unsigned k = 0; k < 40; k += 7)
		check_family(cancels, k);
	check_family(boundaries, 0);
}

/* Each bit of the input changes each bit of the hash half of the time. */
static void avalanche_of(size_t len, unsigned trials)
{
	uint8_t bytes[64];
	unsigned changed[64];
	for (size_t bit = 0; bit < 8 * len; bit++) {
		memset(changed, 0, sizeof(changed));
		for (unsigned t = 0; t < trials; t++) {
			new_keys();
			assert_int_equal(getrandom(bytes, len, 0), len);
			uint64_t a = sodns_hash(bytes, len);
			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			a ^= sodns_hash(bytes, len);
			for (unsigned i = 0; i < 64; i++)
				changed[i] += a >> i & 1;
		}
		/* Seven standard deviations. */
		for (unsigned i = 0; i < 64; i++)
			assert_in_range(changed[i], trials / 2 - 112, trials / 2 + 112);
	}
}

static void avalanche(void **state)
{
	(void)state;
	for (size_t len = 1; len <= 17; len += 4)
		avalanche_of(len, 1024);
}

/* Each letter of a name, too. */
static void avalanche_of_names(void **state)
{
	(void)state;
	static const uint8_t text[] = "\3www\20some-longer-name\7example";
	uint8_t name[SODNS_NAME_MAX];
	unsigned changed[64] = {0}, trials = 0;
	for (unsigned key = 0; key < 256; key++) {
		new_keys();
		memcpy(name, text, sizeof(text));
		for (uint8_t *l = name; *l; l += *l + 1)
			for (uint8_t *c = l + 1; c <= l + *l; c++, trials++) {
				uint64_t a = hash_of(name);
				*c ^= 1;
				a ^= hash_of(name);
				*c ^= 1;
				for (unsigned i = 0; i < 64; i++)
					changed[i] += a >> i & 1;
			}
	}
	for (unsigned i = 0; i < 64; i++)
		assert_in_range(changed[i], trials * 45 / 100, trials * 55 / 100);
}

/* With another key, names that met meet no more, and none keeps its hash. */
static void keys(void **state)
{
	(void)state;
	uint8_t name[SODNS_NAME_MAX];
	uint64_t *before = test_calloc(MANY, sizeof(*before));
	uint32_t low = 0;
	for (unsigned i = 0; i < MANY; i++) {
		counts(i, 0, name);
		before[i] = hash_of(name);
	}
	new_keys();
	for (unsigned i = 0; i < MANY; i++) {
		counts(i, 0, name);
		uint64_t h = hash_of(name);
		assert_true(h != before[i]);
		low += (h & 0xff) == (before[i] & 0xff);
	}
	assert_in_range(low, MANY / 256 / 2, MANY / 256 * 2);
	test_free(before);
	assert_true(sodns_hash("a", 1) != sodns_name_hash((const uint8_t *)"\1a"));
}

/* One name with every type, class or port: wherever those stand in the number, nothing piles up. */
static void numbers(void **state)
{
	(void)state;
	static const unsigned shifts[] = {0, 2, 18, 24, 40};
	for (unsigned k = 0; k < sizeof(shifts) / sizeof(shifts[0]); k++) {
		uint32_t *bucket = test_calloc(COUNT, sizeof(*bucket));
		for (unsigned i = 0; i < COUNT; i++)
			put_in(bucket, sodns_hash_number(42, (uint64_t)i << shifts[k]));
		for (unsigned i = 0; i < COUNT; i++)
			assert_in_range(bucket[i], 0, 31);
		test_free(bucket);
	}
}

/* The hash of a suffix is that of the suffix as a name, however it is found. */
static void suffixes(void **state)
{
	(void)state;
	static const uint8_t name[] = "\3www\34some-longer-label-than-eight\1a\7example",
			     star[] = "\1*";
	name_labels_t l, again;
	name_split(name, &l);
	name_split(name, &again);
	assert_int_equal(l.count, 4);
	for (unsigned i = 0; i <= l.count; i++)
		assert_true(name_hash(name, &l, i) == sodns_name_hash(name + l.at[i]));
	assert_true(name_hash_child(name, &l, 1, name) == name_hash(name, &l, 0));
	assert_true(name_hash_child(name, &l, 3, star) ==
		    sodns_name_hash((const uint8_t *)"\1*\7example"));
	hash_state_t s = hash_of_names;
	name_hash_labels(&s, name, &again, 2, 4);
	name_hash_rest(s, name, &again, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(name_hash_known(&again, i));
		assert_true(again.hash_known[i] == name_hash(name, &l, i));
	}
	assert_false(name_hash_known(&again, 2));
}

/* 127 labels, the last of the bits that say what is known. */
static void longest(void **state)
{
	(void)state;
	uint8_t name[SODNS_NAME_MAX];
	name_labels_t l;
	for (unsigned i = 0; i < 127; i++) {
		name[2 * i] = 1;
		name[2 * i + 1] = (uint8_t)('a' + i % 26);
	}
	name[254] = 0;
	name_split(name, &l);
	assert_int_equal(l.count, 127);
	for (unsigned i = 127; i > 0; i -= 21) {
		assert_false(name_hash_known(&l, i));
		assert_true(name_hash(name, &l, i) == sodns_name_hash(name + l.at[i]));
		assert_true(name_hash_known(&l, i));
		if (i < 21)
			break;
	}
}

/* The addresses of one network, and no others. */
static void networks(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		unsigned bits;
		bool same;
	} all[] = {
		{"192.0.2.1", "192.0.2.254", 24, true},
		{"192.0.2.1", "192.0.3.1", 24, false},
		{"192.0.2.1", "192.0.3.1", 23, true},
		{"192.0.2.1", "192.0.2.2", 32, false},
		{"192.0.2.1", "192.0.2.1", 200, true},
		{"192.0.2.1", "10.0.0.1", 0, true},
		{"::", "0.0.0.0", 0, false},
		{"2001:db8::1", "2001:db8:0:ff::", 56, true},
		{"2001:db8::1", "2001:db8:0:100::", 56, false},
		{"2001:db8::1", "2001:db8::2", 128, false},
		{"2001:db8::1", "2001:db8::2", 126, true},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		sodns_address_t a, b;
		assert_int_equal(sodns_address_from_text(all[i].a, &a), 0);
		assert_int_equal(sodns_address_from_text(all[i].b, &b), 0);
		b.port = 53;
		assert_int_equal(sodns_hash_network(&a, all[i].bits) ==
					 sodns_hash_network(&b, all[i].bits),
				 all[i].same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash),   cmocka_unit_test(families),
		cmocka_unit_test(avalanche), cmocka_unit_test(avalanche_of_names),
		cmocka_unit_test(keys),      cmocka_unit_test(numbers),
		cmocka_unit_test(networks),  cmocka_unit_test(suffixes),
		cmocka_unit_test(longest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
