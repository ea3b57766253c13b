/*
 * A look at a plugin's file before anything maps it: what the dynamic linker finds missing at the end
 * of a file it finds by a signal.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/host.h"

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#define MACHINE_TEXT "x86-64"
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#define MACHINE_TEXT "arm64"
#endif
#define SEGMENTS_MOST 256u

/* How long the file has to be, as its headers say; 0: they can't be right. */
static uint64_t length_wanted(int fd, const Elf64_Ehdr *h)
{
	Elf64_Phdr p;
	uint64_t end = sizeof(*h);
	bool loads = false;
	if (h->e_phentsize != sizeof(p) || !h->e_phnum || h->e_phnum > SEGMENTS_MOST)
		return 0;
	/* A file whose sections have been cut off is still one that can be opened. */
	if (h->e_shnum && h->e_shoff < INT64_MAX)
		end = h->e_shoff + (uint64_t)h->e_shnum * h->e_shentsize;
	for (unsigned i = 0; i < h->e_phnum; i++) {
		off_t at = (off_t)(h->e_phoff + i * sizeof(p));
		if (pread(fd, &p, sizeof(p), at) != (ssize_t)sizeof(p))
			return h->e_phoff + (uint64_t)h->e_phnum * sizeof(p);
		if (p.p_offset > INT64_MAX || p.p_filesz > INT64_MAX)
			return 0;
		if (p.p_filesz && end < p.p_offset + p.p_filesz)
			end = p.p_offset + p.p_filesz;
		loads |= p.p_type == PT_LOAD;
	}
	return loads ? end : 0;
}

static int look(int fd, const char *path, char *why, size_t why_size)
{
	Elf64_Ehdr h;
	struct stat st;
	ssize_t n = pread(fd, &h, sizeof(h), 0);
	if (n < 0 || fstat(fd, &st)) {
		snprintf(why, why_size, "read %s: %s", path, strerror(errno));
		return SODNS_EIO;
	}
	if (n != sizeof(h) || memcmp(h.e_ident, ELFMAG, SELFMAG) || h.e_type != ET_DYN ||
	    h.e_ident[EI_CLASS] != ELFCLASS64) {
		snprintf(why, why_size, "%s is not a shared object%s", path,
			 n ? "" : ": it is empty");
		return SODNS_EINVAL;
	}
#ifdef MACHINE
	if (h.e_machine != MACHINE) {
		snprintf(why, why_size, "%s is built for another machine, this is " MACHINE_TEXT,
			 path);
		return SODNS_EINVAL;
	}
#endif
	uint64_t wanted = length_wanted(fd, &h);
	if (wanted && wanted <= (uint64_t)st.st_size)
		return SODNS_OK;
	if (wanted)
		snprintf(why, why_size, "%s is cut off: %lld bytes of %llu", path,
			 (long long)st.st_size, (unsigned long long)wanted);
	else
		snprintf(why, why_size, "%s is damaged: its program headers make no sense", path);
	return SODNS_EINVAL;
}

int plugin_file_check(const char *path, char *why, size_t why_size)
{
	struct stat st;
	/* A FIFO in a plugin's place must not keep anybody waiting. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		snprintf(why, why_size, "open %s: %s", path, strerror(errno));
		return SODNS_ENOENT;
	}
	int rc = SODNS_OK;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		snprintf(why, why_size, "%s is not a file", path);
		rc = SODNS_EINVAL;
	} else {
		rc = look(fd, path, why, why_size);
	}
	close(fd);
	return rc;
}
