/*
 * Configurations that are set up and prepared, and not served: by -check and -chain, and in trials.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/listen.h"
#include "report/log.h"
#include "task/service.h"
#include "system/file.h"
#include "server/server.h"

static void print_chains(const generation_t *g)
{
	for (const block_t *b = g->blocks; b; b = b->next) {
		for (size_t i = 0; i < b->key_count; i++)
			printf("%s%s:%u", i ? " " : "", b->keys[i].zone_text, b->keys[i].port);
		const char *sep = ": ";
		for (const struct handler *h = b->chain; h; h = h->next, sep = " -> ")
			printf("%s%s", sep, h->pub.name);
		puts(b->chain ? "" : ": (no plugin answers)");
	}
}

/* Nothing listens during a trial: what a plugin wants to listen on is tried when it is taken. */
static int no_socket(const socket_spec_t *spec)
{
	int fd = socket(spec->address.family == 6 ? AF_INET6 : AF_INET,
			spec->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return fd < 0 ? -errno : fd;
}

static void keep_none(const socket_spec_t *spec)
{
	(void)spec;
}

int control_try(void *options)
{
	char err[4096];
	const control_options_t *o = options;
	orders_take();
	host.ending = end_is_wanted;
	file_open_pem = supervisor_open_key;
	listen_source = (listen_source_t){no_socket, keep_none};
	generation_t *g = generation_read(err, sizeof(err));
	bool good = g && !generation_set_up(g, err, sizeof(err));
	if (good) {
		bounds_enter(o, g);
		good = !service_start() && !servers_build(g, err, sizeof(err)) &&
		       !generation_prepare(g, err, sizeof(err));
	}
	if (good)
		generation_free(g);
	else
		supervisor_explain(err);
	log_flush();
	supervisor_finish(FINISH_FOR_GOOD);
	_exit(!good);
}

int control_check(bool show_chain)
{
	char err[4096];
	generation_t *g = NULL;
	orders_take();
	host.ending = end_is_wanted;
	if (!service_start())
		g = generation_build(err, sizeof(err));
	if (!g || servers_build(g, err, sizeof(err)) || generation_prepare(g, err, sizeof(err))) {
		log_flush();
		fflush(stdout);
		log_last_words("%s", err);
		plugins_cleanup();
		_exit(1);
	}
	if (show_chain)
		print_chains(g);
	generation_free(g);
	log_flush();
	fflush(stdout);
	plugins_cleanup();
	_exit(0);
}
