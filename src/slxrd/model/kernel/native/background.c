/* Background shapes whose coefficients are free, where none may be negative.
 *
 * At the minimum of chi^2 some coefficients are zero and the others free. With the few shapes of a region, all such
 * choices are tried, from the scalar products of the shapes alone; the lowest chi^2 among those without a negative coefficient is
 * the minimum (the conditions of Karush, Kuhn and Tucker hold there and nowhere else).
 */
#include "core.h"

/* The largest number of shapes; as in fitting/minimise/problem.py. */
#define MOST_SHAPES 8

/* Background rows of one region: `shapes` rows of n points, `stride` apart. */
typedef struct {
    int64_t shapes, n, stride;
    const double *basis, *bounded, *inverse;
} background;

/* Whether no coefficient is negative where all are free. */
static int all_positive(const background *b, const double *model, const double *target) {
    double of_model[MOST_SHAPES], of_target[MOST_SHAPES];
    double norm = dot(model, model, b->n), along = dot(model, target, b->n);
    for (int64_t k = 0; k < b->shapes; k++) {
        of_model[k] = dot(b->basis + k * b->stride, model, b->n);
        of_target[k] = dot(b->basis + k * b->stride, target, b->n);
        norm -= of_model[k] * of_model[k];
        along -= of_model[k] * of_target[k];
    }
    for (int64_t k = 0; k < b->shapes; k++) {
        double c = 0.0;
        for (int64_t j = 0; j < b->shapes; j++)
            c += b->inverse[k * b->shapes + j] * (of_target[j] - along / norm * of_model[j]);
        if (c < 0.0) return 0;
    }
    return 1;
}

/* What the model and the shapes that are the bits of `choice` explain of the target; -infinity if they are dependent
 * or a coefficient is negative. */
static double explained(const double *products, const double *right, int64_t shapes, int64_t choice) {
    double A[(MOST_SHAPES + 1) * (MOST_SHAPES + 1)], c[MOST_SHAPES + 1], total = 0.0;
    int64_t chosen[MOST_SHAPES + 1] = {0}, n = 1;
    for (int64_t a = 0; a < shapes; a++)
        if (choice >> a & 1) chosen[n++] = a + 1;
    for (int64_t a = 0; a < n; a++) {
        for (int64_t b = 0; b <= a; b++) A[a * n + b] = products[chosen[a] * (shapes + 1) + chosen[b]];
        c[a] = right[chosen[a]];
    }
    if (factorise(A, n, 1e-13) > 0) return -INFINITY;
    solve(A, n, c);
    for (int64_t a = 0; a < n; a++) {
        if (a > 0 && c[a] < 0.0) return -INFINITY;
        total += c[a] * right[chosen[a]];
    }
    return total;
}

/* Copy orthonormal rows that span the shapes with positive coefficients to `out`, n apart; returns their number. */
static int64_t positive_background(const background *b, const double *model, const double *target, double *out) {
    const int64_t n = b->n, width = b->shapes + 1;
    double products[(MOST_SHAPES + 1) * (MOST_SHAPES + 1)], right[MOST_SHAPES + 1];
    for (int64_t a = 0; a < width; a++) {
        const double *one = a ? b->bounded + (a - 1) * b->stride : model;
        right[a] = dot(one, target, n);
        for (int64_t c = 0; c <= a; c++)
            products[a * width + c] = dot(one, c ? b->bounded + (c - 1) * b->stride : model, n);
    }
    int64_t best = 0, count = 0;
    double gain = -INFINITY;
    for (int64_t choice = 0; choice + 1 < (int64_t)1 << b->shapes; choice++) {
        const double found = explained(products, right, b->shapes, choice);
        if (found > gain) best = choice, gain = found;
    }
    for (int64_t a = 0; a < b->shapes; a++) {
        if (!(best >> a & 1)) continue;
        double *own = out + count * n;
        memcpy(own, b->bounded + a * b->stride, (size_t)n * sizeof *own);
        for (int again = 0; again < 2; again++) /* twice: once leaves rounding errors */
            for (int64_t c = 0; c < count; c++) add_times(own, -dot(out + c * n, own, n), out + c * n, n);
        const double length = sqrt(dot(own, own, n));
        for (int64_t i = 0; i < n; i++) own[i] /= length;
        count++;
    }
    return count;
}

/* Indices of the columns that are free at the minimum of chi^2, in ascending order, where the coefficients of all but
 * the first `unbounded` columns may not be negative; returns their number (Lawson and Hanson, Solving Least Squares
 * Problems, 1974, chapter 23). `gram` is the lower triangle of the products (n, n) of the columns, `right` their
 * products with the target; a smaller slope of chi^2/2 than `smallest` is zero. `factor` has room for n n numbers,
 * `scratch` for 3 n. */
static int64_t nonnegative(const double *gram, const double *right, int64_t n, int64_t unbounded, double smallest,
                           double *factor, double *scratch, double *index) {
    double *x = scratch, *trial = x + n, *is_free = trial + n;
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) x[i] = 0.0, is_free[i] = i < unbounded;
    for (int64_t round = 0; round <= 3 * n; round++) {
        for (;;) {
            double length = 1.0;
            count = 0;
            for (int64_t i = 0; i < n; i++)
                if (is_free[i] > 0.0) index[count++] = (double)i;
            for (int64_t a = 0; a < count; a++) {
                trial[a] = right[(int64_t)index[a]];
                for (int64_t b = 0; b <= a; b++)
                    factor[a * count + b] = gram[(int64_t)index[a] * n + (int64_t)index[b]];
            }
            factorise(factor, count, 1e-13);
            solve(factor, count, trial);
            for (int64_t a = unbounded; a < count; a++) {
                const double now = x[(int64_t)index[a]];
                if (trial[a] < 0.0) length = fmin(length, now / (now - trial[a]));
            }
            int all_positive = 1;
            for (int64_t a = 0; a < count; a++) {
                const int64_t i = (int64_t)index[a];
                const int leaves = a >= unbounded && trial[a] < 0.0 && x[i] <= length * (x[i] - trial[a]);
                x[i] = leaves ? 0.0 : x[i] + length * (trial[a] - x[i]);
                if (leaves) is_free[i] = 0.0, all_positive = 0;
            }
            if (all_positive) break;
        }
        int64_t steepest = -1;
        double most = smallest;
        for (int64_t i = unbounded; i < n; i++) {
            double slope = right[i];
            for (int64_t j = 0; j < n; j++) slope -= gram[i > j ? i * n + j : j * n + i] * x[j];
            if (is_free[i] == 0.0 && slope > most) steepest = i, most = slope;
        }
        if (steepest < 0) break;
        is_free[steepest] = 1.0;
    }
    return count;
}
