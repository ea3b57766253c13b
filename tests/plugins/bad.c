/*
 * A test plugin that does harm where its name says: CONSTRUCTOR, SETUP, PREPARE, START, TEARDOWN; what it
 * does there is HARM, a crash unless said otherwise. It answers TXT with GOOD where it comes to serve.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodns/plugin.h>

#ifndef HARM
#define HARM crash()
#endif

static int *volatile nowhere;

__attribute__((unused)) static void crash(void)
{
	*nowhere = 1;
}

__attribute__((unused)) static void loop(void)
{
	for (volatile unsigned n = 0;; n++)
		;
}

#ifdef CONSTRUCTOR
__attribute__((constructor)) static void constructor(void)
{
	HARM;
}
#endif

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	static const char text[] = "\4good";
	(void)h;
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(q), SODNS_TYPE_TXT, 0, text,
			       sizeof(text) - 1);
	return r;
}

static int setup(sodns_setup_t *s)
{
#ifdef SETUP
	HARM;
#endif
	while (sodns_setup_next(s))
		while (sodns_setup_arg(s))
			;
	return sodns_add_handler(s, NULL);
}

static int prepare(void *self, sodns_prepare_t *p)
{
	(void)self;
	(void)p;
#ifdef PREPARE
	HARM;
#endif
	return SODNS_OK;
}

static void start(void *self)
{
	(void)self;
#ifdef START
	HARM;
#endif
}

static void teardown(void *self)
{
	(void)self;
#ifdef TEARDOWN
	HARM;
#endif
}

SODNS_PLUGIN(.name = "bad", .setup = setup, .serve_dns = serve, .prepare = prepare, .start = start,
	     .teardown = teardown);
