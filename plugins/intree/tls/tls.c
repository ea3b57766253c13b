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

static int read_client_auth(sodns_setup_t *s, sodns_tls_options_t *o)
{
	static const char *const names[] = {
		[SODNS_TLS_NO_CERT] = "nocert",
		[SODNS_TLS_REQUEST] = "request",
		[SODNS_TLS_REQUIRE] = "require",
		[SODNS_TLS_VERIFY_IF_GIVEN] = "verify_if_given",
		[SODNS_TLS_REQUIRE_AND_VERIFY] = "require_and_verify",
	};
	const char *name = sodns_setup_arg(s);
	if (!name || sodns_setup_arg(s))
		return sodns_error_args(s);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i])) {
			o->client_auth = (enum sodns_tls_client_auth)i;
			return SODNS_OK;
		}
	return sodns_error(s, "unknown authentication type '%s'", name);
}

static int read_keylog(sodns_setup_t *s, sodns_tls_options_t *o)
{
	const char *file = sodns_setup_arg(s);
	if (!file || sodns_setup_arg(s))
		return sodns_error_args(s);
	o->keylog = sodns_setup_path(s, file);
	sodns_log(SODNS_LOG_WARNING, "tls", "Writing TLS Key Log to \"%s\"", o->keylog);
	return SODNS_OK;
}

static int read_block(sodns_setup_t *s, sodns_tls_options_t *o)
{
	while (sodns_setup_block(s)) {
		const char *option = sodns_setup_value(s);
		int rc = SODNS_OK;
		if (!strcmp(option, "client_auth"))
			rc = read_client_auth(s, o);
		else if (!strcmp(option, "keylog"))
			rc = read_keylog(s, o);
		else
			rc = sodns_error(s, "unknown option '%s'", option);
		if (rc)
			return rc;
	}
	return SODNS_OK;
}

static int read_directive(sodns_setup_t *s, sodns_tls_options_t *o)
{
	size_t n;
	const char *const *args = sodns_setup_args(s, &n);
	if (!n)
		return sodns_error(
			s, "certificates by ACME are not in this release: name CERT and KEY");
	if (n < 2 || n > 3)
		return sodns_error_args(s);
	o->cert = sodns_setup_path(s, args[0]);
	o->key = sodns_setup_path(s, args[1]);
	o->ca = n == 3 ? sodns_setup_path(s, args[2]) : NULL;
	return read_block(s, o);
}

static int setup(sodns_setup_t *s)
{
	struct certificate *c = sodns_setup_alloc(s, sizeof(*c));
	while (sodns_setup_next(s)) {
		sodns_tls_options_t o = {.size = sizeof(o), .server = true};
		int rc = read_directive(s, &o);
		if (!rc && c->tls)
			rc = sodns_error(s, "TLS already configured for this server instance");
		if (rc) {
			sodns_tls_release(c->tls);
			return rc;
		}
		c->tls = sodns_tls_new(&o);
		c->file = o.cert;
	}
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

SODNS_PLUGIN(.name = "tls", .version = SODNS_SDK_VERSION, .setup = setup, .prepare = prepare,
	     .start = start, .teardown = teardown);
