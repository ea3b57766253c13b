/*
 * Durations as Go reads and prints them: Corefiles are full of them.
 */
#include <stdio.h>
#include <string.h>

#include <sodns/setup.h>

struct unit {
	const char *text;
	int64_t ns;
};

static const struct unit units[] = {
	{"ns", 1},       {"us", 1000},      {"µs", 1000},       {"μs", 1000},
	{"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000},
};

static const struct unit *unit_at(const char *t, size_t *len)
{
	*len = strcspn(t, "0123456789.");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].text) == *len && !memcmp(units[i].text, t, *len))
			return &units[i];
	return NULL;
}

/* One number and its unit; NULL if it is neither. */
static const char *read_part(const char *t, double *sum)
{
	double value = 0, scale = 1;
	const char *begin = t;
	size_t len;
	for (; *t >= '0' && *t <= '9'; t++)
		value = value * 10 + (*t - '0');
	bool digits = t > begin;
	if (*t == '.')
		for (t++; *t >= '0' && *t <= '9'; t++, digits = true)
			value += (*t - '0') * (scale /= 10);
	const struct unit *u = unit_at(t, &len);
	if (!digits || !u)
		return NULL;
	*sum += value * (double)u->ns;
	return t + len;
}

int sodns_duration_from_text(const char *text, int64_t *out)
{
	const char *t = text;
	double sum = 0;
	bool negative = *t == '-';
	if (*t == '-' || *t == '+')
		t++;
	if (!strcmp(t, "0")) {
		*out = 0;
		return SODNS_OK;
	}
	if (!*t)
		return SODNS_EINVAL;
	while (*t)
		if (!(t = read_part(t, &sum)) || sum > 9.2e18)
			return SODNS_EINVAL;
	*out = (int64_t)(sum + 0.5);
	if (negative)
		*out = -*out;
	return SODNS_OK;
}

void sodns_duration_error(const char *text, char *out, size_t size)
{
	const char *t = text + (*text == '-' || *text == '+');
	for (;;) {
		size_t digits = strspn(t, "0123456789."), n, unit;
		if (!digits || (digits == 1 && *t == '.'))
			break;
		n = strcspn(t + digits, "0123456789.");
		if (!n || !unit_at(t + digits, &unit)) {
			snprintf(out, size, "time: %s%.*s%s in duration \"%.100s\"",
				 n ? "unknown unit \"" : "missing unit", (int)(n < 60 ? n : 60),
				 t + digits, n ? "\"" : "", text);
			return;
		}
		t += digits + n;
		if (!*t)
			break;
	}
	snprintf(out, size, "time: invalid duration \"%.100s\"", text);
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
	uint64_t v = ns < 0 ? (uint64_t)-ns : (uint64_t)ns;
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
