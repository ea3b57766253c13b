/*
 * Tests of plugins in one process: no daemon, no port, no sleep. A test loads the plugin's .so as the
 * daemon does, sets it up from a Corefile, asks questions, and compares answers as text:
 *
 *	#include <sodns/test.h>
 *
 *	int main(void)
 *	{
 *		SODNS_REFUSED("hello world",
 *			      "Wrong argument count or unexpected line ending after 'world'");
 *		sodns_test_t *t = SODNS_TEST("hello");
 *		sodns_test_next(t, "NXDOMAIN");
 *		SODNS_ANSWER(t, "hello. TXT", "NOERROR rd\nhello. 60 IN TXT \"hello\"\n");
 *		SODNS_ANSWER(t, "other. A", "NXDOMAIN rd\n");
 *		sodns_test_end(t);
 *		return sodns_test_result();
 *	}
 *
 * A Corefile whose first word is a directive is put into a server block for ".". What comes after
 * the last plugin of a chain, servers that plugins ask, and time are the test's: time stands still
 * but for sodns_test_advance(), and while an answer waits for nothing but time.
 *
 * Replies are text, both ways: a line with the rcode and the flags (aa tc rd ra ad cd), then a line
 * for each record, with ";authority" and ";additional" before those sections; an OPT record is a
 * line ";edns SIZE [do] [CODE:HEX ...]" at the end. "DROP" is no answer, "ERROR text" an error that
 * nothing was written for (scripted replies only).
 *
 * One test at a time, all on one thread. What failed to be set up is NULL, which all functions take.
 */
#ifndef SODNS_TEST_H
#define SODNS_TEST_H

#include <sodns/abi.h>

typedef struct sodns_test sodns_test_t;

/* Names a plugin's .so; before the first Corefile that has it. Its place in the chain is
 * plugin.cfg's; if that has none for it, behind the one that was named before, or before all others.
 * sodns_add_plugin_test() of the CMake package does it by defining SODNS_TEST_PLUGINS. */
SODNS_API void sodns_test_plugin(const char *name, const char *file);
/* Writes a file into the folder in which Corefiles' relative paths begin (and which is the working
 * directory). */
SODNS_API void sodns_test_file(const char *name, const char *text);

/* Sets a configuration up and starts it. A refusal is a failure, and NULL. */
SODNS_API sodns_test_t *sodns_test_begin(const char *file, int line, const char *corefile);
/* Sets another configuration up beside the one that runs, starts it, and ends the old one, as the daemon
 * does it when it reads its Corefile again: what instances hand down (sodns_inherit()) stays. False: it is
 * refused, which is a failure, and the old one goes on. */
SODNS_API bool sodns_test_reload(const char *file, int line, sodns_test_t *t, const char *corefile);
/* Stops and frees it. */
SODNS_API void sodns_test_end(sodns_test_t *t);
/* The Corefile is refused with an error that ends in `message`. */
SODNS_API bool sodns_test_refuse(const char *file, int line, const char *corefile,
				 const char *message);

/* What the plugin after the last one replies from now on; also in a block whose plugins do not answer at
 * all. Without: SERVFAIL, or REFUSED where there is no chain, as in the daemon. */
SODNS_API void sodns_test_next(sodns_test_t *t, const char *reply);
/* How the server at an address ("192.0.2.1:53") answers what plugins ask it, over UDP or TCP, after
 * `ms`. NULL: never. Servers that no script has refuse. t NULL: in all tests from now on, also while they
 * are prepared. */
SODNS_API void sodns_test_upstream(sodns_test_t *t, const char *address, const char *reply,
				   uint32_t ms);
/* How many questions the server at the address was asked. */
SODNS_API unsigned sodns_test_upstream_asked(sodns_test_t *t, const char *address);

/* What an API server has at a path ("/api/v1/services"): an array of objects, for watches that begin
 * and, as another list, for those that run. Selectors are not looked at. NULL: it does not answer, as
 * with paths that were never named. */
SODNS_API void sodns_test_api(const char *path, const char *objects);
/* A change of an object: "ADDED", "MODIFIED", "DELETED". */
SODNS_API void sodns_test_api_event(const char *path, const char *type, const char *object);

/* Asks "NAME TYPE [WORD ...]" and returns the answer as text, until the next question. Words: tcp,
 * do, ad, cd, nord, notify, edns, size=N, from=ADDRESS, port=N (the server's), class=CH,
 * option=CODE:HEX, ixfr=SERIAL (with type IXFR). Of several messages each but the last is followed by
 * a line ";next". */
SODNS_API const char *sodns_test_ask(sodns_test_t *t, const char *question);
/* The answer is `expected`: the difference is printed if not. */
SODNS_API bool sodns_test_answer(const char *file, int line, sodns_test_t *t, const char *question,
				 const char *expected);
/* Lets time pass: whatever is due by then happens. */
SODNS_API void sodns_test_advance(sodns_test_t *t, uint32_t ms);
/* The text has the part: for metrics, say. */
SODNS_API bool sodns_test_contains(const char *file, int line, const char *text, const char *part);
/* All metrics as Prometheus would read them; until the next call. */
SODNS_API const char *sodns_test_metrics(void);
/* Prints how many checks failed; the exit status for main. */
SODNS_API int sodns_test_result(void);

#ifdef SODNS_TEST_PLUGINS
#define SODNS_TEST_LOAD_ sodns_test_plugin(SODNS_TEST_PLUGINS)
#else
#define SODNS_TEST_LOAD_ ((void)0)
#endif
#define SODNS_TEST(corefile) (SODNS_TEST_LOAD_, sodns_test_begin(__FILE__, __LINE__, (corefile)))
#define SODNS_RELOADED(t, corefile) sodns_test_reload(__FILE__, __LINE__, (t), (corefile))
#define SODNS_REFUSED(corefile, message)                                                           \
	(SODNS_TEST_LOAD_, sodns_test_refuse(__FILE__, __LINE__, (corefile), (message)))
#define SODNS_ANSWER(t, question, expected)                                                        \
	sodns_test_answer(__FILE__, __LINE__, (t), (question), (expected))
#define SODNS_CONTAINS(text, part) sodns_test_contains(__FILE__, __LINE__, (text), (part))

#endif
