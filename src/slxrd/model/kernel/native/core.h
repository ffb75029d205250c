/* The native core: structures, status codes, and the small functions that the kernels share.
 *
 * Every file of this folder is a part of one translation unit, core.c, which is compiled once for each set of
 * instructions (see dispatch.c). Scattering vectors are processed in blocks of B. A row is one value for each
 * vector of a block; the rows of a kernel are members of one structure, so that the compiler recognises that
 * they are independent and uses vector instructions.
 *
 * Section numbers refer to the formulas in docs/physics.md.
 */
#ifndef SLXRD_CORE_H
#define SLXRD_CORE_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Increased with every change of a structure or a signature below; library.py compares it with its own. */
#define SLXRD_INTERFACE 5

#define INLINE static inline __attribute__((always_inline))

/* What functions that can fail return. After PAUSED they are called again, to go on. */
enum { OK = 0, NO_MEMORY = 1, BAD_SIZES = 2, PAUSED = 3 };
/* How a refinement ended. */
enum { CONVERGED = 0, OUT_OF_STEPS = 1, NOT_FINITE = 2 };
/* Parts of a crystal, and kinds of structure; as in kernel/arrays.py. */
enum { BOTTOM = 0, REPEAT = 1, TOP = 2 };
enum { EQUAL_PLANES = 0, ATOMS = 1, GENERAL = 2 };
/* Places of the parameters that every structure has. */
enum { D = 0, L = 1, SIGMA_L = 2, N = 3, SIGMA_N = 4, Q_ZERO = 5 };

/* Processor time in seconds after which calls pause, so that the caller can look for an interruption. */
#define WITHOUT_PAUSE 0.05
/* Scattering vectors in a block. */
#define B 64
/* Coefficients of the polynomials that carry scattering amplitudes to a shifted q. */
#define COEFFICIENTS 5
/* Largest exponent of a decay: exp(-700) is not yet a denormal number. Those are slow and negligible here. */
#define LAST_DECAY 700.0
/* Smallest absolute value of q, with which smaller ones are replaced: the curves are constant so near to 0. */
#define LEAST_Q 1e-9
#define PI 3.14159265358979323846

/* One or two crystals that alternate in a stack; members as those of kernel/arrays.py:Sample. */
typedef struct {
    int64_t points, terms, planes, crystals, stacks; /* lengths n, t, p, c, m of the arrays */
    const double *amplitudes;                        /* (t, 5, 2, n) */
    const int64_t *term_plane, *term_occupancy;      /* (t) */
    const int64_t *crystal, *part;                   /* (p) */
    const double *position, *shift, *sign;           /* (p) */
    const int64_t *displacement, *same_amplitude;    /* (p) */
    const int64_t *lowest, *highest, *closing;       /* (c) */
    const int64_t *own;                              /* (c, 3) */
    int64_t dL_B, f_B, rho, sigma_u, unstacked, B_factor;
    double area;
    int64_t unit_planes, mixed, power;
    double window;
    const int64_t *numbers; /* (m) */
    const double *shares;   /* (m) */
} sample;

/* Sizes of a crystal, consecutive from the first; their shares, and the derivatives of these. */
typedef struct {
    int64_t first, count;
    double *share, *by_N, *by_sigma_N;
} size_range;

/* Weights of the whole numbers first, first + 1, ...: `count` of them for each of `width` rows, for each exponent of a
 * decay; place is the row of a result for each of the width. */
typedef struct {
    int64_t first, count, width;
    const int64_t *place;
    const double *weights;
} power_weights;

/* Input and output of a kernel. out has 1 + k rows of n: intensity, derivatives by the k parameters. Without
 * derivatives only the first row is valid. Only cells less than `pairs` places apart interfere. */
typedef struct {
    const sample *s;
    const double *p;
    int64_t k;
    const double *q, *delta;
    int64_t n, pairs;
    int derivatives;
    double *out;
} request;

/* The regions of a fit, one after another; members as those of fitting/minimise/layout.py:Layout. */
typedef struct {
    int64_t grid_points, points, width, shapes, regions, correlated, parameters; /* lengths m, n, width, b, r, w, k */
    const double *grid, *shift;                /* (m) */
    const int64_t *first;                      /* (n) */
    const double *band, *root;                 /* (n, width), (n) */
    const double *basis, *bounded;             /* (b, n) */
    const double *inverse;                     /* (r, b, b) */
    int64_t positive;
    const int64_t *ends;                       /* (r + 1) */
    const double *prior_mean, *prior_weight;   /* (k) */
    const double *whitening;                   /* (w, n) */
} layout;

/* A refinement of one model to sets of intensities; members as the arguments of minimise/compiled.py. */
typedef struct {
    const layout *regions;
    const sample *s;
    const int64_t *free;          /* (k) */
    const double *lower, *upper;  /* (k) */
    double longest, tolerance, hopeless;
    int64_t most, leap;
} refinement;

/* Stacks on a substrate to be scanned; members as those of fitting/search/satellites/products.py. */
typedef struct {
    int64_t n, kinds, others, structures, spreads, cells, layered;
    double fading;
    const double *q, *width;    /* (n) */
    const double *below;        /* (n), complex: conjugate amplitude of the substrate */
    const double *root, *other; /* (kinds, n), (kinds, others, n) */
    const double *values;       /* (structures, 5) */
    const int64_t *which;       /* (structures): place of its sigma_L in spread */
    const double *spread;       /* (spreads) */
} stack_scan;

/* A row of complex numbers. */
typedef struct {
    double re[B], im[B];
} row;

typedef struct {
    double re, im;
} number;

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/* The parameter at an index, or a substitute if the structure does not have it. */
INLINE double value(const double *p, int64_t index, double otherwise) { return index >= 0 ? p[index] : otherwise; }

INLINE number times(number a, number b) { return (number){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
INLINE number plus(number a, number b) { return (number){a.re + b.re, a.im + b.im}; }
INLINE number scaled(double f, number a) { return (number){f * a.re, f * a.im}; }
INLINE number at(const row *a, int i) { return (number){a->re[i], a->im[i]}; }
INLINE void put(row *a, int i, number z) { a->re[i] = z.re, a->im[i] = z.im; }

/* Whether a call that began at a time should pause. */
INLINE int is_long_since(clock_t begin) { return (double)(clock() - begin) > WITHOUT_PAUSE * CLOCKS_PER_SEC; }

/* Copy the next `count` scattering vectors, none too near to 0; the rest of the block is not used. */
INLINE void fill_block(double *restrict block, const double *restrict q, int count) {
    for (int i = 0; i < B; i++) block[i] = 1.0;
    for (int i = 0; i < count; i++) block[i] = fabs(q[i]) < LEAST_Q ? LEAST_Q : q[i];
}

/* a *= b, element by element. */
INLINE void turn(row *a, const row *b) {
    for (int i = 0; i < B; i++) {
        const double x = a->re[i], y = a->im[i], c = b->re[i], s = b->im[i];
        a->re[i] = x * c - y * s;
        a->im[i] = x * s + y * c;
    }
}

/* What a set of instructions offers to dispatch.c. */
typedef struct {
    int (*curves)(const request *r);
    void (*equal_planes)(const request *r, const size_range *sizes);
    int (*reach)(const double *p, const sample *s, double longest, double *distance, int64_t *pairs);
    void (*smear)(const double *rows, int64_t k, int64_t m, const int64_t *first, const double *band, int64_t width,
                  int64_t n, double *out);
    int (*chi2_of)(const refinement *r, const double *points, int64_t count, const double *target, double *chi2,
                   int64_t *done);
    int (*refine_many)(const refinement *r, const double *starts, int64_t n_starts, const double *targets,
                       int64_t n_sets, double *values, double *chi2, int64_t *how, int64_t *start,
                       int64_t *evaluations, void **paused);
    void (*end_refinements)(void *paused);
    int (*interference)(const request *r, const double *wave, double *mean);
    int (*film_means)(const double *X, const double *Y, int64_t terms, int64_t rows, const double *phase, int64_t n,
                      const power_weights *sizes, const power_weights *steps, double *intensity, double *amplitude);
    int (*scan_stacks)(const stack_scan *r, double *out);
    void (*best_mixtures)(const double *gram, const double *along, int64_t count, double *gain, double *coefficients);
} functions;

#endif
