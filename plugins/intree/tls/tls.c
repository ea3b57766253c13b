/*
 * tls: certificate and key for a block's encrypted listeners. Files that change are read again while
 * the daemon serves; new connections use what was read last.
 */
#include <sodns/metrics.h>
#include <sodns/plugin.h>
#include <sodns/server.h>
#include <sodns/wait.h>

#include <string.h>

#define LOOK (5 * SODNS_SECOND)

struct certificate {
	sodns_tls_t *tls;
	const char *file;
	sodns_metric_t *expires;
	sodns_service_t *watch;
	bool failed; /* the last time, so that it is said once */
};

static int warn_of_keylog(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	const sodns_tls_options_t *t = to;
	(void)s;
	(void)o;
	(void)word;
	sodns_log(SODNS_LOG_WARNING, "tls", "Writing TLS Key Log to \"%s\"", t->keylog);
	return SODNS_OK;
}

#define ACME_SAYS "certificates by ACME are not in this release: name CERT and KEY"

static const char *const client_auth[] = {
	[SODNS_TLS_NO_CERT] = "nocert",
	[SODNS_TLS_REQUEST] = "request",
	[SODNS_TLS_REQUIRE] = "require",
	[SODNS_TLS_VERIFY_IF_GIVEN] = "verify_if_given",
	[SODNS_TLS_REQUIRE_AND_VERIFY] = "require_and_verify",
};
static const sodns_option_t args[] = {
	{"CERT", SODNS_OPT_PATH, SODNS_FIELD(sodns_tls_options_t, cert),
	 .help = "the certificate with its chain", .says.missing = ACME_SAYS},
	{"KEY", SODNS_OPT_PATH, SODNS_FIELD(sodns_tls_options_t, key), .help = "its key"},
	{"CA", SODNS_OPT_PATH, SODNS_FIELD(sodns_tls_options_t, ca), .flags = SODNS_OPT_OPTIONAL,
	 .otherwise = "the system's", .help = "authorities for clients' certificates"},
};
static const sodns_option_t properties[] = {
	{"client_auth", SODNS_OPT_WORD, SODNS_FIELD(sodns_tls_options_t, client_auth),
	 .words = SODNS_WORDS(client_auth), .fallback = "nocert",
	 .help = "what is wanted of clients",
	 .says.bad = "unknown authentication type '{}' ({words})"},
	{"keylog", SODNS_OPT_PATH, SODNS_FIELD(sodns_tls_options_t, keylog),
	 .check = warn_of_keylog, .help = "secrets of connections, for debugging"},
	{"acme", SODNS_OPT_REFUSED, .says.note = ACME_SAYS},
};
static const sodns_options_t options = {
	.args = SODNS_ROWS(args),
	.properties = SODNS_ROWS(properties),
	.repeats = SODNS_ONCE,
	.says = {.unknown = "unknown option '{}'",
		 .again = "TLS already configured for this server instance"},
	.help = "certificate and key for encrypted listeners",
};

static int setup(sodns_setup_t *s)
{
	struct certificate *c = sodns_setup_alloc(s, sizeof(*c));
	sodns_tls_options_t o = {.size = sizeof(o), .server = true};
	if (sodns_setup_read_all(s, &o))
		return SODNS_EINVAL;
	c->tls = sodns_tls_new(&o);
	c->file = o.cert;
	sodns_server_tls(s, c->tls);
	return sodns_add_instance(s, c);
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct certificate *c = self;
	char err[512];
	return sodns_tls_load(c->tls, err, sizeof(err)) < 0 ? sodns_prepare_error(p, "%s", err)
							    : SODNS_OK;
}

struct reading {
	sodns_tls_t *tls;
	int rc;
	char err[512];
};

static void read_files(void *work)
{
	struct reading *r = work;
	r->rc = sodns_tls_load(r->tls, r->err, sizeof(r->err));
}

static void watch(void *arg)
{
	struct certificate *c = arg;
	while (sodns_service_sleep(LOOK)) {
		struct reading r = {.tls = c->tls};
		if (sodns_blocking(read_files, &r, sizeof(r), NULL))
			continue;
		if (r.rc > 0) {
			sodns_log(SODNS_LOG_INFO, "tls", "Certificate read again");
			sodns_metric_set(c->expires, (double)sodns_tls_expires(c->tls));
		}
		if (r.rc < 0 && !c->failed)
			sodns_log(SODNS_LOG_ERROR, "tls", "%s; the old certificate stays in use",
				  r.err);
		c->failed = r.rc < 0;
	}
}

static void start(void *self)
{
	static const char *const labels[] = {"certificate", NULL};
	static const sodns_family_t family = {
		.name = "sodns_tls_certificate_expires_timestamp_seconds",
		.help = "When the certificate in use, or one of its chain, expires.",
		.kind = SODNS_GAUGE,
		.labels = labels};
	struct certificate *c = self;
	c->expires = sodns_metric_own(&family, &c->file);
	sodns_metric_set(c->expires, (double)sodns_tls_expires(c->tls));
	c->watch = sodns_service_start("tls", watch, c);
}

static void teardown(void *self)
{
	struct certificate *c = self;
	sodns_service_stop(c->watch);
	sodns_metric_drop(c->expires);
	sodns_tls_release(c->tls);
}

SODNS_PLUGIN(.name = "tls", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .prepare = prepare, .start = start, .teardown = teardown);
