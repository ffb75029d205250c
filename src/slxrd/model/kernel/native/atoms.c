/* Stacks of one size each of atomic crystals with nothing between them; the results are those of reference/cells.py.
 *
 * Such stacks scatter |F|^2 (M + 2 Re S) with the stacking sum S of equal_planes.c, where F is that of crystal.c.
 */
#include "core.h"

typedef struct {
    crystal_rows crystal;
    row z, zk, rk, power; /* phase and decay from one crystal to the next, its power K and how that turns */
    double stacking[B], by_phase[B], by_decay[B]; /* M + 2 Re S; parts of z dS/dz */
    double form[B];                               /* |F|^2 */
    /* Sums over the sizes: intensity, derivatives by the shares, the phase (also times n-1) and the decay. */
    double by_1[B], by_N[B], by_sigma_N[B], sum_phase[B], sum_turn[B], sum_decay[B];
} atoms_rows;

static void begin_stacks(atoms_rows *w, const double *q, const double *p, int64_t first, int64_t K) {
    sines_cosines(q, (double)(first - 1) * p[D] + p[L], &w->z);
    fade(q, p[SIGMA_L], K, &w->z, &w->power);
    power_of(&w->power, &w->zk, K);
    w->power = w->crystal.r;
    power_of(&w->power, &w->rk, K);
    for (int i = 0; i < B; i++) w->by_1[i] = w->by_N[i] = w->by_sigma_N[i] = 0.0;
    for (int i = 0; i < B; i++) w->sum_phase[i] = w->sum_turn[i] = w->sum_decay[i] = 0.0;
}

INLINE void sum_stacks(atoms_rows *w, int64_t M, int64_t K, int derivatives) {
    const double m = (double)M, k = (double)K, beyond = (double)(M - K);
    const double square = K > 1 ? k * k : 0.0;
    int singular = 0;
    for (int i = 0; i < B; i++) {
        double S, by_phase, by_decay;
        singular += closed_sum(w->z.re[i], w->z.im[i], w->zk.re[i], w->zk.im[i], k, square, beyond, &S, &by_phase,
                               &by_decay);
        w->stacking[i] = m + 2.0 * S;
        if (derivatives) w->by_phase[i] = by_phase, w->by_decay[i] = by_decay;
    }
    if (singular == 0 || K < 2) return;
    for (int i = 0; i < B; i++) {
        const double zr = w->z.re[i], zi = w->z.im[i];
        if (((1.0 - zr) * (1.0 - zr) + zi * zi) * square >= 1.0) continue;
        number slope;
        w->stacking[i] = m + 2.0 * stacking_sum(zr, zi, K, beyond, &slope);
        w->by_phase[i] = slope.im, w->by_decay[i] = slope.re;
    }
}

static void add_intensity(atoms_rows *w, double share) {
    const crystal_rows *c = &w->crystal;
    for (int i = 0; i < B; i++) {
        const number F = plus(at(&c->C_0, i), times(at(&c->C_1, i), at(&c->G, i)));
        w->by_1[i] += share * (F.re * F.re + F.im * F.im) * w->stacking[i];
    }
}

static void add_derivatives(atoms_rows *w, double n, double share, double by_N, double by_sigma_N) {
    crystal_rows *c = &w->crystal;
    for (int i = 0; i < B; i++) {
        const number G = at(&c->G, i), H = at(&c->H, i), F = plus(at(&c->C_0, i), times(at(&c->C_1, i), G));
        const double weight = share * w->stacking[i];
        const number Y = {weight * F.re, -weight * F.im};
        w->form[i] = F.re * F.re + F.im * F.im;
        put(&c->Y, i, plus(at(&c->Y, i), Y));
        put(&c->YG, i, plus(at(&c->YG, i), times(Y, G)));
        put(&c->YH, i, plus(at(&c->YH, i), times(Y, H)));
    }
    for (int i = 0; i < B; i++) {
        const double scattered = w->form[i] * w->stacking[i], weighted = share * w->form[i];
        const double by_phase = weighted * w->by_phase[i];
        w->by_1[i] += share * scattered;
        w->by_N[i] += by_N * scattered;
        w->by_sigma_N[i] += by_sigma_N * scattered;
        w->sum_phase[i] += by_phase;
        w->sum_turn[i] += (n - 1.0) * by_phase;
        w->sum_decay[i] += weighted * w->by_decay[i];
    }
}

/* Every derivative that stacks of atoms have, after by_d and by_q are complete. */
static void finish_stacks(const atoms_rows *w, const request *r, const block *b) {
    const double d = r->p[D], gap = r->p[L], sigma_L = r->p[SIGMA_L];
    double by[6][B];
    for (int i = 0; i < B; i++) {
        const double q = b->q[i], turn = w->sum_turn[i], phase = w->sum_phase[i], decay = w->sum_decay[i];
        by[D][i] = q * (w->crystal.by_d[i] - 2.0 * turn);
        by[L][i] = -2.0 * q * phase;
        by[SIGMA_L][i] = -2.0 * q * q * sigma_L * decay;
        by[N][i] = w->by_N[i];
        by[SIGMA_N][i] = w->by_sigma_N[i];
        by[Q_ZERO][i] = w->crystal.by_q[i] - 2.0 * (d * turn + gap * phase) - 2.0 * q * sigma_L * sigma_L * decay;
    }
    for (int64_t k = D; k <= Q_ZERO; k++) memcpy(derivative(r, b, k), by[k], (size_t)b->count * sizeof(double));
}

static void atoms_block(const request *r, const block *b, const size_range *sizes, planes *all, atoms_rows *w) {
    const sample *s = r->s;
    const int64_t M = s->numbers[0], K = least(M, r->pairs);
    crystal_rows *c = &w->crystal;
    load_planes(r, b, all);
    begin_sizes(c, b->q, r->p[D], sizes->first - s->closing[0], all->part[0], 1.0);
    begin_stacks(w, b->q, r->p, sizes->first, K);
    for (int64_t j = 0; j < sizes->count; j++) {
        const double n = (double)(sizes->first + j);
        if (j > 0) {
            next_repeat(c, n - 1.0 - (double)s->closing[0], r->derivatives);
            turn(&w->z, &c->r);
            turn(&w->zk, &w->rk);
        }
        if (r->derivatives) {
            sum_stacks(w, M, K, 1);
            add_derivatives(w, n, sizes->share[j], sizes->by_N[j], sizes->by_sigma_N[j]);
        } else {
            sum_stacks(w, M, K, 0);
            add_intensity(w, sizes->share[j]);
        }
    }
    memcpy(r->out + b->start, w->by_1, (size_t)b->count * sizeof(double));
    if (!r->derivatives) return;
    finish_sizes(c);
    for (int i = 0; i < B; i++) c->by_q[i] = r->p[D] * c->by_d[i];
    finish_planes(r, b, 0, all, c->by_part, c->by_d, c->by_q);
    finish_stacks(w, r, b);
    finish_occupancies(r, b, 0, all, c->by_part);
}

static int atoms(const request *r) {
    size_range sizes;
    const int64_t smallest = most(1, r->s->closing[0]);
    const int status = size_shares(r->p[N], r->p[SIGMA_N], r->s->window, r->s->power, smallest, &sizes);
    if (status != OK) return status;
    planes all;
    if (allocate_planes(r->p, r->s, &all) != OK) {
        free_sizes(&sizes);
        return NO_MEMORY;
    }
    atoms_rows w;
    block b;
    for (int64_t start = 0; start < r->n; start += B) {
        next_block(r, start, &b);
        atoms_block(r, &b, &sizes, &all, &w);
    }
    free_planes(&all);
    free_sizes(&sizes);
    return OK;
}
