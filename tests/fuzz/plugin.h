/*
 * One plugin in a fuzz target: linked in, set up from the text of its directives, asked, all without
 * a daemon.
 */
#ifndef TESTS_FUZZ_PLUGIN_H
#define TESTS_FUZZ_PLUGIN_H

#include "fuzz.h"
#include "host/host.h"
#include "message/query.h"

/* The plugin that is linked in. */
extern const sodns_plugin_t sodns_plugin;

/* Sets the plugin up from a server block with this inside. Returns its instance, or NULL where the
 * text is refused. One at a time; the end of it frees everything. */
const void *fuzz_setup(const char *text, size_t len);
void fuzz_setup_end(void);

/* A query that was received, and its end. */
sodns_query_t *fuzz_query(const uint8_t *packet, size_t len);
void fuzz_query_end(sodns_query_t *q);
/* Hands q to the instance, behind which there is `next` alone, and encodes what it replies. */
void fuzz_ask(const void *self, sodns_query_t *q, sodns_reply_t *(*next)(sodns_query_t *q));

#endif
