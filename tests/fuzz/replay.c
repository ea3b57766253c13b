/*
 * Without a fuzzer: feeds every file of a folder to the target once, so that what a fuzzer found
 * stays a test.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

static int replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return 1;
	fseek(f, 0, SEEK_END);
	long n = ftell(f);
	rewind(f);
	uint8_t *bytes = malloc(n > 0 ? (size_t)n : 1);
	if (!bytes || fread(bytes, 1, (size_t)n, f) != (size_t)n)
		return 1;
	fclose(f);
	LLVMFuzzerTestOneInput(bytes, (size_t)n);
	free(bytes);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *d = argc > 1 ? opendir(argv[1]) : NULL;
	unsigned count = 0;
	if (!d) {
		fputs("usage: replay FOLDER\n", stderr);
		return 1;
	}
	for (struct dirent *e; (e = readdir(d));) {
		char path[4096];
		snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
		if (e->d_name[0] == '.')
			continue;
		if (replay(path))
			return 1;
		count++;
	}
	closedir(d);
	printf("%u inputs\n", count);
	return count ? 0 : 1;
}
