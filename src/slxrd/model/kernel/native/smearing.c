/* Weighted sums over an auxiliary grid, with the results of reference/smearing.py. */
#include "core.h"

/* out[j, i] = sum over l of band[i, l] rows[j, first[i] + l], for k rows of m points and n measured points. */
static void smear(const double *rows, int64_t k, int64_t m, const int64_t *first, const double *band, int64_t width,
                  int64_t n, double *out) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < k; j++) out[j * n + i] = dot(band + i * width, rows + j * m + first[i], width);
}
