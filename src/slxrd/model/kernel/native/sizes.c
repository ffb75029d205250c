/* Sizes of a crystal and their shares; model/kernel/size_shares.py has the same in NumPy. */
#include "core.h"

/* Below this width (in planes) the nearest integer size has all the weight. */
#define SHARP_SIGMA_N 1e-6
/* More sizes than this are not possible: an array of them would not fit in memory. */
#define MOST_SIZES 16777216.0

/* First and last size within `window` standard deviations, at least `smallest`; false if there are too many. */
static int size_limits(double mean, double sigma, double window, int64_t smallest, double *first, double *last) {
    *first = fmax((double)smallest, fmin(floor(mean), ceil(mean - window * sigma)));
    *last = fmax(fmax(ceil(mean), floor(mean + window * sigma)), *first);
    return isfinite(mean) && isfinite(sigma) && *last - *first < MOST_SIZES && *last < 9e15;
}

static void free_sizes(size_range *sizes) {
    free(sizes->share);
    sizes->share = NULL;
}

/* Allocates the arrays of `out`, which free_sizes frees; nothing is allocated where it fails. */
static int size_shares(double mean, double sigma, double window, int64_t power, int64_t smallest, size_range *out) {
    out->share = NULL;
    double first, last;
    if (!size_limits(mean, sigma, window, smallest, &first, &last)) return BAD_SIZES;
    const int64_t count = (int64_t)(last - first) + 1;
    double *share = malloc(3 * (size_t)count * sizeof *share);
    if (share == NULL) return NO_MEMORY;
    double *by_N = share + count, *by_sigma_N = by_N + count;
    *out = (size_range){(int64_t)first, count, share, by_N, by_sigma_N};

    const double nearest = fmin(mean - floor(mean), ceil(mean) - mean);
    double least_excess = INFINITY, total = 0.0;
    for (int64_t k = 0; k < count; k++) {
        const double away = first + (double)k - mean;
        by_sigma_N[k] = away * away - nearest * nearest; /* the excess, until the last loop */
        least_excess = fmin(least_excess, by_sigma_N[k]);
    }
    if (sigma < SHARP_SIGMA_N) {
        for (int64_t k = 0; k < count; k++) {
            share[k] = by_sigma_N[k] == least_excess ? pow(first + (double)k, (double)power) : 0.0;
            total += share[k];
        }
        for (int64_t k = 0; k < count; k++) share[k] /= total, by_N[k] = by_sigma_N[k] = 0.0;
        return OK;
    }
    const double inverse = 1.0 / (sigma * sigma);
    for (int64_t k = 0; k < count; k++) {
        share[k] = exp(-0.5 * inverse * (by_sigma_N[k] - least_excess));
        if (power != 0) share[k] *= pow((first + (double)k) / last, (double)power);
        total += share[k];
    }
    double mean_away = 0.0, mean_excess = 0.0;
    for (int64_t k = 0; k < count; k++) {
        share[k] /= total;
        mean_away += share[k] * (first + (double)k - mean);
        mean_excess += share[k] * by_sigma_N[k];
    }
    for (int64_t k = 0; k < count; k++) {
        by_N[k] = share[k] * inverse * (first + (double)k - mean - mean_away);
        by_sigma_N[k] = share[k] * (inverse / sigma) * (by_sigma_N[k] - mean_excess);
    }
    return OK;
}
