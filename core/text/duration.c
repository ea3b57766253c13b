/*
 * Durations as Go reads and prints them: Corefiles are full of them.
 */
#include <sodns/text.h>

#include <stdio.h>
#include <string.h>

/* The largest that is read: a negative one. */
#define MOST ((uint64_t)1 << 63)

struct unit {
	const char *text;
	uint64_t ns;
};

/* The micro sign stands in Unicode twice. */
static const struct unit units[] = {
	{"ns", 1},       {"us", 1000},      {"µs", 1000},       {"μs", 1000},
	{"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000},
};

enum fault { NONE, INVALID, UNIT_MISSING, UNIT_UNKNOWN };

/* Digits up to what is none; false: too many. */
static bool read_digits(const char **t, uint64_t *v)
{
	for (; **t >= '0' && **t <= '9'; ++*t) {
		if (*v > MOST / 10)
			return false;
		*v = *v * 10 + (uint64_t)(**t - '0');
		if (*v > MOST)
			return false;
	}
	return true;
}

/* Digits behind the point; those that count for nothing are passed over. */
static void read_fraction(const char **t, uint64_t *v, double *scale)
{
	bool enough = false;
	for (; **t >= '0' && **t <= '9'; ++*t) {
		enough = enough || *v > (MOST - 1) / 10 || *v * 10 + (uint64_t)(**t - '0') > MOST;
		if (enough)
			continue;
		*v = *v * 10 + (uint64_t)(**t - '0');
		*scale *= 10;
	}
}

static const struct unit *unit_at(const char *t, size_t *len)
{
	*len = strcspn(t, "0123456789.");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].text) == *len && !memcmp(units[i].text, t, *len))
			return &units[i];
	return NULL;
}

/* One number and its unit, added to *sum; *t is moved behind them, or to a unit that is wrong. */
static enum fault read_part(const char **t, uint64_t *sum, size_t *unit_len)
{
	uint64_t whole = 0, fraction = 0;
	double scale = 1;
	const char *begin = *t;
	if (!read_digits(t, &whole))
		return INVALID;
	size_t digits = (size_t)(*t - begin);
	if (**t == '.') {
		begin = ++*t;
		read_fraction(t, &fraction, &scale);
		digits += (size_t)(*t - begin);
	}
	if (!digits)
		return INVALID;
	const struct unit *u = unit_at(*t, unit_len);
	if (!u)
		return *unit_len ? UNIT_UNKNOWN : UNIT_MISSING;
	if (whole > MOST / u->ns)
		return INVALID;
	whole = whole * u->ns + (uint64_t)((double)fraction * ((double)u->ns / scale));
	*t += *unit_len;
	*sum += whole;
	return whole > MOST || *sum > MOST ? INVALID : NONE;
}

/* *unit is the one that is wrong, if it is that. */
static enum fault read_all(const char *text, int64_t *out, const char **unit, size_t *unit_len)
{
	const char *t = text + (*text == '-' || *text == '+');
	bool negative = *text == '-';
	uint64_t sum = 0;
	enum fault fault = *t ? NONE : INVALID;
	if (!strcmp(t, "0"))
		t++;
	while (*t && !fault)
		fault = read_part(&t, &sum, unit_len);
	*unit = t;
	if (!fault && sum == MOST && !negative)
		return INVALID;
	*out = negative ? (int64_t)(0 - sum) : (int64_t)sum;
	return fault;
}

int sodns_duration_from_text(const char *text, int64_t *out)
{
	int64_t ns;
	const char *unit;
	size_t len;
	if (read_all(text, &ns, &unit, &len))
		return SODNS_EINVAL;
	*out = ns;
	return SODNS_OK;
}

void sodns_duration_error(const char *text, char *out, size_t room)
{
	int64_t ns;
	const char *unit;
	size_t len = 0;
	char word[64], quoted[256];
	enum fault fault = read_all(text, &ns, &unit, &len);
	sodns_quote(text, strlen(text), false, quoted, sizeof(quoted));
	if (fault == UNIT_UNKNOWN) {
		sodns_quote(unit, len, false, word, sizeof(word));
		snprintf(out, room, "time: unknown unit %s in duration %s", word, quoted);
		return;
	}
	snprintf(out, room, "time: %s duration %s",
		 fault == UNIT_MISSING ? "missing unit in" : "invalid", quoted);
}

/* "1.5" of 1500 thousandths: the fraction without trailing zeros. */
static size_t put_fraction(char *out, uint64_t v, uint64_t unit, const char *suffix)
{
	size_t n = (size_t)sprintf(out, "%llu", (unsigned long long)(v / unit));
	uint64_t rest = v % unit;
	if (rest) {
		out[n++] = '.';
		for (uint64_t u = unit / 10; u && rest; u /= 10) {
			out[n++] = (char)('0' + rest / u);
			rest %= u;
		}
	}
	return n + (size_t)sprintf(out + n, "%s", suffix);
}

size_t sodns_duration_to_text(int64_t ns, char out[40])
{
	uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	size_t n = ns < 0 ? (size_t)sprintf(out, "-") : 0;
	if (!v)
		return n + (size_t)sprintf(out + n, "0s");
	if (v < 1000)
		return n + (size_t)sprintf(out + n, "%lluns", (unsigned long long)v);
	if (v < 1000000)
		return n + put_fraction(out + n, v, 1000, "µs");
	if (v < 1000000000)
		return n + put_fraction(out + n, v, 1000000, "ms");
	uint64_t minutes = v / 60000000000u;
	if (minutes >= 60)
		n += (size_t)sprintf(out + n, "%lluh", (unsigned long long)(minutes / 60));
	if (minutes)
		n += (size_t)sprintf(out + n, "%llum", (unsigned long long)(minutes % 60));
	return n + put_fraction(out + n, v % 60000000000u, 1000000000, "s");
}
