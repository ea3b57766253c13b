/*
 * The settings of fair shares (sodns/fair.h), set before anything serves.
 */
#ifndef CORE_REPORT_FAIR_H
#define CORE_REPORT_FAIR_H

#include <sodns/fair.h>

/* Leading bits of an address that make a client, and the part of a limit, in percent, that one may
 * have. */
extern unsigned fair_ipv4_bits, fair_ipv6_bits, fair_percent;

/* Makes the metrics, so that they are there, at 0, before anything is taken. Workers exist. */
void fair_start(void);

#endif
