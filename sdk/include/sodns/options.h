/*
 * Options as data: what a directive takes stands in tables, and one call reads it into the plugin's
 * struct. Ranges, counts of arguments, "only once" and unknown properties are checked and worded there,
 * with file and line and what is allowed; `sodns -help NAME` prints the tables.
 *
 *	struct hello {
 *		const char *greeting;
 *		uint32_t ttl;
 *		sodns_prefix_t *nets;
 *		size_t net_count;
 *	};
 *	static const sodns_option_t args[] = {
 *		{"GREETING", SODNS_OPT_TEXT, SODNS_FIELD(struct hello, greeting),
 *		 .flags = SODNS_OPT_OPTIONAL, .fallback = "hello"},
 *	};
 *	static const sodns_option_t properties[] = {
 *		{"ttl", SODNS_OPT_SECONDS, SODNS_FIELD(struct hello, ttl), .max = 3600, .fallback = "60",
 *		 .help = "TTL of the answers"},
 *		{"allow", SODNS_OPT_PREFIX, SODNS_LIST(struct hello, nets, net_count)},
 *	};
 *	static const sodns_options_t options = {
 *		.args = SODNS_ROWS(args), .properties = SODNS_ROWS(properties), .repeats = SODNS_ONCE};
 *
 *	static int setup(sodns_setup_t *s)
 *	{
 *		struct hello *h = sodns_setup_alloc(s, sizeof(*h));
 *		return sodns_setup_read_all(s, h) ? SODNS_EINVAL : sodns_add_handler(s, h);
 *	}
 *	SODNS_PLUGIN(.name = "hello", .setup = setup, .options = &options, ...);
 *
 * A row is an argument or a property, and the same kinds hold for both. It names the field that its
 * value goes into, SODNS_FIELD(), or a list of them, SODNS_LIST(): as many words as there are on the
 * line. A property that has several arguments has rows for them (SODNS_OPT_GROUP); one with a block has
 * rows for that.
 */
#ifndef SODNS_OPTIONS_H
#define SODNS_OPTIONS_H

#include <sodns/abi.h>

/* What a value is, and the field it goes into: "number" is an integer or enum of any width. */
enum sodns_option_kind {
	SODNS_OPT_FLAG = 1, /* bool: true where the word stands; no value */
	SODNS_OPT_OFF,      /* bool: false where the word stands, else true; no value */
	SODNS_OPT_BOOL,     /* bool: on, off, true, false */
	SODNS_OPT_NUMBER,   /* number */
	SODNS_OPT_SECONDS,  /* number: the same, a time in seconds, a TTL */
	SODNS_OPT_DURATION, /* number of 64 bits, nanoseconds: "1m30s", "500ms" */
	SODNS_OPT_SIZE,     /* number, bytes: "64M", "512KiB", "4096" */
	SODNS_OPT_PERCENT,  /* number: "10%" */
	SODNS_OPT_WORD,     /* number: the index among `words` */
	SODNS_OPT_TYPE,     /* number: a type of records by its name, in capitals */
	SODNS_OPT_CLASS,    /* number: a class by its name, in capitals */
	SODNS_OPT_RCODE,    /* number: a response code by its name, as Go's dns has it */
	SODNS_OPT_TEXT,     /* const char *: any word; max is its greatest length */
	SODNS_OPT_PATH,     /* const char *: a file or folder, relative to the block's `root` */
	SODNS_OPT_LISTEN,   /* const char *: "[HOST]:PORT" to listen at */
	SODNS_OPT_NAME,     /* const uint8_t *: a name, wire form, lower case */
	SODNS_OPT_ZONE,     /* const uint8_t *: the same; of a network its first reverse zone */
	SODNS_OPT_ZONES, /* const uint8_t *const *, a list: names, and networks as reverse zones */
	SODNS_OPT_FALLTHROUGH, /* sodns_fallthrough_t: the zones, or none for all */
	SODNS_OPT_ADDRESS,     /* sodns_address_t: an IP address */
	SODNS_OPT_ENDPOINT, /* sodns_address_t: "ADDRESS[:PORT]"; min is the port that is none given */
	SODNS_OPT_PREFIX, /* sodns_prefix_t: "10.0.0.0/8" */
	SODNS_OPT_GROUP, /* several arguments, the rows of `args`; with SODNS_LIST() a struct a line */
	SODNS_OPT_PARSE,   /* parse() reads each word */
	SODNS_OPT_CALL,    /* call() reads the rest of the line, and a block, by itself */
	SODNS_OPT_IGNORED, /* taken for CoreDNS's sake, without effect; says.note is a warning */
	SODNS_OPT_REFUSED, /* CoreDNS has it; says.note tells why it is not taken here */
};

/* How a row is read. */
enum sodns_option_flag {
	SODNS_OPT_OPTIONAL = 1, /* an argument that may be missing; of a property, its value */
	SODNS_OPT_IF_FITS =
		2, /* an argument that is taken only where the word is one of its kind */
	SODNS_OPT_KEYWORD = 4,   /* an argument that its name announces: "domain example.org" */
	SODNS_OPT_ONCE = 8,      /* a property that may stand only once */
	SODNS_OPT_REQUIRED = 16, /* a property that must stand in the block */
	SODNS_OPT_REPLACE = 32,  /* a list that begins anew with each line */
	SODNS_OPT_CLAMP = 64,    /* less than min is taken for min, more than max for max */
	SODNS_OPT_BARE_SECONDS = 128, /* a duration may be a bare number of seconds */
	SODNS_OPT_ANY_CASE = 256,     /* of words, and of the property's own name */
	SODNS_OPT_JOINED = 512, /* a text that goes on to the line's end, with single blanks */
	SODNS_OPT_MANY = 8192,  /* parse() reads any number of words, one after the other */
	SODNS_OPT_SERVER_ZONES = 1024, /* zones: where none are given, the server block's */
	SODNS_OPT_IGNORES_MORE =
		2048, /* of a property: further words on the line are passed over */
	SODNS_OPT_LEAVES_MORE =
		4096, /* the same: they are read as the next property, as CoreDNS does */
};

/* What a row's own errors say, where the engine's words are not CoreDNS's. In these texts "{}" is the
 * word as it is written, "{value}" as it was understood, "{why}" what Go's library says of it, "{name}"
 * the row's name, "{last}" the last word of the line, "{min}", "{max}" and "{range}" the bounds, and
 * "{words}" all that are allowed. */
typedef struct sodns_option_says {
	const char *bad;        /* not of its kind */
	const char *low, *high; /* out of range; high NULL: as low */
	const char *missing;    /* a word, or the property, is missing */
	const char *extra;      /* there is a word too many */
	const char *again;      /* a second time where it may stand once */
	const char *note;       /* SODNS_OPT_IGNORED, SODNS_OPT_REFUSED */
} sodns_option_says_t;

typedef struct sodns_option sodns_option_t;
/* Rows, and words: SODNS_ROWS(array), SODNS_WORDS(array). */
typedef struct sodns_option_rows {
	const sodns_option_t *at;
	size_t count, size; /* size: of one row */
} sodns_option_rows_t;
typedef struct sodns_option_words {
	const char *const *at; /* NULL for an index that has no word */
	size_t count;
} sodns_option_words_t;

struct sodns_option {
	const char *name; /* the property's word; of an argument what usage calls it: "FILE" */
	enum sodns_option_kind kind;
	size_t offset, size, count; /* SODNS_FIELD(), SODNS_LIST() */
	size_t given;               /* SODNS_GIVEN(): a bool that says whether it stands there */
	unsigned flags;
	int64_t min, max;     /* max 0: as much as the field holds, and more is taken for that */
	const char *fallback; /* the value where it is not given, as text */
	const char *bare;     /* the value where the property stands alone; it may, then */
	const char
		*otherwise; /* for help: what holds where it is not given, and no fallback tells */
	sodns_option_words_t words;
	sodns_option_rows_t args, block; /* their fields lie in the struct at `offset` */
	/* One word into the struct `to`. 0, or what sodns_error() returned. [setup] */
	int (*parse)(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to);
	/* SODNS_OPT_CALL: reads by sodns_setup_arg() and sodns_setup_block(). [setup] */
	int (*call)(sodns_setup_t *s, const sodns_option_t *o, void *to);
	/* Looks at what was read into `to`, or into the new item of a list of groups; word: the last
	 * one of the row's, "" if it has none. [setup] */
	int (*check)(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to);
	const char
		*form; /* for help: what stands behind the name, if it is not as the kind has it */
	const char *help; /* a line */
	sodns_option_says_t says;
	const void *reserved[2]; /* NULL */
};

#define SODNS_FIELD(type, field) .offset = offsetof(type, field), .size = sizeof(((type *)0)->field)
/* `items` points to the first, `number` is a size_t: how many. The memory is the configuration's. */
#define SODNS_LIST(type, items, number)                                                            \
	.offset = offsetof(type, items), .size = sizeof(*((type *)0)->items),                      \
	.count = offsetof(type, number) + 1
#define SODNS_GIVEN(type, field) .given = offsetof(type, field) + 1
#define SODNS_ROWS(array)                                                                          \
	{                                                                                          \
		(array), sizeof(array) / sizeof((array)[0]), sizeof((array)[0])                    \
	}
#define SODNS_WORDS(array)                                                                         \
	{                                                                                          \
		(array), sizeof(array) / sizeof((array)[0])                                        \
	}

/* A second occurrence of the directive in a server block. */
enum sodns_repeats {
	SODNS_TOGETHER, /* goes on in the same struct: the last value counts, lists grow */
	SODNS_ONCE,     /* is an error */
	SODNS_EACH,     /* is something of its own: every struct gets the defaults */
	SODNS_FIRST,    /* is passed over, whatever its words are */
};

/* A directive. */
typedef struct sodns_options {
	sodns_option_rows_t args;       /* behind its name */
	sodns_option_rows_t properties; /* the lines of its block; none: it has no block */
	enum sodns_repeats repeats;
	/* A line of the block whose first word, on which the cursor stands, is no property; NULL: it is
	 * an error. And what usage shows of it. [setup] */
	int (*other)(sodns_setup_t *s, void *to);
	const char *other_form;
	const char *help; /* a line: what the directive does */
	struct {
		const char *unknown; /* property; the nearest that there is stands behind it */
		const char *again;   /* the directive, with SODNS_ONCE */
		const char *extra;   /* a word too many behind the directive */
		const char *block;   /* it has a block and may have none */
		const char *empty;   /* it has no property, and must have one */
	} says;
	const void *reserved[4]; /* NULL */
} sodns_options_t;

/* Texts of says, where several plugins have CoreDNS's: of numbers as Go's strconv has them, and of
 * whatever CoreDNS takes for a wrong count of arguments. */
#define SODNS_SAYS_ATOI "strconv.Atoi: parsing \"{}\": {why}"
#define SODNS_SAYS_ARGS "Wrong argument count or unexpected line ending after '{last}'"

/* Reads the occurrence on which the cursor stands, arguments and block, into the struct `to`, as the
 * registration's `options` say. The first time in a server block, and with SODNS_EACH every time, the
 * defaults are put there before. 0, or SODNS_EINVAL after an error, which is noted. [setup] */
SODNS_API int sodns_setup_read(sodns_setup_t *s, void *to);
/* The same for every occurrence in the server block, into one struct. 0 or SODNS_EINVAL. [setup] */
SODNS_API int sodns_setup_read_all(sodns_setup_t *s, void *to);

/* One more item of `size` bytes at the end of a list in the configuration's memory: cleared. `items` is
 * the address of the pointer to the first, which may move; *count is how many there are. [setup] */
SODNS_API void *sodns_setup_list_add(sodns_setup_t *s, void *items, size_t *count, size_t size);

#endif
