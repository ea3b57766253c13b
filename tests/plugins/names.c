/*
 * A test plugin that watches a collection and answers TXT with the names of its objects: `names
 * KUBECONFIG PATH SILENCE`. It shows what the watch client delivers, and nothing else.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/plugin.h>
#include <sodns/watch.h>

#define NAMES_MAX 64

struct names {
	const char *kubeconfig, *path, *silence;
	sodns_api_t *api;
	sodns_watch_t *watch;
	pthread_mutex_t lock;
	unsigned list, lists; /* the list under way; those that were through */
	struct {
		char text[64];
		unsigned list;
	} name[NAMES_MAX];
};

static void on_begin(void *arg)
{
	((struct names *)arg)->list++;
}

static void read_name(sodns_json_t *j, char out[64])
{
	sodns_json_text_t key, text;
	*out = 0;
	if (!sodns_json_object(j))
		return;
	while (sodns_json_member(j, &key))
		if (sodns_json_is(&key, "metadata") && sodns_json_object(j))
			while (sodns_json_member(j, &key))
				if (sodns_json_is(&key, "name") && sodns_json_string(j, &text))
					sodns_json_copy(&text, out, 64);
}

static void on_object(void *arg, enum sodns_watch_kind kind, sodns_json_t *object)
{
	struct names *n = arg;
	char text[64];
	int at = 0;
	read_name(object, text);
	pthread_mutex_lock(&n->lock);
	while (at < NAMES_MAX - 1 && strcmp(n->name[at].text, text) && *n->name[at].text)
		at++;
	/* in place of one that is gone there is a blank, so that others stay found */
	strcpy(n->name[at].text, kind == SODNS_DELETED ? " " : text);
	n->name[at].list = n->list;
	pthread_mutex_unlock(&n->lock);
}

static void on_end(void *arg)
{
	struct names *n = arg;
	pthread_mutex_lock(&n->lock);
	for (int i = 0; i < NAMES_MAX && *n->name[i].text; i++)
		if (n->name[i].list != n->list)
			strcpy(n->name[i].text, " ");
	n->lists++;
	pthread_mutex_unlock(&n->lock);
}

static void on_failed(void *arg, const char *why)
{
	(void)arg;
	sodns_log(SODNS_LOG_ERROR, "names", "%s", why);
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	struct names *n = h->self;
	sodns_reply_t *r = sodns_reply(q);
	char text[64];
	pthread_mutex_lock(&n->lock);
	for (int i = 0; i < NAMES_MAX && *n->name[i].text; i++) {
		uint8_t len = (uint8_t)snprintf(text + 1, sizeof(text) - 1, "%s", n->name[i].text);
		text[0] = (char)len;
		if (n->name[i].text[0] != ' ')
			sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(q), SODNS_TYPE_TXT,
					       0, text, len + 1u);
	}
	uint8_t len = (uint8_t)snprintf(text + 1, sizeof(text) - 1, "lists=%u", n->lists);
	pthread_mutex_unlock(&n->lock);
	text[0] = (char)len;
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(q), SODNS_TYPE_TXT, 0, text,
			       len + 1u);
	return r;
}

static int setup(sodns_setup_t *s)
{
	struct names *n = sodns_setup_alloc(s, sizeof(*n));
	sodns_setup_next(s);
	n->kubeconfig = sodns_setup_arg(s);
	n->path = sodns_setup_arg(s);
	n->silence = sodns_setup_arg(s);
	if (!n->silence)
		return sodns_error_args(s);
	pthread_mutex_init(&n->lock, NULL);
	return sodns_add_handler(s, n);
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct names *n = self;
	const sodns_api_options_t options = {.size = sizeof(options), .kubeconfig = n->kubeconfig};
	const sodns_collection_t collection = {.size = sizeof(collection),
					       .path = n->path,
					       .begin = on_begin,
					       .object = on_object,
					       .end = on_end,
					       .failed = on_failed,
					       .arg = n,
					       .silence = (uint64_t)atoi(n->silence) *
							  SODNS_SECOND};
	n->api = sodns_api_open(p, &options);
	if (!n->api)
		return SODNS_EINVAL;
	n->watch = sodns_watch_start(n->api, &collection);
	return SODNS_OK;
}

static void teardown(void *self)
{
	struct names *n = self;
	sodns_watch_stop(n->watch);
	sodns_api_close(n->api);
	pthread_mutex_destroy(&n->lock);
}

SODNS_PLUGIN(.name = "names", .version = "1", .setup = setup, .serve_dns = serve,
	     .prepare = prepare, .teardown = teardown);
