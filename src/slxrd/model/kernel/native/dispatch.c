/* The functions that library.py calls. Each uses the newest set of instructions that the processor has. */
#include "core.h"

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

#ifndef SLXRD_SOURCES
#define SLXRD_SOURCES "unknown"
#endif

extern const functions slxrd_functions_generic;
#if defined(HAVE_AVX2) && defined(HAVE_AVX512)
extern const functions slxrd_functions_avx2, slxrd_functions_avx512;
#include <cpuid.h>

/* Whether processor and system have AVX2, and fused multiplication and addition (1), and AVX-512 (2). */
static int vector_instructions(void) {
    unsigned int a, b, c, d, low, high;
    const unsigned int wide = bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    if (!(c & bit_FMA) || !(c & bit_OSXSAVE) || !(c & bit_AVX)) return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0)); /* which registers the system saves */
    if ((low & 0x06) != 0x06 || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_AVX2)) return 0;
    return (low & 0xe6) == 0xe6 && (b & wide) == wide ? 2 : 1;
}

static const functions *const offered[] = {&slxrd_functions_generic, &slxrd_functions_avx2, &slxrd_functions_avx512};
#else
static int vector_instructions(void) { return 0; }
static const functions *const offered[] = {&slxrd_functions_generic};
#endif

/* Place of the set of instructions in use. */
static int used(void) {
    static _Atomic int known = -1; /* threads that set it at the same time set the same value */
    if (known < 0) known = vector_instructions();
    return known;
}

static const functions *chosen(void) { return offered[used()]; }

/* Version of the interface and sizes of the structures, which the caller compares with its own. */
EXPORT void slxrd_interface(int64_t *out) {
    out[0] = SLXRD_INTERFACE;
    out[1] = (int64_t)sizeof(sample);
    out[2] = (int64_t)sizeof(layout);
    out[3] = (int64_t)sizeof(refinement);
    out[4] = (int64_t)sizeof(stack_scan);
}

/* Hash of the sources from which the library was built, and the set of instructions in use. */
EXPORT const char *slxrd_sources(void) { return SLXRD_SOURCES; }
EXPORT const char *slxrd_instructions(void) {
    static const char *const names[] = {"generic", "avx2", "avx512"};
    return names[used()];
}

EXPORT int slxrd_curves(const sample *s, const double *p, int64_t k, const double *q, const double *delta, int64_t n,
                        int64_t pairs, int64_t derivatives, double *out) {
    const request r = {s, p, k, q, delta, n, pairs, derivatives != 0, out};
    return chosen()->curves(&r);
}

/* Stacks of equal planes of consecutive sizes from `first`, whose shares and their derivatives are given; out has 7
 * rows, as of slxrd_curves for d, L, sigma_L, N, sigma_N and q. */
EXPORT void slxrd_equal_planes(const double *p, const double *q, int64_t n, int64_t first, int64_t count,
                               double *share, double *by_N, double *by_sigma_N, int64_t M, int64_t pairs, double *out) {
    sample s = {0};
    s.numbers = &M;
    const size_range sizes = {first, count, share, by_N, by_sigma_N};
    const request r = {&s, p, 6, q, q, n, pairs, 1, out};
    chosen()->equal_planes(&r, &sizes);
}

/* Longest correlated distance and number of cells for each of n vectors of k parameters. */
EXPORT int slxrd_reach(const sample *s, const double *p, int64_t n, int64_t k, double longest, double *distance,
                       int64_t *pairs) {
    int status = OK;
    for (int64_t i = 0; i < n && status == OK; i++)
        status = chosen()->reach(p + i * k, s, longest, distance + i, pairs + i);
    return status;
}

EXPORT void slxrd_smear(const double *rows, int64_t k, int64_t m, const int64_t *first, const double *band,
                        int64_t width, int64_t n, double *out) {
    chosen()->smear(rows, k, m, first, band, width, n, out);
}

EXPORT int slxrd_chi2_of(const refinement *r, const double *points, int64_t count, const double *target, double *chi2,
                         int64_t *done) {
    return chosen()->chi2_of(r, points, count, target, chi2, done);
}

EXPORT int slxrd_refine_many(const refinement *r, const double *starts, int64_t n_starts, const double *targets,
                             int64_t n_sets, double *values, double *chi2, int64_t *how, int64_t *start,
                             int64_t *evaluations, void **paused) {
    return chosen()->refine_many(r, starts, n_starts, targets, n_sets, values, chi2, how, start, evaluations, paused);
}

EXPORT void slxrd_end_refinements(void *paused) { chosen()->end_refinements(paused); }

/* Add the interference with a wave, n complex numbers, to the rows of slxrd_curves; mean is the amplitude. */
EXPORT int slxrd_interference(const sample *s, const double *p, int64_t k, const double *q, const double *delta,
                              int64_t n, int64_t pairs, int64_t derivatives, const double *wave, double *mean,
                              double *out) {
    const request r = {s, p, k, q, delta, n, pairs, derivatives != 0, out};
    return chosen()->interference(&r, wave, mean);
}

/* Means over the sizes and the roughness of a film; see film.c. */
EXPORT int slxrd_film_means(const double *X, const double *Y, int64_t terms, int64_t rows, const double *phase,
                            int64_t n, int64_t first_size, int64_t size_count, int64_t size_width,
                            const int64_t *size_place, const double *size_weights, int64_t first_step,
                            int64_t step_count, int64_t step_width, const int64_t *step_place,
                            const double *step_weights, double *intensity, double *amplitude) {
    const power_weights sizes = {first_size, size_count, size_width, size_place, size_weights};
    const power_weights steps = {first_step, step_count, step_width, step_place, step_weights};
    return chosen()->film_means(X, Y, terms, rows, phase, n, &sizes, &steps, intensity, amplitude);
}

EXPORT int slxrd_scan_stacks(const stack_scan *r, double *out) { return chosen()->scan_stacks(r, out); }

EXPORT void slxrd_best_mixtures(const double *gram, const double *along, int64_t count, double *gain,
                                double *coefficients) {
    chosen()->best_mixtures(gram, along, count, gain, coefficients);
}
