/*
 * Reading a kubeconfig: the current context, or a named one, its cluster and its user.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include <sodns/text.h>

#include "access.h"

static char *need(char *p)
{
	if (!p)
		abort();
	return p;
}

/* A mapping's value; NULL without one, or for what is no mapping. */
static yaml_node_t *member(yaml_document_t *d, const yaml_node_t *n, const char *key)
{
	size_t len = strlen(key);
	if (!n || n->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top;
	     p++) {
		const yaml_node_t *k = yaml_document_get_node(d, p->key);
		if (k && k->type == YAML_SCALAR_NODE && k->data.scalar.length == len &&
		    !memcmp(k->data.scalar.value, key, len))
			return yaml_document_get_node(d, p->value);
	}
	return NULL;
}

/* A scalar member's text; NULL if there is none, or an empty one. */
static const char *text_of(yaml_document_t *d, const yaml_node_t *n, const char *key)
{
	const yaml_node_t *v = member(d, n, key);
	if (!v || v->type != YAML_SCALAR_NODE || !v->data.scalar.length)
		return NULL;
	const char *text = (const char *)v->data.scalar.value;
	if (v->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    (!strcmp(text, "null") || !strcmp(text, "~")))
		return NULL;
	return text;
}

/* Of a list of {name: N, <what>: {...}} the one that has the name. */
static yaml_node_t *named(yaml_document_t *d, const yaml_node_t *root, const char *list,
			  const char *what, const char *name)
{
	const yaml_node_t *l = member(d, root, list);
	if (!l || l->type != YAML_SEQUENCE_NODE)
		return NULL;
	for (yaml_node_item_t *i = l->data.sequence.items.start; i < l->data.sequence.items.top;
	     i++) {
		const yaml_node_t *n = yaml_document_get_node(d, *i);
		const char *is = text_of(d, n, "name");
		if (is && !strcmp(is, name))
			return member(d, n, what);
	}
	return NULL;
}

static char *copy(const char *text)
{
	return text ? need(strdup(text)) : NULL;
}

/* A path, relative to the file that names it. */
static char *path_of(const char *text, const char *folder)
{
	char *out = NULL;
	if (!text)
		return NULL;
	if (asprintf(&out, "%s%s", *text == '/' ? "" : folder, text) < 0)
		abort();
	return out;
}

char *base64_decode(const char *text, size_t len, size_t *out_len)
{
	char *out = need(malloc(SODNS_DECODED_ROOM(len) + 1));
	ptrdiff_t n = sodns_base64_decode(text, len, out, SODNS_DECODED_ROOM(len));
	if (n < 0) {
		free(out);
		return NULL;
	}
	*out_len = (size_t)n;
	out[n] = 0;
	return out;
}

/* "x-data" in base64. */
static bool read_data(yaml_document_t *d, const yaml_node_t *n, const char *key, access_blob_t *out,
		      char *err, size_t err_size)
{
	const char *text = text_of(d, n, key);
	if (!text)
		return true;
	out->at = base64_decode(text, strlen(text), &out->len);
	if (!out->at)
		snprintf(err, err_size, "illegal base64 data in %s", key);
	return out->at != NULL;
}

static bool read_cluster(access_t *a, yaml_document_t *d, const yaml_node_t *c, const char *folder,
			 char *err, size_t err_size)
{
	const char *insecure = text_of(d, c, "insecure-skip-tls-verify");
	a->url = copy(text_of(d, c, "server"));
	a->ca_file = path_of(text_of(d, c, "certificate-authority"), folder);
	a->server_name = copy(text_of(d, c, "tls-server-name"));
	a->proxy = copy(text_of(d, c, "proxy-url"));
	a->insecure = insecure && !strcmp(insecure, "true");
	if (!read_data(d, c, "certificate-authority-data", &a->ca, err, err_size))
		return false;
	if (!a->url) {
		snprintf(err, err_size,
			 "invalid configuration: no server found for the cluster of the context");
		return false;
	}
	if (a->insecure && (a->ca_file || a->ca.at)) {
		snprintf(err, err_size,
			 "specifying a root certificates file with the insecure flag is not "
			 "allowed");
		return false;
	}
	return true;
}

static bool read_user(access_t *a, yaml_document_t *d, const yaml_node_t *u, const char *folder,
		      char *err, size_t err_size)
{
	static const char *const untaken[] = {"exec", "auth-provider", "as-groups", "as-uid",
					      "as-user-extra"};
	for (size_t i = 0; i < sizeof(untaken) / sizeof(untaken[0]); i++)
		if (member(d, u, untaken[i])) {
			snprintf(err, err_size, "users with '%s' are not supported", untaken[i]);
			return false;
		}
	a->cert_file = path_of(text_of(d, u, "client-certificate"), folder);
	a->key_file = path_of(text_of(d, u, "client-key"), folder);
	a->token = copy(text_of(d, u, "token"));
	a->token_file = path_of(text_of(d, u, "tokenFile"), folder);
	a->user = copy(text_of(d, u, "username"));
	a->password = copy(text_of(d, u, "password"));
	a->as = copy(text_of(d, u, "as"));
	return read_data(d, u, "client-certificate-data", &a->cert, err, err_size) &&
	       read_data(d, u, "client-key-data", &a->key, err, err_size);
}

static bool read_context(access_t *a, yaml_document_t *d, const yaml_node_t *root,
			 const char *folder, const char *name, char *err, size_t err_size)
{
	const yaml_node_t *context = named(d, root, "contexts", "context", name);
	if (!context) {
		snprintf(err, err_size, "context \"%s\" does not exist", name);
		return false;
	}
	const char *cluster = text_of(d, context, "cluster"), *user = text_of(d, context, "user");
	const yaml_node_t *c = cluster ? named(d, root, "clusters", "cluster", cluster) : NULL;
	const yaml_node_t *u = user ? named(d, root, "users", "user", user) : NULL;
	if (!c) {
		snprintf(err, err_size, "cluster \"%s\" does not exist", cluster ? cluster : "");
		return false;
	}
	if (user && !u) {
		snprintf(err, err_size, "auth info \"%s\" does not exist", user);
		return false;
	}
	return read_cluster(a, d, c, folder, err, err_size) &&
	       (!u || read_user(a, d, u, folder, err, err_size));
}

bool kubeconfig_read(access_t *a, const char *text, size_t len, const char *folder,
		     const char *context, char *err, size_t err_size)
{
	yaml_parser_t parser;
	yaml_document_t d;
	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &d)) {
		snprintf(err, err_size, "yaml: line %zu: %s", parser.problem_mark.line + 1,
			 parser.problem ? parser.problem : "not YAML");
		yaml_parser_delete(&parser);
		return false;
	}
	const yaml_node_t *root = yaml_document_get_root_node(&d);
	const char *name = context && *context ? context : text_of(&d, root, "current-context");
	bool good = false;
	if (name)
		good = read_context(a, &d, root, folder, name, err, err_size);
	else
		snprintf(err, err_size,
			 "invalid configuration: no configuration has been provided, try setting "
			 "KUBERNETES_MASTER environment variable");
	yaml_document_delete(&d);
	yaml_parser_delete(&parser);
	return good;
}
