/*
 * What one reading of the Corefile makes: a generation of server blocks, each with its chain of
 * plugin instances. The next generation is built beside the one that serves; a switch and a drain
 * lie between.
 */
#ifndef CORE_HOST_HOST_H
#define CORE_HOST_HOST_H

#include <stdatomic.h>

#include <sodns/ability.h>
#include <sodns/plugin.h>
#include <sodns/server.h>
#include <sodns/transport.h>

#include "corefile/corefile.h"
#include "message/arena.h"
#include "message/chain.h"
#include "system/sandbox.h"

/* A plugin as plugin.cfg, or a file beside it, names it. */
typedef struct plugin_entry {
	char *name, *path; /* path: absolute */
	const char *cfg;   /* the file that names it, one of plugin_cfg's */
	int line;
	bool later;   /* commented out: not in this release */
	bool used;    /* by the Corefile */
	char *broken; /* what is wrong with the line, or NULL */
	char *beside; /* the plugin before or behind which it stands; NULL: where its line does */
	bool before;
	/* the private copy that it is opened from, and what tells its file (as it was copied, or when
	 * the Corefile was read) from the next one; NULL: not made yet */
	char *copy, *identity;
} plugin_entry_t;

typedef struct plugin_cfg {
	char **files; /* plugin.cfg, and those of plugin.cfg.d */
	size_t file_count;
	plugin_entry_t *entries; /* in the order of every chain */
	size_t count;
	char **problems; /* what stands for no plugin and can't be used, each with its place */
	size_t problem_count;
} plugin_cfg_t;

/* An opened plugin. Never closed: old generations may run its code. */
typedef struct plugin {
	struct plugin *next;
	char *name, *path,
		*identity; /* identity: size, time and inode of the file it was made from */
	sodns_plugin_t r;  /* a copy, zero where the plugin's is shorter */
} plugin_t;

struct block;
struct generation;

typedef struct instance {
	struct instance *next;
	const plugin_t *plugin;
	struct block *block;
	void *self;
	bool chained, prepared, started;
	bool answers_all;  /* that its block gets */
	unsigned position; /* among all of the generation, in plugin.cfg's order */
	const char *file;  /* of the directive that it was made for, for messages */
	int line;
	const sodns_prefetch_ability_t *prefetch;
	const sodns_metadata_ability_t *metadata;
	const sodns_ready_ability_t *ready;
	const sodns_preface_ability_t *preface;
	const sodns_admit_ability_t *admit;
	const sodns_drain_ability_t *drain;
	const sodns_unrouted_ability_t *unrouted;
	const sodns_early_ability_t *early;
	const sodns_await_ability_t *await;
	bool opens_classes;
} instance_t;

/* One key of a block: where it is served and for which zone. */
typedef struct block_key {
	const corefile_token_t *token; /* as written, and where */
	const char *text;              /* the token's */
	const char *transport;         /* "dns" */
	uint16_t port;
	const uint8_t *zone;
	const char *zone_text;
} block_key_t;

typedef struct block {
	struct block *next;
	struct generation *generation;
	const corefile_block_t *source;
	block_key_t *keys;
	size_t key_count;
	const uint8_t **zones; /* of the keys */
	char **binds;          /* addresses; none: the wildcard */
	size_t bind_count;
	const char *root;
	bool debug, collect_metadata;
	const uint8_t *const *metadata_zones; /* whose queries the providers are asked for */
	size_t metadata_zone_count;
	uint32_t read_ms, write_ms, idle_ms, stream_queries;
	uint32_t connections;
	bool limits_connections; /* connections is set, perhaps to 0 */
	sodns_tls_t *tls;
	const char *const *servers; /* texts of the servers at which it answers */
	size_t server_count;
	const char *view;
	bool (*filter)(void *arg, sodns_query_t *q);
	void *filter_arg;
	instance_t *instances, **instances_tail; /* in the order of plugin.cfg */
	const struct handler *chain;             /* NULL: no plugin answers */
	const instance_t *prefetcher;
	bool opens_classes;
	uint32_t prepare_us; /* how long prepare took */
} block_t;

struct kept_ref;

typedef struct generation {
	corefile_t *corefile;
	plugin_cfg_t *plugins;
	char *corefile_name;
	block_t *blocks, **blocks_tail;
	instance_t *prepare_at;
	unsigned instance_count;
	struct kept_ref *kept;
	void *routes;            /* the server's */
	arena_t memory;          /* freed with the generation */
	sandbox_t opens;         /* what it makes the process open */
	struct opened *opened;   /* while it is set up: the paths that are among them */
	char fingerprint[129];   /* of what it was built from; "": not asked for yet */
	_Atomic(long) in_flight; /* queries put aside, and batches that still begin in it */
	_Atomic(long) streams;   /* those of them that take as long as their clients wish */
	uint64_t waits_until;    /* ns: as long prepare may wait for what is outside */
	bool waits_together;     /* that is so for all blocks */
	char error[2048];
	struct generation *next; /* of those that are kept */
} generation_t;

/* Where things are. Set once at start. */
typedef struct host_options {
	const char *corefile;   /* path, "-" for stdin, NULL: the default Corefile */
	const char *plugin_cfg; /* path or NULL */
	const char *plugin_dir;
	const char *port; /* default DNS port */
	char *stdin_text; /* read once */
	size_t stdin_len;
	/* Folders with a configuration that has been read, and copies of its plugins: where one is put
	 * when it is read; the one to take instead of what lies on the disk; one whose copies may be
	 * used again. Each may be NULL. */
	const char *stage, *staged, *before;
	bool (*ending)(void); /* whether the process is to end; NULL: it can't be told */
} host_options_t;
extern host_options_t host;

/* Sets host.plugin_cfg and host.plugin_dir where no flag did. */
void host_find_plugins(void);

/* Reads plugin.cfg and the files of plugin.cfg.d beside it. NULL: err says why plugin.cfg itself can't be
 * read; other faults are in what is returned. */
plugin_cfg_t *plugin_cfg_read(char *err, size_t err_size);
void plugin_cfg_free(plugin_cfg_t *c);
const plugin_entry_t *plugin_cfg_find(const plugin_cfg_t *c, const char *name);
/* A plugin with a name not far from this one, or NULL. */
const char *plugin_cfg_nearest(const plugin_cfg_t *c, const char *name);
/* Tells what can't be used of it, and looks at all plugins' files without opening them: one that can't be
 * a plugin is an error where it is used, else a warning. */
int plugin_cfg_check_files(const plugin_cfg_t *c, char *err, size_t err_size);
/* Whether a file may be a whole shared object of this machine. */
int plugin_file_check(const char *path, char *why, size_t why_size);

/* The opened plugin of an entry; the same one as long as its file is the same. NULL: err has one
 * line. */
const plugin_t *plugin_open(const plugin_entry_t *e, char *err, size_t err_size);
/* Makes the entry's private copy in a folder, as a link where `before` has the same: 0, or err says why
 * not. */
int plugin_copy(plugin_entry_t *e, const char *to, const plugin_cfg_t *before, char *err,
		size_t err_size);
/* What tells the file that lies there from the one that takes its place; the caller frees it. */
char *plugin_identity(const char *path);
/* Notes it for all plugins in use that have none. */
void plugins_identify(plugin_cfg_t *c);

/* Puts the configuration of a generation, which has been read and not set up, into host.stage: the
 * words, and copies of the plugins in use. */
int stage_put(generation_t *g, char *err, size_t err_size);
/* The other way round, from host.staged. */
int stage_take(generation_t *g, char *err, size_t err_size);

/* Notes what the generation makes the process open (g->opens): a path that a plugin named; and all that
 * its words name. */
void opens_add(generation_t *g, const char *path);
void opens_find(generation_t *g);

/* What is being done with a plugin, for the obituary of a process that ends by it: set by control,
 * called with its name and a text, and with NULL when it is done; on the thread that does it. */
extern void (*host_step)(const char *plugin, const char *doing);
/* `doing`: "setup"; file and line are the directive's, NULL: of none. */
void step_begin(const plugin_entry_t *e, const char *file, int line, const char *doing);
/* The same for a plugin of a generation. */
void step_begin_instance(const instance_t *i, const char *doing);
void step_end(void);

/* The transport of a scheme other than "dns", from the plugin that brings it (sodns/transport.h).
 * NULL: err says why, without file and line. */
const sodns_transport_t *plugin_transport(const plugin_cfg_t *c, const char *scheme, char *err,
					  size_t err_size);

/* Removes the private copies of plugins that this process made for itself; when it ends. */
void plugins_cleanup(void);

/* Reads plugin.cfg and the Corefile, or host.staged; no plugin runs. NULL: err has the whole line. */
generation_t *generation_read(char *err, size_t err_size);
/* Opens its plugins and runs every setup. On an error, in err, the generation is freed. */
int generation_set_up(generation_t *g, char *err, size_t err_size);
/* Both. NULL: err has the whole line. */
generation_t *generation_build(char *err, size_t err_size);
/* Runs every prepare, on the calling thread. 0, or the error in err. */
int generation_prepare(generation_t *g, char *err, size_t err_size);
/* The same for one block. */
int generation_prepare_block(generation_t *g, block_t *b, char *err, size_t err_size);
/* Lets those begin that tell of the process's life, before anything serves. */
void generation_begin_block(block_t *b);
void generation_begin(generation_t *g);
/* Whether some instance waits for something outside before it serves. */
bool generation_waits_block(block_t *b);
bool generation_waits(generation_t *g);
/* Runs every start. */
void generation_start(generation_t *g);
void generation_start_block(block_t *b);
/* Runs the stop of every instance that was started. */
void generation_stop(generation_t *g);
/* Asks every instance that wants to serve on before the end: the longest wish, in milliseconds. */
uint64_t generation_drain(generation_t *g);
/* Tears down what was made, in whatever state it is, and frees it. */
void generation_free(generation_t *g);

void *memory_alloc(generation_t *g, size_t size);
char *memory_copy(generation_t *g, const char *text, size_t len);

/* Lets go of what the generation's instances inherited and bequeathed. */
void kept_release(generation_t *g);

/* Control's side of sodns_host_reload() and sodns_host_fail(). */
extern void (*host_request_reload)(void (*failed)(const char *why));
extern void (*host_request_fail)(const char *who, const char *message);

/* Whether the Corefile, as it is now, names a file or a port to listen on. No plugin runs: a word is
 * enough, and for files a word behind `root`. */
bool corefile_names_file(const char *path);
bool corefile_names_port(uint16_t port);

/* Whether a plugin is behind a directive, or brings the transport of a key. */
bool corefile_uses(const corefile_t *c, const char *plugin);

#endif
