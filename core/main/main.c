/*
 * sodns: the daemon is libsodns.so.
 */
#include "main/daemon.h"

int main(int argc, char **argv)
{
	return sodns_main(argc, argv);
}
