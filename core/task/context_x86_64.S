/*
 * context_swap(void **save, void *load) for the System V x86-64 ABI: rbx, rbp and r12 to r15 are all that a call
 * preserves. mxcsr and the x87 control word are preserved too by the letter, but nothing here ever changes them.
 */
#ifdef __x86_64__
	.text
	.globl	context_swap
	.hidden	context_swap
	.type	context_swap, @function
	.p2align 4
context_swap:
	.cfi_startproc
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.cfi_endproc
	.size	context_swap, . - context_swap

	.globl	context_trampoline
	.hidden	context_trampoline
	.type	context_trampoline, @function
	.p2align 4
context_trampoline:
	.cfi_startproc
	.cfi_undefined rip
	xorl	%ebp, %ebp
	movq	%rbx, %rdi
	call	context_begin@PLT
	ud2
	.cfi_endproc
	.size	context_trampoline, . - context_trampoline
#endif
	.section .note.GNU-stack, "", @progbits
