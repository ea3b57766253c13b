/*
 * A library brings pages that are looked at once, when it is loaded: those of OpenSSL are several megabytes.
 */
#include "system/pages.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Segments that nobody writes to are the file's; what is read of them later is there again as it was. */
static int let_go(struct dl_phdr_info *of, size_t size, void *unused)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	(void)size;
	(void)unused;
	for (unsigned i = 0; i < of->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &of->dlpi_phdr[i];
		if (p->p_type != PT_LOAD || p->p_flags & PF_W)
			continue;
		uintptr_t begin = (of->dlpi_addr + p->p_vaddr) & ~(page - 1),
			  end = (of->dlpi_addr + p->p_vaddr + p->p_filesz + page - 1) & ~(page - 1);
		/* What can't be let go, such as the kernel's own pages, stays. */
		(void)madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
	return 0;
}

void pages_let_go(void)
{
	malloc_trim(0);
	dl_iterate_phdr(let_go, NULL);
}
