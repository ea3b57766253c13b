/*
 * The distance between words.
 */
#include "host/nearest.h"

#include <string.h>

#define LONGEST 62

static unsigned least_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Letters to insert, remove, replace or swap with the next to get from a to b. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][LONGEST + 1], n = (unsigned)strlen(b), len = (unsigned)strlen(a);
	if (n > LONGEST || len > LONGEST)
		return 99;
	for (unsigned i = 0; i <= len; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3];
		const unsigned *above2 = rows[(i + 1) % 3];
		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			row[j] = i ? least_of(above[j], row[j - 1]) + 1 : j;
			if (i)
				row[j] = least_of(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least_of(row[j], above2[j - 2] + 1);
		}
	}
	return rows[len % 3][n];
}

void nearest_begin(nearest_t *n, const char *word)
{
	*n = (nearest_t){.word = word, .least = strlen(word) > 4 ? 3 : 2};
}

void nearest_try(nearest_t *n, const char *known)
{
	unsigned d = distance(n->word, known);
	if (d >= n->least)
		return;
	n->least = d;
	n->best = known;
}
