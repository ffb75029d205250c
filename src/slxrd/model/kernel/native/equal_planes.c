/* Stacks of equal planes, with the results of reference/equal_planes.py.
 *
 * From size n to n+1 every phase changes by a constant, so two pairs of sine and cosine and one exponential per q
 * suffice for all sizes. With x = qd/2, the crystal's form factor is |F_n|^2 = u_n^2, u_n = sin(nx)/sin(x), and
 * u_n, cos(nx) and (du_n/dx)/sin(x) follow from n to n+1 without a division. The stacking sum has the closed form
 *
 *     S = z (K - g)/(1 - z),   g = sum over m < K of z^m = (1 - z^K)/(1 - z),
 *
 * where K is the smaller of the number of crystals and of the cells that interfere. Where this loses digits,
 * K |1 - z| < 1, the sums are calculated by doubling.
 */
#include "core.h"

typedef struct {
    double s[B], c[B], s2[B], cn[B], u[B], v[B]; /* sin x, cos x, sin^2 x, cos nx, u_n, (du_n/dx)/sin x */
    row r, rk, z, zk, power;                     /* e^{iqd}, its power K; z and z^K */
    double by_1[B], by_N[B], by_sigma_N[B];      /* sums over the sizes: intensity, derivatives by the shares, */
    double by_v[B], by_phase[B], by_turn[B], by_decay[B]; /* by u, by the phase (also times n-1), by the decay */
} work;

INLINE void next_planes(work *w, double n) {
    for (int i = 0; i < B; i++) {
        const double c = w->c[i], cn = w->cn[i], u = w->u[i];
        w->v[i] = w->v[i] * c - (n + 1.0) * u;
        w->u[i] = u * c + cn;
        w->cn[i] = cn * c - w->s2[i] * u;
    }
}

static void begin_planes(work *w, const double *q, const double *p, int64_t first, int64_t K) {
    row half;
    sines_cosines(q, 0.5 * p[D], &half);
    sines_cosines(q, (double)(first - 1) * p[D] + p[L], &w->z);
    for (int i = 0; i < B; i++) {
        const double s = half.im[i], c = half.re[i];
        w->s[i] = s, w->c[i] = c, w->s2[i] = s * s;
        w->cn[i] = c, w->u[i] = 1.0, w->v[i] = 0.0;
        w->r.re[i] = c * c - s * s, w->r.im[i] = 2.0 * s * c;
    }
    fade(q, p[SIGMA_L], K, &w->z, &w->power);
    power_of(&w->power, &w->zk, K);
    w->power = w->r;
    power_of(&w->power, &w->rk, K);
    for (int i = 0; i < B; i++) w->by_1[i] = w->by_N[i] = w->by_sigma_N[i] = 0.0;
    for (int i = 0; i < B; i++) w->by_v[i] = w->by_phase[i] = w->by_turn[i] = w->by_decay[i] = 0.0;
    /* From one plane to `first` by doubling. */
    double n = 1.0;
    int64_t bit = 1;
    while (bit <= first) bit <<= 1;
    for (bit >>= 2; bit > 0; bit >>= 1) {
        for (int i = 0; i < B; i++) {
            const double cn = w->cn[i], u = w->u[i], v = w->v[i];
            w->v[i] = 2.0 * (v * cn - n * u * u);
            w->u[i] = 2.0 * u * cn;
            w->cn[i] = cn * cn - w->s2[i] * u * u;
        }
        n *= 2.0;
        if (first & bit) {
            next_planes(w, n);
            n += 1.0;
        }
    }
}

/* Add the stacks of crystals of n planes, in closed form; returns the number of places where it is not accurate. */
INLINE int add_planes(work *w, double n, int64_t M, int64_t K, double share, double by_N, double by_sigma_N,
                      int derivatives) {
    const double m = (double)M, k = (double)K, beyond = (double)(M - K);
    const double square = K > 1 ? k * k : 0.0; /* a single crystal has no neighbour to interfere with */
    int singular = 0;
    for (int i = 0; i < B; i++) {
        double S, by_phase, by_decay;
        singular += closed_sum(w->z.re[i], w->z.im[i], w->zk.re[i], w->zk.im[i], k, square, beyond, &S, &by_phase,
                               &by_decay);
        const double u = w->u[i], form = u * u, stacking = m + 2.0 * S, scattered = form * stacking;
        const double weighted = share * form;
        w->by_1[i] += share * scattered;
        if (derivatives) {
            w->by_N[i] += by_N * scattered;
            w->by_sigma_N[i] += by_sigma_N * scattered;
            w->by_v[i] += share * u * w->v[i] * stacking;
            w->by_phase[i] += weighted * by_phase;
            w->by_turn[i] += (n - 1.0) * weighted * by_phase;
            w->by_decay[i] += weighted * by_decay;
        }
    }
    return K > 1 ? singular : 0;
}

/* Add the stacking sums near z = 1, which add_planes leaves out. */
static void add_singular(work *w, double n, int64_t M, int64_t K, double share, double by_N, double by_sigma_N) {
    for (int i = 0; i < B; i++) {
        const double zr = w->z.re[i], zi = w->z.im[i];
        if (((1.0 - zr) * (1.0 - zr) + zi * zi) * (double)K * (double)K >= 1.0) continue;
        number slope;
        const double S = stacking_sum(zr, zi, K, (double)(M - K), &slope);
        const double u = w->u[i], scattered = 2.0 * S * u * u, weighted = share * u * u;
        w->by_1[i] += share * scattered;
        w->by_N[i] += by_N * scattered;
        w->by_sigma_N[i] += by_sigma_N * scattered;
        w->by_v[i] += share * u * w->v[i] * 2.0 * S;
        w->by_phase[i] += weighted * slope.im;
        w->by_turn[i] += (n - 1.0) * weighted * slope.im;
        w->by_decay[i] += weighted * slope.re;
    }
}

static void finish_planes_block(const work *w, const request *r, const double *q, int64_t start, int count) {
    const double d = r->p[D], gap = r->p[L], sigma_L = r->p[SIGMA_L];
    double *out = r->out + start;
    const int64_t n = r->n;
    memcpy(out, w->by_1, (size_t)count * sizeof *out);
    if (!r->derivatives) return;
    for (int i = 0; i < count; i++) {
        const double qi = q[i], by_plane = w->s[i] * w->by_v[i], turn = w->by_turn[i], phase = w->by_phase[i];
        out[(1 + D) * n + i] = qi * (by_plane - 2.0 * turn);
        out[(1 + L) * n + i] = -2.0 * qi * phase;
        out[(1 + SIGMA_L) * n + i] = -2.0 * qi * qi * sigma_L * w->by_decay[i];
        out[(1 + N) * n + i] = w->by_N[i];
        out[(1 + SIGMA_N) * n + i] = w->by_sigma_N[i];
        out[(1 + Q_ZERO) * n + i] =
            d * by_plane - 2.0 * (d * turn + gap * phase) - 2.0 * qi * sigma_L * sigma_L * w->by_decay[i];
    }
}

/* Stacks of crystals of given sizes and shares, whose sum need not be 1. */
static void equal_planes_of_sizes(const request *r, const size_range *sizes) {
    const int64_t M = r->s->numbers[0], K = least(M, r->pairs);
    work w;
    double q[B];
    for (int64_t start = 0; start < r->n; start += B) {
        const int count = (int)least(B, r->n - start);
        for (int i = 0; i < B; i++) q[i] = i < count ? r->q[start + i] : 1.0;
        begin_planes(&w, q, r->p, sizes->first, K);
        for (int64_t j = 0; j < sizes->count; j++) {
            const double n = (double)(sizes->first + j);
            const double share = sizes->share[j], by_N = sizes->by_N[j], by_sigma_N = sizes->by_sigma_N[j];
            if (j > 0) {
                next_planes(&w, n - 1.0);
                turn(&w.z, &w.r);
                turn(&w.zk, &w.rk);
            }
            const int singular = r->derivatives ? add_planes(&w, n, M, K, share, by_N, by_sigma_N, 1)
                                                : add_planes(&w, n, M, K, share, by_N, by_sigma_N, 0);
            if (singular > 0) add_singular(&w, n, M, K, share, by_N, by_sigma_N);
        }
        finish_planes_block(&w, r, q, start, count);
    }
}

static int equal_planes(const request *r) {
    size_range sizes;
    const int status = size_shares(r->p[N], r->p[SIGMA_N], r->s->window, 0, 1, &sizes);
    if (status != OK) return status;
    equal_planes_of_sizes(r, &sizes);
    free_sizes(&sizes);
    return OK;
}
