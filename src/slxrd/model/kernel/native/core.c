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

#include "kernels.c"

#include "amplitude.c"

#include "interference.c"

#include "film.c"

#include "stack_scan.c"

#include "mixtures.c"

#include "linear.c"

#include "smearing.c"

#include "background.c"

#include "objective.c"

#include "refine.c"

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)
const functions NAMED(slxrd_functions_, VARIANT) = {curves, equal_planes_of_sizes, reach, smear, chi2_of, refine_many,
                                                     end_refinements, interference, film_means, scan_stacks, best_mixtures};
