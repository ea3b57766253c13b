/*
 * What main.c and control.c ask of each other.
 */
#ifndef CORE_SERVER_CONTROL_H
#define CORE_SERVER_CONTROL_H

/* "sodns-VERSION" and the line of system and compiler. */
void control_print_version(void);

#endif
