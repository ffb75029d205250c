/* Sums of products, and small systems of linear equations. */
#include "core.h"

/* Eight partial sums, so that the loop is vectorised without a change of the order of the additions. */
static double dot(const double *restrict a, const double *restrict b, int64_t n) {
    double part[8] = {0.0};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++) part[j] += a[i + j] * b[i + j];
    double rest = 0.0;
    for (; i < n; i++) rest += a[i] * b[i];
    for (int j = 0; j < 4; j++) part[j] += part[j + 4];
    return (part[0] + part[2]) + (part[1] + part[3]) + rest;
}

/* Four numbers that are processed at once; compilers do not find this form of the loops below by themselves. */
typedef double lanes __attribute__((vector_size(4 * sizeof(double)), aligned(sizeof(double)), may_alias));

#define FOUR(a) (*(const lanes *)(a))

/* Scalar products of `count` rows, `stride` apart, with b, each added in the order of dot. Four rows at a time, since
 * an addition waits for the one before it of the same product; the last four again if two or three are left. */
static void dot_rows(const double *rows, int64_t stride, int64_t count, const double *b, int64_t n, double *out) {
    int64_t j = 0;
    for (; count >= 4 && j + 2 <= count; j += 4) {
        j = least(j, count - 4);
        const double *p = rows + j * stride, *q = p + stride, *r = q + stride, *s = r + stride;
        lanes low[4] = {{0.0}}, high[4] = {{0.0}};
        double rest[4] = {0.0};
        int64_t i = 0;
        for (; i + 8 <= n; i += 8) {
            const lanes x = FOUR(b + i), y = FOUR(b + i + 4);
            low[0] += FOUR(p + i) * x, high[0] += FOUR(p + i + 4) * y;
            low[1] += FOUR(q + i) * x, high[1] += FOUR(q + i + 4) * y;
            low[2] += FOUR(r + i) * x, high[2] += FOUR(r + i + 4) * y;
            low[3] += FOUR(s + i) * x, high[3] += FOUR(s + i + 4) * y;
        }
        for (; i < n; i++) {
            rest[0] += p[i] * b[i], rest[1] += q[i] * b[i];
            rest[2] += r[i] * b[i], rest[3] += s[i] * b[i];
        }
        for (int k = 0; k < 4; k++) {
            const lanes part = low[k] + high[k];
            out[j + k] = (part[0] + part[2]) + (part[1] + part[3]) + rest[k];
        }
    }
    for (; j < count; j++) out[j] = dot(rows + j * stride, b, n);
}

/* a += factor * b */
static void add_times(double *restrict a, double factor, const double *restrict b, int64_t n) {
    for (int64_t i = 0; i < n; i++) a[i] += factor * b[i];
}

/* a -= sum of `count` rows, `stride` apart, each times its factor. */
static void subtract_rows(double *restrict a, const double *restrict factor, const double *restrict rows,
                          int64_t stride, int64_t count, int64_t n) {
    int64_t j = 0;
    for (; j + 4 <= count; j += 4) {
        const double *restrict b = rows + j * stride;
        const double *restrict c = b + stride, *restrict d = c + stride, *restrict e = d + stride;
        const double x = factor[j], y = factor[j + 1], z = factor[j + 2], u = factor[j + 3];
        for (int64_t i = 0; i < n; i++) a[i] = (((a[i] - x * b[i]) - y * c[i]) - z * d[i]) - u * e[i];
    }
    for (; j < count; j++) add_times(a, -factor[j], rows + j * stride, n);
}

/* Cholesky factor U of a symmetric matrix (n, n) whose lower triangle is given, in place. A row that depends on
 * those before it, its pivot at most `smallest` times its diagonal, is left out: its diagonal becomes 0. Returns
 * the number of rows left out. */
static int64_t factorise(double *A, int64_t n, double smallest) {
    int64_t left_out = 0;
    for (int64_t a = 0; a < n; a++)
        for (int64_t b = 0; b <= a; b++) {
            double total = A[a * n + b];
            for (int64_t c = 0; c < b; c++) total -= A[a * n + c] * A[b * n + c];
            if (a != b) {
                A[a * n + b] = A[b * n + b] > 0.0 ? total / A[b * n + b] : 0.0;
            } else if (total > smallest * A[a * n + a]) {
                A[a * n + a] = sqrt(total);
            } else {
                A[a * n + a] = 0.0;
                left_out++;
            }
        }
    return left_out;
}

/* Solve for x, in place, with the factor of a matrix; 0 for rows that are left out. */
static void solve(const double *U, int64_t n, double *x) {
    for (int64_t a = 0; a < n; a++) {
        double total = x[a];
        for (int64_t c = 0; c < a; c++) total -= U[a * n + c] * x[c];
        x[a] = U[a * n + a] > 0.0 ? total / U[a * n + a] : 0.0;
    }
    for (int64_t a = n - 1; a >= 0; a--) {
        double total = x[a];
        for (int64_t c = a + 1; c < n; c++) total -= U[c * n + a] * x[c];
        x[a] = U[a * n + a] > 0.0 ? total / U[a * n + a] : 0.0;
    }
}

/* Solve (H + damping diag H) step = -g over the active parameters, H the lower triangle of a matrix (k, k); false
 * if it is singular. `scratch` has room for k (k + 2) numbers. */
static int damped_step(const double *H, const double *g, const int64_t *active, double damping, int64_t k,
                       double *scratch, double *step) {
    double *U = scratch, *x = scratch + k * k, *index = scratch + k * (k + 1);
    int64_t n = 0;
    for (int64_t i = 0; i < k; i++) {
        step[i] = 0.0;
        if (active[i] && H[i * k + i] > 0.0) index[n++] = (double)i;
    }
    for (int64_t a = 0; a < n; a++) {
        const int64_t i = (int64_t)index[a];
        for (int64_t b = 0; b <= a; b++) U[a * n + b] = H[i * k + (int64_t)index[b]] * (a == b ? 1.0 + damping : 1.0);
        x[a] = -g[i];
    }
    if (factorise(U, n, 0.0) > 0) return 0;
    solve(U, n, x);
    for (int64_t a = 0; a < n; a++) step[(int64_t)index[a]] = x[a];
    return 1;
}
