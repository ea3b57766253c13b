/*
 * A watch: a machine that lists a collection and follows its changes, whatever happens.
 *
 *	REST ──▶ STREAM ──────────────▶ FOLLOW ──▶ REST …       the server streams the list (KEP-3157)
 *	    └──▶ PAGES ──▶ PAGES … ──▶ REST ──▶ FOLLOW …        it does not: pages, then a watch
 *
 * While `version` says where the watch stands, it is resumed there; without it a list begins. A
 * server that streams sends the objects as they are as if they had just been added, and then a
 * bookmark that says so. A server that can't do that refuses the request, and is asked for pages from then
 * on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/random.h>

#include "client.h"

#define PAGE 500u
#define BACKOFF_FIRST_MS 100u
#define BACKOFF_MAX_MS 30000u
/* No byte for so long: the connection is dead. An idle watch gets a bookmark about every minute. */
#define SILENCE_ANSWER (30 * SODNS_SECOND)
#define SILENCE_LIST (60 * SODNS_SECOND)
#define SILENCE_FOLLOW (150 * SODNS_SECOND)
#define LOOK_MS 5000u
/* The server ends a watch after so long, and some more by chance. */
#define WATCH_S 300u
#define ERROR_BODY_MAX 4096u
/* A watch that stood for so long was none that fails. */
#define LASTING_NS 10000000000u
#define HEARD_NS 1000000000u

enum mode { REST, STREAM, PAGES, FOLLOW };

struct sodns_watch {
	request_t request; /* the first member: a request is its watch */
	sodns_collection_t c;
	uv_timer_t timer; /* the next attempt, or a look at whether the peer lives */
	uv_idle_t rest;   /* what a list's end left to do */
	split_t split;
	enum mode mode;
	bool paged;   /* the server does not stream lists */
	bool listing; /* begin() was called, and end() not yet */
	bool relist, stopped, connected;
	unsigned failures;
	unsigned lists;   /* since something was heard of a change, or a watch stood for long */
	uint64_t heard;   /* ns: when the consumer was told last that the server speaks */
	unsigned handles; /* of libuv, that are closing */
	uint64_t began;   /* waiting for qps, ns; 0: not */
	char version[64]; /* where the watch stands; "" for nowhere */
	char *next;       /* page */
	char body[ERROR_BODY_MAX];
	size_t body_len;
	char why[512]; /* it ended, if the peer did not say otherwise */
};

static void attempt(sodns_watch_t *w);

/* The consumer is told that the connection came or went, and now and then that the server speaks. */
static void tell(sodns_watch_t *w, bool connected)
{
	uint64_t now = uv_hrtime();
	if (!w->c.heard || (connected == w->connected && now - w->heard < HEARD_NS))
		return;
	w->connected = connected;
	w->heard = now;
	w->c.heard(w->c.arg, connected);
}

static void set_version(sodns_watch_t *w, const sodns_json_text_t *t)
{
	if (t->len && t->len < sizeof(w->version))
		sodns_json_copy(t, w->version, sizeof(w->version));
}

/* What the client itself has to know of an object: its version, and whether the list ends here. The
 * reader is a copy; the consumer reads the object again. */
static void look_at(sodns_json_t j, sodns_json_text_t *version, bool *list_ends)
{
	sodns_json_text_t key, value;
	if (!sodns_json_object(&j))
		return;
	while (sodns_json_member(&j, &key)) {
		if (!sodns_json_is(&key, "metadata") || !sodns_json_object(&j))
			continue;
		while (sodns_json_member(&j, &key)) {
			if (sodns_json_is(&key, "resourceVersion")) {
				sodns_json_string(&j, version);
				if (!list_ends)
					return;
			} else if (list_ends && sodns_json_is(&key, "annotations") &&
				   sodns_json_object(&j)) {
				while (sodns_json_member(&j, &key))
					if (sodns_json_is(&key, "k8s.io/initial-events-end"))
						*list_ends = sodns_json_string(&j, &value) &&
							     sodns_json_is(&value, "true");
			}
		}
		return;
	}
}

/* Code and message of a Status object. */
static int64_t read_status(sodns_json_t *j, char *message, size_t size)
{
	sodns_json_text_t key, text;
	int64_t code = 0;
	*message = 0;
	if (sodns_json_object(j))
		while (sodns_json_member(j, &key)) {
			if (sodns_json_is(&key, "code"))
				sodns_json_integer(j, &code);
			else if (sodns_json_is(&key, "message") && sodns_json_string(j, &text))
				sodns_json_copy(&text, message, size);
		}
	return code;
}

static void begin_list(sodns_watch_t *w)
{
	w->listing = true;
	w->relist = false;
	uv_idle_stop(&w->rest);
	w->c.begin(w->c.arg);
}

static void on_rest(uv_idle_t *idle)
{
	sodns_watch_t *w = idle->data;
	if (!w->c.more(w->c.arg))
		uv_idle_stop(idle);
}

static void end_list(sodns_watch_t *w)
{
	w->listing = false;
	/* One list after the other, and nothing in between: that is a failure, too. */
	w->failures = w->lists++;
	w->c.end(w->c.arg);
	if (w->c.more)
		uv_idle_start(&w->rest, on_rest);
}

static bool on_bookmark(sodns_watch_t *w, const sodns_json_t *object)
{
	sodns_json_text_t version = {0};
	bool list_ends = false;
	look_at(*object, &version, &list_ends);
	set_version(w, &version);
	if (list_ends && w->mode == STREAM) {
		w->mode = FOLLOW;
		end_list(w);
	}
	return true;
}

static bool on_error(sodns_watch_t *w, sodns_json_t *object)
{
	char message[256];
	int64_t code = read_status(object, message, sizeof(message));
	if (code == 410)
		w->relist = true;
	snprintf(w->why, sizeof(w->why), "%s", *message ? message : "error in the watch");
	return false;
}

static bool on_change(sodns_watch_t *w, enum sodns_watch_kind kind, sodns_json_t *object)
{
	sodns_json_text_t version = {0};
	if (w->mode == STREAM) {
		kind = kind == SODNS_DELETED ? kind : SODNS_LISTED;
	} else {
		look_at(*object, &version, NULL);
		if (version.len && !sodns_json_is(&version, w->version))
			w->failures = w->lists = 0;
	}
	w->c.object(w->c.arg, kind, object);
	set_version(w, &version);
	return true;
}

/* One event of a watch: {"type":…,"object":…}. */
static bool on_event(void *arg, const char *json, size_t len)
{
	sodns_watch_t *w = arg;
	sodns_json_t j, object;
	sodns_json_text_t key, type = {0}, raw = {0};
	sodns_json_begin(&j, json, len);
	if (sodns_json_object(&j))
		while (!raw.at && sodns_json_member(&j, &key)) {
			if (sodns_json_is(&key, "type"))
				sodns_json_string(&j, &type);
			else if (sodns_json_is(&key, "object") && !type.len)
				sodns_json_raw(&j, &raw); /* before its type: it is read later */
			else if (sodns_json_is(&key, "object"))
				raw = (sodns_json_text_t){.at = j.at,
							  .len = (size_t)(j.end - j.at)};
		}
	while (!type.len && sodns_json_member(&j, &key))
		if (sodns_json_is(&key, "type"))
			sodns_json_string(&j, &type);
	if (!raw.at || !type.len) {
		snprintf(w->why, sizeof(w->why), "what the server sends is no watch event");
		return false;
	}
	sodns_json_begin(&object, raw.at, raw.len);
	if (sodns_json_is(&type, "BOOKMARK"))
		return on_bookmark(w, &object);
	if (sodns_json_is(&type, "ERROR"))
		return on_error(w, &object);
	if (sodns_json_is(&type, "ADDED"))
		return on_change(w, SODNS_ADDED, &object);
	if (sodns_json_is(&type, "MODIFIED"))
		return on_change(w, SODNS_MODIFIED, &object);
	if (sodns_json_is(&type, "DELETED"))
		return on_change(w, SODNS_DELETED, &object);
	return true;
}

static bool on_item(void *arg, const char *json, size_t len)
{
	sodns_watch_t *w = arg;
	sodns_json_t j;
	sodns_json_begin(&j, json, len);
	w->c.object(w->c.arg, SODNS_LISTED, &j);
	return true;
}

/* What a list says about itself: its version, and where the next page begins. */
static void read_list(sodns_watch_t *w)
{
	sodns_json_t j;
	sodns_json_text_t key, version = {0}, next = {0};
	sodns_json_begin(&j, w->split.rest.at, w->split.rest.len);
	if (sodns_json_object(&j))
		while (sodns_json_member(&j, &key)) {
			if (!sodns_json_is(&key, "metadata") || !sodns_json_object(&j))
				continue;
			while (sodns_json_member(&j, &key)) {
				if (sodns_json_is(&key, "resourceVersion"))
					sodns_json_string(&j, &version);
				else if (sodns_json_is(&key, "continue"))
					sodns_json_string(&j, &next);
			}
		}
	free(w->next);
	w->next = NULL;
	if (next.len) {
		w->next = malloc(next.len + 1);
		if (!w->next)
			abort();
		sodns_json_copy(&next, w->next, next.len + 1);
		return;
	}
	set_version(w, &version);
}

static void observe(sodns_watch_t *w)
{
	const request_t *r = &w->request;
	if (!r->api->observe)
		return;
	const sodns_api_request_t seen = {.host = r->api->host,
					  .status = r->status,
					  .watch = w->mode != PAGES,
					  .seconds = (double)(uv_hrtime() - r->sent) / 1e9,
					  .waited = r->waited};
	r->api->observe(r->api->arg, &seen);
}

static void on_answer(request_t *r)
{
	sodns_watch_t *w = (sodns_watch_t *)r;
	if (w->mode != PAGES)
		observe(w);
	if (r->status == 200)
		tell(w, true);
	if (r->status == 200 && (w->mode == STREAM || (w->mode == PAGES && !w->next)))
		begin_list(w);
}

static bool on_bytes(request_t *r, const char *bytes, size_t len)
{
	sodns_watch_t *w = (sodns_watch_t *)r;
	if (r->status == 200) {
		tell(w, true);
		if (split_feed(&w->split, bytes, len))
			return true;
		if (!*w->why)
			snprintf(w->why, sizeof(w->why), "what the server sends is no %s",
				 w->mode == PAGES ? "list" : "watch");
		return false;
	}
	size_t room = sizeof(w->body) - w->body_len;
	len = len < room ? len : room;
	memcpy(w->body + w->body_len, bytes, len);
	w->body_len += len;
	return true;
}

static void on_due(uv_timer_t *t)
{
	attempt(t->data);
}

/* The next attempt: later and later while all fail, and not together with everybody else. */
static void try_again(sodns_watch_t *w)
{
	unsigned step = w->failures < 16 ? w->failures : 16;
	uint64_t ms = (uint64_t)BACKOFF_FIRST_MS << step;
	ms = ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
	ms = ms / 2 + sodns_random_below((uint32_t)(ms / 2) + 1);
	if (ms < w->request.retry_after * 1000u)
		ms = w->request.retry_after * 1000u;
	w->failures++;
	w->mode = REST;
	uv_timer_start(&w->timer, on_due, ms, 0);
}

static void say(sodns_watch_t *w, const char *why)
{
	char text[1024];
	tell(w, false);
	if (!w->c.failed)
		return;
	snprintf(text, sizeof(text), "%s: %s", w->c.path, why);
	w->c.failed(w->c.arg, text);
}

/* An answer that is an error. */
static void refused(sodns_watch_t *w)
{
	char message[256], why[320];
	sodns_json_t j;
	int status = w->request.status;
	sodns_json_begin(&j, w->body, w->body_len);
	read_status(&j, message, sizeof(message));
	snprintf(why, sizeof(why), "HTTP %d%s%s", status, *message ? ": " : "", message);
	if (w->mode == STREAM && (status == 400 || status == 422)) {
		w->paged = true;
		attempt(w);
		return;
	}
	if (status == 410) {
		w->relist = true;
		if (w->mode == FOLLOW)
			why[0] = 0;
	}
	if (*why)
		say(w, why);
	try_again(w);
}

/* A page, or the list, is through. */
static void page_ended(sodns_watch_t *w)
{
	read_list(w);
	if (w->next) {
		attempt(w);
		return;
	}
	end_list(w);
	if (*w->version) {
		attempt(w);
		return;
	}
	say(w, "the list has no resourceVersion, from which its changes could be watched");
	try_again(w);
}

static void on_end(request_t *r, const char *why)
{
	sodns_watch_t *w = (sodns_watch_t *)r;
	uv_timer_stop(&w->timer);
	if (!r->status || w->mode == PAGES)
		observe(w);
	if (*w->why)
		why = w->why;
	if (r->status && r->status != 200) {
		refused(w);
		return;
	}
	if (!why && w->mode == PAGES && split_complete(&w->split) && w->split.rest.len) {
		page_ended(w);
		return;
	}
	/* A watch ends now and then, that is in order; so is one that is resumed at once. */
	bool follows = w->mode == FOLLOW && r->status == 200;
	if (follows && uv_hrtime() - r->sent > LASTING_NS)
		w->failures = w->lists = 0;
	if (!why && !follows)
		why = "the list was cut off";
	if (why && !(follows && !w->failures) && !w->relist)
		say(w, why);
	try_again(w);
}

/* A peer that says nothing for too long is given up. */
static void on_look(uv_timer_t *t)
{
	sodns_watch_t *w = t->data;
	request_t *r = &w->request;
	uint64_t limit = !r->answered        ? SILENCE_ANSWER
			 : w->mode == FOLLOW ? (w->c.silence ? w->c.silence : SILENCE_FOLLOW)
					     : SILENCE_LIST;
	if (w->c.silence && w->c.silence < limit)
		limit = w->c.silence;
	if (r->paused || uv_hrtime() - r->last_byte < limit)
		return;
	client_drop(r);
	snprintf(w->why, sizeof(w->why), "no sign of life for %u s",
		 (unsigned)(limit / SODNS_SECOND));
	on_end(r, w->why);
}

static void append_selector(char **url, const char *name, const char *value)
{
	char *escaped = value ? client_escape(value) : NULL, *longer = NULL;
	if (!escaped)
		return;
	if (asprintf(&longer, "%s&%s=%s", *url, name, escaped) < 0)
		abort();
	curl_free(escaped);
	free(*url);
	*url = longer;
}

/* The request's path for the mode. */
static char *make_url(const sodns_watch_t *w)
{
	char *url = NULL;
	unsigned seconds = WATCH_S + sodns_random_below(WATCH_S);
	int n;
	if (w->mode == STREAM)
		n = asprintf(&url,
			     "%s?watch=true&allowWatchBookmarks=true&sendInitialEvents=true"
			     "&resourceVersionMatch=NotOlderThan&timeoutSeconds=%u",
			     w->c.path, seconds);
	else if (w->mode == FOLLOW)
		n = asprintf(&url,
			     "%s?watch=true&allowWatchBookmarks=true&resourceVersion=%s"
			     "&timeoutSeconds=%u",
			     w->c.path, w->version, seconds);
	else
		n = asprintf(&url, "%s?limit=%u", w->c.path, PAGE);
	if (n < 0)
		abort();
	if (w->mode == PAGES)
		append_selector(&url, "continue", w->next);
	append_selector(&url, "labelSelector", w->c.label_selector);
	append_selector(&url, "fieldSelector", w->c.field_selector);
	return url;
}

/* What the next request is. */
static enum mode next_mode(sodns_watch_t *w)
{
	if (w->relist || (w->listing && !(w->paged && w->next && w->mode == PAGES))) {
		*w->version = 0;
		free(w->next);
		w->next = NULL;
	}
	if (*w->version && !w->next)
		return FOLLOW;
	return w->paged ? PAGES : STREAM;
}

/* Makes the next request, as soon as it may be made. */
static void attempt(sodns_watch_t *w)
{
	request_t *r = &w->request;
	uint64_t wait;
	if (!w->began)
		w->began = uv_hrtime();
	if (!client_admits(r->api, &wait)) {
		uv_timer_start(&w->timer, on_due, wait, 0);
		return;
	}
	r->waited = (double)(uv_hrtime() - w->began) / 1e9;
	w->began = 0;
	w->mode = next_mode(w);
	w->body_len = 0;
	*w->why = 0;
	split_begin(&w->split, w->mode == PAGES ? SPLIT_LIST : SPLIT_EVENTS,
		    w->mode == PAGES ? on_item : on_event, w);
	char *url = make_url(w);
	client_get(r, url, w->mode == PAGES);
	free(url);
	uint64_t look = w->c.silence && w->c.silence < LOOK_MS * SODNS_MS ? 500u : LOOK_MS;
	uv_timer_start(&w->timer, on_look, look, look);
}

static char *copy(const char *text)
{
	char *out = text ? strdup(text) : NULL;
	if (text && !out)
		abort();
	return out;
}

sodns_watch_t *watcher_create(sodns_api_t *a, const sodns_collection_t *c)
{
	sodns_watch_t *w = calloc(1, sizeof(*w));
	if (!w)
		abort();
	memcpy(&w->c, c, c->size < sizeof(*c) ? c->size : sizeof(*c));
	w->c.path = copy(c->path);
	w->c.label_selector = copy(c->label_selector);
	w->c.field_selector = copy(c->field_selector);
	w->request.api = a;
	w->request.on_answer = on_answer;
	w->request.on_bytes = on_bytes;
	w->request.on_end = on_end;
	return w;
}

void watcher_start(void *watch)
{
	sodns_watch_t *w = watch;
	uv_timer_init(w->request.api->loop, &w->timer);
	uv_idle_init(w->request.api->loop, &w->request.resume);
	uv_idle_init(w->request.api->loop, &w->rest);
	w->timer.data = w->request.resume.data = w->rest.data = w;
	attempt(w);
}

static void on_closed(uv_handle_t *h)
{
	sodns_watch_t *w = h->data;
	if (--w->handles)
		return;
	free((char *)(uintptr_t)w->c.path);
	free((char *)(uintptr_t)w->c.label_selector);
	free((char *)(uintptr_t)w->c.field_selector);
	free(w->next);
	split_free(&w->split);
	free(w);
}

void watcher_stop(void *watch)
{
	sodns_watch_t *w = watch;
	client_drop(&w->request);
	w->handles = 3;
	uv_close((uv_handle_t *)&w->timer, on_closed);
	uv_close((uv_handle_t *)&w->rest, on_closed);
	uv_close((uv_handle_t *)&w->request.resume, on_closed);
}
