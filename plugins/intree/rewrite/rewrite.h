/*
 * rewrite: rules that change a query on its way down, and what they note for its reply's way up.
 */
#ifndef REWRITE_H
#define REWRITE_H

#include <sodns/plugin.h>
#include <sodns/regex.h>

#define GROUPS_MAX 16
#define TEXT_MAX SODNS_NAME_TEXT_MAX

/* A text with {N} for what a pattern's groups matched, taken apart. */
struct piece {
	const char *text; /* NULL: a group */
	size_t len;       /* of the text; the group's number */
};
struct replacement {
	struct piece *pieces;
	size_t count;
};

enum match_kind { MATCH_EXACT, MATCH_PREFIX, MATCH_SUFFIX, MATCH_SUBSTRING, MATCH_REGEX, MATCHES };

/* What a name is compared with. */
struct match {
	enum match_kind kind;
	const char *text;
	size_t len;
	sodns_regex_t *regex;
};

/* Rules for replies. */
enum response_kind {
	RESPONSE_REMAP,  /* names that are or end in `from` get `to` instead */
	RESPONSE_SUFFIX, /* texts that end in `from` do */
	RESPONSE_REGEX,
	RESPONSE_TTL,
	RESPONSE_RCODE,
	RESPONSE_CNAME,
};
struct response {
	enum response_kind kind;
	bool names, values; /* of which part of the records */
	const char *from, *to;
	sodns_regex_t *regex;
	const struct replacement *replacement;
	uint32_t min, max; /* TTL */
	int old, new_;     /* rcode */
	const struct rule *cname;
	const sodns_query_t *query; /* RESPONSE_CNAME: as it was then */
};

enum rule_kind {
	RULE_NAME,
	RULE_TYPE,
	RULE_CLASS,
	RULE_OPTION, /* edns0 */
	RULE_TTL,
	RULE_RCODE,
	RULE_CNAME,
};
enum option_action { OPTION_SET, OPTION_REPLACE, OPTION_APPEND, OPTION_UNSET };

struct rule {
	enum rule_kind kind;
	bool goes_on; /* `continue` */
	struct match match;
	/* name */
	uint8_t *from, *to_name;        /* exact: wire form */
	const char *to;                 /* of a name, or of an alias's target */
	struct replacement replacement; /* regex */
	bool remap;                     /* replies get the old name back */
	struct response *responses;     /* noted when the rule has been applied */
	size_t response_count;
	/* type and class */
	uint16_t old, new_;
	/* edns0 */
	enum option_action action;
	uint16_t code;
	const char *variable; /* "{qname}", or NULL */
	const uint8_t *data;
	size_t data_len;
	bool subnet;
	uint8_t bits4, bits6;
	/* the run of exact name rules that it is in, or NULL */
	const struct exact_run *run;
};

struct rewrite {
	struct rule *rules;
	size_t count;
};

/* A query's way through the rules. */
struct passage {
	sodns_query_t *q;   /* the client's */
	sodns_query_t *now; /* as it is by now; q until something has changed */
	char *text;         /* of the name now, lower case; NULL: not made yet */
	size_t len;
	bool bad_name;
	struct response **noted;
	size_t noted_count, noted_room;
};

/* pattern.c */
bool match_text(const struct match *m, const char *text, size_t len, sodns_span_t *groups);
/* Compiles a pattern; NULL after an error, which is noted: the prefix, the complaint, the pattern. The
 * caller frees it. */
sodns_regex_t *pattern_new(sodns_setup_t *s, const char *pattern, const char *prefix,
			   const char *complaint);
/* "a{1}b" taken apart; what is above the pattern's `groups` is text. */
void replacement_parse(sodns_setup_t *s, const char *text, unsigned groups,
		       struct replacement *out);
unsigned replacement_groups(const char *text);
unsigned pattern_groups(const char *pattern);
/* Fills it in; the length, 0 if it is too long. */
size_t replacement_fill(const struct replacement *r, const sodns_span_t *groups,
			char out[TEXT_MAX]);
/* Lower case, with a final dot. */
const char *normalized(sodns_setup_t *s, const char *text);

/* names.c: "exact" and the like; negative: it is none. */
int match_kind(const char *text);
/* Rules by name. */
int name_rule(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count);
bool name_apply(const struct rule *rule, struct passage *p);
/* What a rule of any kind but exact makes of a text that it matches; 0: too long to be a name. */
size_t name_text(const struct rule *rule, const char *text, size_t len, const sodns_span_t *groups,
		 char out[TEXT_MAX]);
/* The name now as text. */
const char *passage_text(struct passage *p);
sodns_query_t *passage_derived(struct passage *p);
struct response *passage_note(struct passage *p);

/* edns0.c */
int option_rule(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count);
bool option_apply(const struct rule *rule, struct passage *p);

/* response.c */
sodns_reply_t *responses_apply(struct passage *p, sodns_reply_t *r);

/* rewrite.c */
sodns_reply_t *rewrite_serve(const sodns_handler_t *h, sodns_query_t *q);

/* exact.c: runs of exact name rules are looked up instead of compared. */
void exact_index(sodns_setup_t *s, struct rewrite *r);
/* The first rule at `at` or behind it in its run that has the query's name; past the run's end: none. */
size_t exact_find(const struct rewrite *r, size_t at, const sodns_query_t *q);

#endif
