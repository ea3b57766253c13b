/*
 * Where the API server is and what we are there: out of a kubeconfig, of options, or of the service account
 * that a pod is given.
 */
#ifndef SODNS_LIB_KUBEWATCH_ACCESS_H
#define SODNS_LIB_KUBEWATCH_ACCESS_H

#include <sodns/watch.h>

#define ACCESS_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

/* Bytes of a certificate or a key. */
typedef struct access_blob {
	char *at;
	size_t len;
} access_blob_t;

/* Strings are NULL where nothing is said. */
typedef struct access {
	char *url; /* "https://10.96.0.1:443", no slash at its end */
	char *ca_file, *cert_file, *key_file;
	access_blob_t ca, cert, key; /* take precedence over the files */
	char *token, *token_file;    /* the file takes precedence while it can be read */
	char *user, *password;
	char *as;          /* the user to impersonate */
	char *server_name; /* that the server's certificate has */
	char *proxy;
	bool insecure;
} access_t;

/* Fills in a; `account` is the folder ACCESS_ACCOUNT. False: the reason is in err. */
bool access_read(access_t *a, const sodns_api_options_t *o, const char *account, char *err,
		 size_t err_size);
void access_free(access_t *a);
/* The token to show now, in memory that the caller frees; NULL: none. */
char *access_token(const access_t *a);

/* kubeconfig.c: the same out of a kubeconfig's text; `folder` is where its relative paths begin. */
bool kubeconfig_read(access_t *a, const char *text, size_t len, const char *folder,
		     const char *context, char *err, size_t err_size);
/* What RFC 4648, 4 encodes; NULL: it does not. The caller frees it. */
char *base64_decode(const char *text, size_t len, size_t *out_len);
/* A whole file, at most `max` bytes, with a zero behind; NULL: errno says why. */
char *read_whole(const char *path, size_t max, size_t *len);

#endif
