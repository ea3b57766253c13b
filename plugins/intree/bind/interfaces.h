/*
 * The addresses of the machine's network interfaces.
 */
#ifndef BIND_INTERFACES_H
#define BIND_INTERFACES_H

#include <stdbool.h>
#include <stddef.h>

/* Calls found(arg, text) with the text of each address of the interface, link-local ones with their
 * "%zone". False: there is no such interface. */
bool interface_addresses(const char *name, int (*found)(void *arg, const char *text), void *arg);

#endif
