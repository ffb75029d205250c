/* Weighted sums over an auxiliary grid, with the results of reference/smearing.py. */
#include "core.h"

/* out[j, i] = sum over l of band[i, l] rows[j, first[i] + l], for k rows of m points and n measured points. */
static void smear(const double *rows, int64_t k, int64_t m, const int64_t *first, const double *band, int64_t width,
                  int64_t n, double *out) {
    double sums[8];
    for (int64_t i = 0; i < n; i++)
        for (int64_t begin = 0; begin < k; begin += 8) {
            const int64_t count = least(8, k - begin);
            dot_rows(rows + begin * m + first[i], m, count, band + i * width, width, sums);
            for (int64_t j = 0; j < count; j++) out[(begin + j) * n + i] = sums[j];
        }
}
