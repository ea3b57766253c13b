/*
 * Deciding what the child may have, and keeping it.
 */
#include "supervisor/grants.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "supervisor/key.h"

/* Ports below are root's: what answers there is believed. */
#define LOW_PORTS 1024u
/* What the parent needs besides sockets: a channel, signals, a key, standard streams. */
#define DESCRIPTORS_SPARED 32u
#define SOCKETS_MOST 65536u
#define KEYS_MOST 1024u

struct kept {
	struct kept *next;
	socket_spec_t spec;
	int fd;
	bool asked; /* the child that runs has asked for it */
};

static bool room_for_a_socket(const grants_t *g)
{
	struct rlimit r;
	return !getrlimit(RLIMIT_NOFILE, &r) && g->socket_count < SOCKETS_MOST &&
	       g->socket_count + DESCRIPTORS_SPARED < r.rlim_cur;
}

static bool may_listen(const grants_t *g, uint16_t port)
{
	/* Port 0 is any free one, which is no low one. */
	if (port >= LOW_PORTS || !port)
		return true;
	for (const struct kept *k = g->sockets; k; k = k->next)
		if (k->spec.address.port == port)
			return true;
	return g->options->names_port && g->options->names_port(port);
}

int grants_socket(grants_t *g, const socket_spec_t *spec)
{
	for (struct kept *k = g->sockets; k; k = k->next)
		if (socket_same(&k->spec, spec)) {
			k->asked = true;
			return k->fd;
		}
	if (!may_listen(g, spec->address.port))
		return -EACCES;
	if (!room_for_a_socket(g))
		return -EMFILE;
	struct kept *k = malloc(sizeof(*k));
	if (!k)
		return -ENOMEM;
	*k = (struct kept){
		.next = g->sockets, .spec = *spec, .fd = socket_open(spec), .asked = true};
	if (k->fd < 0) {
		int why = k->fd;
		free(k);
		return why;
	}
	g->sockets = k;
	g->socket_count++;
	return k->fd;
}

static void drop(grants_t *g, struct kept **at)
{
	struct kept *k = *at;
	*at = k->next;
	close(k->fd);
	free(k);
	g->socket_count--;
}

void grants_release(grants_t *g, const socket_spec_t *spec)
{
	for (struct kept **at = &g->sockets; *at; at = &(*at)->next)
		if (socket_same(&(*at)->spec, spec)) {
			drop(g, at);
			return;
		}
}

static bool names(const grants_t *g, const char *path)
{
	return g->options->names_file && g->options->names_file(path);
}

static bool was_given(const grants_t *g, const char *path)
{
	for (unsigned i = 0; i < g->key_count; i++)
		if (!strcmp(g->keys[i], path))
			return true;
	return false;
}

static void note_given(grants_t *g, const char *path)
{
	char **more = g->key_count < KEYS_MOST
			      ? realloc(g->keys, (g->key_count + 1) * sizeof(*more))
			      : NULL;
	if (!more)
		return;
	g->keys = more;
	if ((more[g->key_count] = strdup(path)))
		g->key_count++;
}

int grants_key(grants_t *g, const char *path)
{
	bool again = was_given(g, path);
	if (!again && !names(g, path))
		return -EACCES;
	int fd = key_open(path, g->child);
	if (fd >= 0 && !again)
		note_given(g, path);
	return fd;
}

void grants_begin(grants_t *g)
{
	for (struct kept *k = g->sockets; k; k = k->next)
		k->asked = false;
}

void grants_settle(grants_t *g)
{
	unsigned left = 0;
	/* A socket that no process reads would go on getting clients from the kernel. */
	for (struct kept **at = &g->sockets; *at;)
		if ((*at)->asked)
			at = &(*at)->next;
		else
			drop(g, at);
	for (unsigned i = 0; i < g->key_count; i++)
		if (names(g, g->keys[i]))
			g->keys[left++] = g->keys[i];
		else
			free(g->keys[i]);
	g->key_count = left;
}

void grants_end(grants_t *g)
{
	while (g->sockets)
		drop(g, &g->sockets);
	for (unsigned i = 0; i < g->key_count; i++)
		free(g->keys[i]);
	free(g->keys);
	g->keys = NULL;
	g->key_count = 0;
}
