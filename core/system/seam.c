/*
 * Where tests take the place of the world: nothing is there in the daemon.
 */
#include "system/seam.h"

struct seam seam;
