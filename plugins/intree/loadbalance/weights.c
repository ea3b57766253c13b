/*
 * Weight files: a name on a line of its own, and below it its addresses with their weights.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loadbalance.h"

#define FIELDS_MAX 3

void weights_free(void *weights)
{
	struct weights *w = weights;
	for (size_t i = 0; w && i < w->count; i++) {
		free(w->names[i].name);
		free(w->names[i].weights);
	}
	if (w)
		free(w->names);
	free(w);
}

static void *grow(void *array, size_t count, size_t size)
{
	void *more = count & (count - 1) ? array : realloc(array, (count ? count * 2 : 1) * size);
	if (!more)
		abort();
	return more;
}

static struct weighted_name *name_of(struct weights *w, const char *text)
{
	uint8_t name[SODNS_NAME_MAX];
	if (sodns_name_from_text(text, NULL, name) < 0)
		return NULL;
	size_t len = sodns_name_lower(name, name);
	for (size_t i = 0; i < w->count; i++)
		if (sodns_name_equal(w->names[i].name, name))
			return &w->names[i];
	w->names = grow(w->names, w->count, sizeof(*w->names));
	struct weighted_name *n = &w->names[w->count++];
	*n = (struct weighted_name){.name = malloc(len)};
	if (!n->name)
		abort();
	memcpy(n->name, name, len);
	return n;
}

/* One line's words; NULL, or what is wrong. */
static bool take_line(struct weights *w, struct weighted_name **at, char **field, int fields,
		      const char *line, const char *path, char *err, size_t err_size)
{
	sodns_address_t a;
	uint64_t value;
	if (fields == 1) {
		bool address = !sodns_address_from_text(field[0], &a);
		*at = address ? NULL : name_of(w, field[0]);
		if (!*at)
			snprintf(err, err_size,
				 "wrong domain name:\"%s\" in weight file %s. (Maybe a missing "
				 "weight value?)",
				 field[0], path);
		return *at;
	}
	if (fields != 2)
		snprintf(err, err_size, "could not parse weight line:\"%s\" in weight file %s",
			 line, path);
	else if (sodns_address_from_text(field[0], &a))
		snprintf(err, err_size, "wrong IP address:\"%s\" in weight file %s", field[0],
			 path);
	else if (sodns_uint_from_text(field[1], strlen(field[1]), 10, 255, &value) || !value)
		snprintf(err, err_size, "wrong weight value:\"%s\" in weight file %s", field[1],
			 path);
	else if (!*at)
		snprintf(err, err_size, "missing domain name in weight file %s", path);
	else {
		struct weighted_name *n = *at;
		n->weights = grow(n->weights, n->count, sizeof(*n->weights));
		n->weights[n->count++] = (struct weight){a, (uint8_t)value};
		return true;
	}
	return false;
}

static int by_name(const void *a, const void *b)
{
	return sodns_name_compare(((const struct weighted_name *)a)->name,
				  ((const struct weighted_name *)b)->name);
}

struct weights *weights_parse(const char *text, size_t len, const char *path, char *err,
			      size_t err_size)
{
	struct weights *w = calloc(1, sizeof(*w));
	struct weighted_name *at = NULL;
	size_t name = 0; /* the index of `at`, which moves when names are added */
	if (!w)
		abort();
	for (const char *end = text + len; text < end;) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = newline ? (size_t)(newline - text) : (size_t)(end - text);
		char line[1200], words[1200], *field[FIELDS_MAX], *save = NULL;
		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		snprintf(words, sizeof(words), "%s", line);
		text += n + 1;
		int fields = 0;
		for (char *f = strtok_r(words, " \t\r", &save); f && fields < FIELDS_MAX;
		     f = strtok_r(NULL, " \t\r", &save))
			field[fields++] = f;
		if (!fields || *field[0] == '#')
			continue;
		at = at ? &w->names[name] : NULL;
		if (!take_line(w, &at, field, fields, line, path, err, err_size)) {
			weights_free(w);
			return NULL;
		}
		name = (size_t)(at - w->names);
	}
	if (w->count)
		qsort(w->names, w->count, sizeof(*w->names), by_name);
	return w;
}

bool record_address(const sodns_rrset_t *rr, sodns_address_t *out)
{
	uint16_t len;
	const uint8_t *rdata = sodns_rdata(rr->data, &len);
	bool four = rr->type == SODNS_TYPE_A;
	if (len != (four ? 4 : 16) || (!four && rr->type != SODNS_TYPE_AAAA))
		return false;
	*out = (sodns_address_t){.family = four ? 4 : 6};
	memcpy(out->bytes, rdata, len);
	return true;
}

uint8_t weight_of(const struct weights *w, const sodns_rrset_t *rr)
{
	sodns_address_t a;
	const struct weighted_name key = {.name = (uint8_t *)(uintptr_t)rr->owner};
	const struct weighted_name *n =
		w->count ? bsearch(&key, w->names, w->count, sizeof(key), by_name) : NULL;
	if (!n || !record_address(rr, &a))
		return 1;
	for (size_t i = 0; i < n->count; i++)
		if (sodns_address_equal(&n->weights[i].address, &a))
			return n->weights[i].value;
	return 1;
}
