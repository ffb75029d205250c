/* Positions of planes and surfaces, and range of correlations; model/kernel/geometry.py has the same in NumPy. */
#include "core.h"

static int kind_of(const sample *s) {
    const int bare = s->rho < 0 && s->sigma_u < 0 && s->unstacked < 0;
    if (!bare || s->mixed || s->crystals != 1 || s->stacks != 1) return GENERAL;
    return s->unit_planes && s->power == 0 ? EQUAL_PLANES : ATOMS;
}

/* Heights of the planes in angstroms, each from the origin of its part. */
static void heights_of(const double *p, const sample *s, double *heights) {
    for (int64_t k = 0; k < s->planes; k++) {
        heights[k] = s->position[k] * p[s->own[3 * s->crystal[k]]] + s->shift[k];
        if (s->displacement[k] >= 0) heights[k] += s->sign[k] * p[s->displacement[k]];
    }
}

/* How far correlations reach that a resolution shows up to `longest` angstroms, and how many cells that is. */
static int reach(const double *p, const sample *s, double longest, double *distance, int64_t *pairs) {
    double shortest = 0.0, thickest = 0.0, gaps = 0.0;
    /* Surfaces extend at most two planes beyond the outermost plane; points do not. */
    const int64_t further = kind_of(s) == EQUAL_PLANES ? 0 : 2;
    for (int64_t c = 0; c < s->crystals; c++) {
        const int64_t *own = s->own + 3 * c;
        double first, last;
        if (!size_limits(p[own[1]], p[own[2]], s->window, 1, &first, &last)) return BAD_SIZES;
        shortest += (first - 1.0) * p[own[0]];
        thickest += (last + (double)further) * p[own[0]];
        gaps += p[L] + (c == 1 ? value(p, s->dL_B, 0.0) : 0.0);
    }
    *pairs = s->numbers[s->stacks - 1];
    if (longest < INFINITY) {
        const double cells = 2.0 + fmax(longest - gaps, 0.0) / fmax(shortest + gaps, 1e-9);
        if (cells < (double)*pairs) *pairs = (int64_t)cells;
    }
    const double jitter =
        7.0 * sqrt((double)s->crystals * (double)*pairs) * p[SIGMA_L] + 10.0 * value(p, s->sigma_u, 0.0);
    *distance = (double)(*pairs - 1) * (thickest + gaps) + thickest + jitter;
    return OK;
}

/* Mean gap above a crystal, and how far the surfaces below and above it extend into it, in angstroms. */
typedef struct {
    double L, below, above; /* `below` is the surface of the next crystal, `above` that of the crystal itself */
} gap_widths;

static gap_widths gap_above(const double *p, const sample *s, const double *heights, int64_t crystal) {
    const int64_t low = s->lowest[(crystal + 1) % s->crystals], high = s->highest[crystal];
    gap_widths gap = {p[L], 0.0, heights[high]};
    if (crystal == 1) gap.L += value(p, s->dL_B, 0.0);
    if (s->part[low] == BOTTOM) gap.below = -heights[low];
    if (s->part[high] != REPEAT) gap.above += (double)(1 - s->closing[crystal]) * p[s->own[3 * crystal]];
    return gap;
}

/* The outermost plane of a crystal, and its overhang in periods; `moves` is 0 if the gap begins elsewhere. */
typedef struct {
    int64_t plane;
    double overhang;
    int moves;
} outermost;

static outermost surface(const sample *s, int64_t crystal, int upper) {
    if (!upper) {
        const int64_t plane = s->lowest[crystal];
        return (outermost){plane, -s->position[plane], s->part[plane] == BOTTOM};
    }
    const int64_t plane = s->highest[crystal];
    const int64_t closing = s->part[plane] != REPEAT ? 1 - s->closing[crystal] : 0;
    return (outermost){plane, s->position[plane] + (double)closing, 1};
}
