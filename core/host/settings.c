/*
 * A block's settings, as plugins make them in setup (sodns/server.h), and their requests to the
 * host.
 */
#include <stdlib.h>
#include <string.h>

#include "host/setup.h"
#include "message/encode.h"
#include "task/loop.h"

void (*host_request_reload)(void (*failed)(const char *why));
void (*host_request_fail)(const char *who, const char *message);

int sodns_server_bind(sodns_setup_t *s, const char *address)
{
	block_t *b = s->block;
	char **more = memory_alloc(s->generation, (b->bind_count + 1) * sizeof(*more));
	if (b->bind_count)
		memcpy(more, b->binds, b->bind_count * sizeof(*more));
	more[b->bind_count++] = memory_copy(s->generation, address, strlen(address));
	b->binds = more;
	return SODNS_OK;
}

void sodns_server_root(sodns_setup_t *s, const char *path)
{
	s->block->root = memory_copy(s->generation, path, strlen(path));
}

void sodns_server_timeouts(sodns_setup_t *s, uint64_t read, uint64_t write, uint64_t idle)
{
	block_t *b = s->block;
	b->read_ms = read ? (uint32_t)in_ms(read) : b->read_ms;
	b->write_ms = write ? (uint32_t)in_ms(write) : b->write_ms;
	b->idle_ms = idle ? (uint32_t)in_ms(idle) : b->idle_ms;
}

void sodns_server_stream_queries(sodns_setup_t *s, uint32_t count)
{
	s->block->stream_queries = count;
}

void sodns_server_connections(sodns_setup_t *s, uint32_t count)
{
	s->block->connections = count;
	s->block->limits_connections = true;
}

bool sodns_server_tls(sodns_setup_t *s, sodns_tls_t *tls)
{
	if (s->block->tls)
		return false;
	s->block->tls = sodns_tls_keep(tls);
	return true;
}

const char *sodns_setup_transport(const sodns_setup_t *s, size_t index)
{
	return index < s->block->key_count ? s->block->keys[index].transport : NULL;
}

void sodns_server_echo_option(sodns_setup_t *s, uint16_t code)
{
	(void)s;
	message_echo_option(code);
}

void sodns_server_debug(sodns_setup_t *s)
{
	s->block->debug = true;
}

void sodns_server_view(sodns_setup_t *s, const char *name,
		       bool (*filter)(void *arg, sodns_query_t *q), void *arg)
{
	s->block->view = memory_copy(s->generation, name, strlen(name));
	s->block->filter = filter;
	s->block->filter_arg = arg;
}

void sodns_server_metadata(sodns_setup_t *s, const uint8_t *const *zones, size_t count)
{
	s->block->collect_metadata = true;
	s->block->metadata_zones = zones;
	s->block->metadata_zone_count = count;
}

void sodns_host_reload(void (*failed)(const char *why))
{
	if (host_request_reload)
		host_request_reload(failed);
}

void sodns_host_fail(const char *who, const char *message)
{
	if (host_request_fail)
		host_request_fail(who, message);
	else
		abort();
}
