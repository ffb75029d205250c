/* One signature for all kernels, and the choice among them. */
#include "core.h"

/* The most special kernel for a sample. Rows of parameters that the kernel does not have are zero. */
static int curves(const request *r) {
    const int kind = kind_of(r->s);
    memset(r->out, 0, (size_t)(1 + r->k) * (size_t)r->n * sizeof *r->out);
    if (kind == EQUAL_PLANES) return equal_planes(r);
    return kind == ATOMS ? atoms(r) : stacks(r);
}
