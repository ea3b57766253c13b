/*
 * Access to the API server: options and the service account. Errors read as client-go's, since that is
 * what people search for.
 */
#include "access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodns/file.h>

#define FILE_MAX (1u << 20)

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

void access_free(access_t *a)
{
	char *const strings[] = {a->url,     a->ca_file,     a->cert_file, a->key_file,
				 a->token,   a->token_file,  a->user,      a->password,
				 a->as,      a->server_name, a->proxy,     a->ca.at,
				 a->cert.at, a->key.at};
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		free(strings[i]);
	*a = (access_t){0};
}

char *read_whole(const char *path, size_t max, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	struct stat st;
	if (!f)
		return NULL;
	if (fstat(fileno(f), &st) || S_ISDIR(st.st_mode)) {
		errno = EISDIR;
	} else {
		size_t room = st.st_size > 0 && (size_t)st.st_size < max ? (size_t)st.st_size : max;
		text = must(malloc(room + 1));
		*len = fread(text, 1, room, f);
		text[*len] = 0;
	}
	fclose(f);
	return text;
}

static bool readable(const char *path, char *err, size_t err_size)
{
	FILE *f = path ? fopen(path, "re") : NULL;
	if (f)
		fclose(f);
	else if (path)
		sodns_file_error(err, err_size, "open", path, errno);
	return f || !path;
}

static char *copy(const char *text)
{
	return text ? must(strdup(text)) : NULL;
}

static bool from_account(access_t *a, const char *account, char *err, size_t err_size)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	if (!host || !port || !*host || !*port) {
		snprintf(err, err_size,
			 "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and "
			 "KUBERNETES_SERVICE_PORT must be defined");
		return false;
	}
	const char *form = strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s";
	char url[512], path[512];
	snprintf(url, sizeof(url), form, host, port);
	a->url = copy(url);
	snprintf(path, sizeof(path), "%s/token", account);
	a->token_file = copy(path);
	snprintf(path, sizeof(path), "%s/ca.crt", account);
	a->ca_file = copy(path);
	return readable(a->token_file, err, err_size) && readable(a->ca_file, err, err_size);
}

static bool from_url(access_t *a, const sodns_api_options_t *o, char *err, size_t err_size)
{
	const char *scheme = strstr(o->url, "://") ? "" : "http://";
	size_t n = strlen(o->url) + strlen(scheme);
	a->url = must(malloc(n + 1));
	snprintf(a->url, n + 1, "%s%s", scheme, o->url);
	a->cert_file = copy(o->cert);
	a->key_file = copy(o->key);
	a->ca_file = copy(o->ca);
	return readable(o->cert, err, err_size) && readable(o->key, err, err_size) &&
	       readable(o->ca, err, err_size);
}

static bool from_kubeconfig(access_t *a, const sodns_api_options_t *o, char *err, size_t err_size)
{
	struct stat st;
	size_t len;
	if (stat(o->kubeconfig, &st)) {
		sodns_file_error(err, err_size, "stat", o->kubeconfig, errno);
		return false;
	}
	char *text = read_whole(o->kubeconfig, FILE_MAX, &len);
	if (!text) {
		snprintf(err, err_size, "error loading config file \"%s\": %s", o->kubeconfig,
			 strerror(errno));
		return false;
	}
	const char *slash = strrchr(o->kubeconfig, '/');
	char *folder = slash ? must(strndup(o->kubeconfig, (size_t)(slash - o->kubeconfig + 1)))
			     : must(strdup(""));
	bool good = kubeconfig_read(a, text, len, folder, o->context, err, err_size);
	if (!good && !strncmp(err, "yaml:", 5)) {
		char why[512];
		snprintf(why, sizeof(why), "%s", err);
		snprintf(err, err_size, "error loading config file \"%s\": %s", o->kubeconfig, why);
	}
	free(folder);
	free(text);
	return good && readable(a->cert.at ? NULL : a->cert_file, err, err_size) &&
	       readable(a->key.at ? NULL : a->key_file, err, err_size) &&
	       readable(a->ca.at ? NULL : a->ca_file, err, err_size);
}

bool access_read(access_t *a, const sodns_api_options_t *o, const char *account, char *err,
		 size_t err_size)
{
	*a = (access_t){0};
	bool good = o->kubeconfig ? from_kubeconfig(a, o, err, err_size)
		    : o->url      ? from_url(a, o, err, err_size)
				  : from_account(a, account, err, err_size);
	for (size_t n = a->url ? strlen(a->url) : 0; n && a->url[n - 1] == '/'; n--)
		a->url[n - 1] = 0;
	if (!good)
		access_free(a);
	return good;
}

/* A rotating token is read each time: a request is rare, and the file small. */
char *access_token(const access_t *a)
{
	size_t len;
	char *token = a->token_file ? read_whole(a->token_file, FILE_MAX, &len) : NULL;
	if (!token)
		return copy(a->token);
	while (len && strchr(" \t\r\n", token[len - 1]))
		token[--len] = 0;
	/* What can't stand in a header is no token. */
	if (len && strcspn(token, "\r\n") == len)
		return token;
	free(token);
	return copy(a->token);
}
