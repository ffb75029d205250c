/* The native core as one translation unit; compiled once for each set of instructions (see dispatch.c). */
#include "core.h"

#include "phases.c"

#include "sizes.c"

#include "geometry.c"

#include "equal_planes.c"

#include "planes.c"

#include "crystal.c"

#include "atoms.c"

#include "gaps.c"

#include "size_sums.c"

#include "stacks.c"

/* The most special kernel for a sample. Rows of parameters that the kernel does not have are zero. */
static int curves(const request *r) {
    const int kind = kind_of(r->s);
    memset(r->out, 0, (size_t)(1 + r->k) * (size_t)r->n * sizeof *r->out);
    if (kind == EQUAL_PLANES) return equal_planes(r);
    return kind == ATOMS ? atoms(r) : stacks(r);
}
