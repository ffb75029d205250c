/* Scan of stacks of equal crystals on a substrate: scalar products of what each scatters, over the errors of the
 * points, from which a linear least squares follows. fitting/search/satellites/curves.py has the curves in NumPy.
 *
 * The columns are the intensity of the stack, and real and negative imaginary part of its interference with the
 * substrate. With E the phase of a cell of amplitude F and M cells in a row,
 *
 *     <A> = F (1 - E^M)/(1 - E),     I = M |F|^2 + 2 Re |F|^2 E [M - (1 - E^M)/(1 - E)]/(1 - E).
 */
#include "core.h"

enum { COLUMNS = 3, MUTUAL = 6, LANES = 8 };

/* Places of the values of a structure. */
enum { OF_D, OF_N, OF_L, OF_D_B, OF_N_B, OF_ALL };

/* One crystal of a structure: its amplitude, and the phase from its first plane to its last. */
typedef struct {
    double d, N;
    row amplitude, length;
} scanned_crystal;

typedef struct {
    double q[B], width[B];
    row below;
    double *root, *other, *decay; /* (kinds, B), (kinds, others, B), (spreads, B) */
    int narrow;                   /* whether the resolution is the same at all points */
    scanned_crystal crystal[2];
    double L;
    row gap, onward, tau, power, base;
    double column[COLUMNS][B], weighted[COLUMNS][B];
} scan_block;

/* Amplitude of a crystal; those of the last structure are used again. */
static void scan_crystal(scan_block *w, double d, double N, scanned_crystal *c) {
    if (c->d == d && c->N == N) return;
    row half, top;
    sines_cosines(w->q, 0.5 * d, &half);
    sines_cosines(w->q, 0.5 * N * d, &top);
    for (int i = 0; i < B; i++) {
        const double sine = half.im[i], near = fabs(sine) < 1e-6 ? 1.0 : 0.0;
        const double ratio = near != 0.0 ? N * top.re[i] / half.re[i] : top.im[i] / (sine + near);
        const number turned = times(at(&top, i), (number){half.re[i], -half.im[i]});
        put(&c->amplitude, i, scaled(ratio, turned));
        put(&c->length, i, times(turned, turned));
    }
    c->d = d;
    c->N = N;
}

/* Phase factor from cell to cell, with which the resolution decreases the contrast of neighbours. */
static void scan_phases(scan_block *w, const double *of, const double *decay, int layered, double fading) {
    if (w->L != of[OF_L]) sines_cosines(w->q, of[OF_L], &w->gap);
    w->L = of[OF_L];
    double length = (of[OF_N] - 1.0) * of[OF_D] + of[OF_L];
    for (int i = 0; i < B; i++)
        put(&w->onward, i, scaled(decay[i], times(at(&w->crystal[0].length, i), at(&w->gap, i))));
    w->tau = w->onward;
    if (layered) {
        length += (of[OF_N_B] - 1.0) * of[OF_D_B] + of[OF_L];
        for (int i = 0; i < B; i++) {
            const number second = scaled(decay[i], times(at(&w->crystal[1].length, i), at(&w->gap, i)));
            put(&w->tau, i, times(at(&w->onward, i), second));
        }
    }
    const double same = exp(-0.5 * (length * w->width[0]) * (length * w->width[0]) - fading);
    for (int i = 0; i < B; i++) {
        const double x = length * w->width[i];
        put(&w->tau, i, scaled(w->narrow ? same : exp(-0.5 * x * x - fading), at(&w->tau, i)));
    }
}

/* Fill the columns of a structure. */
INLINE void scan_columns(scan_block *w, const double *decay, int layered, int64_t cells) {
    const double M = (double)cells;
    w->base = w->tau;
    power_of(&w->base, &w->power, cells);
    for (int i = 0; i < B; i++) {
        const number first = at(&w->crystal[0].amplitude, i), tau = at(&w->tau, i), last = at(&w->power, i);
        double own = first.re * first.re + first.im * first.im;
        number cell = first, within = {0.0, 0.0}, across = {0.0, 0.0};
        if (layered) {
            const number second = at(&w->crystal[1].amplitude, i), onward = at(&w->onward, i);
            const number back = scaled(decay[i], times(at(&w->crystal[1].length, i), at(&w->gap, i)));
            within = times(times((number){first.re, -first.im}, second), onward);
            across = times(times((number){second.re, -second.im}, first), back);
            cell = plus(first, times(onward, second));
            own += second.re * second.re + second.im * second.im;
        }
        const double away = 1.0 - tau.re, inverse = 1.0 / (away * away + tau.im * tau.im);
        const number u = {away * inverse, tau.im * inverse};
        const number column = times((number){1.0 - last.re, -last.im}, u);
        number pairs = plus(times(tau, (number){own + within.re, within.im}), across);
        pairs = times(times(pairs, (number){M - column.re, -column.im}), u);
        const number X = times(at(&w->below, i), times(cell, column));
        w->column[0][i] = M * (own + 2.0 * within.re) + 2.0 * pairs.re;
        w->column[1][i] = X.re;
        w->column[2][i] = -X.im;
    }
}

/* The sum is made in lanes, so that it is vectorised. */
INLINE double product(const double *restrict a, const double *restrict b) {
    double sum[LANES] = {0.0};
    for (int i = 0; i < B; i += LANES)
        for (int l = 0; l < LANES; l++) sum[l] += a[i + l] * b[i + l];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

/* Add the products of the columns with each other and with other rows. */
static void add_products(scan_block *w, int64_t kinds, int64_t others, double *restrict out) {
    for (int64_t kind = 0; kind < kinds; kind++) {
        const double *root = w->root + kind * B;
        for (int c = 0; c < COLUMNS; c++)
            for (int i = 0; i < B; i++) w->weighted[c][i] = root[i] * w->column[c][i];
        for (int c = 0; c < COLUMNS; c++)
            for (int e = 0; e <= c; e++) *out++ += product(w->weighted[c], w->weighted[e]);
        for (int c = 0; c < COLUMNS; c++)
            for (int64_t j = 0; j < others; j++)
                *out++ += product(w->weighted[c], w->other + (kind * others + j) * B);
    }
}

/* Points beyond the last one have no weight. */
static void load_scan(scan_block *w, const stack_scan *r, int64_t start) {
    const int count = (int)least(B, r->n - start);
    fill_block(w->q, r->q + start, count);
    for (int i = 0; i < B; i++) w->width[i] = r->width[start + (i < count ? i : 0)];
    w->narrow = 1;
    for (int i = 1; i < B; i++) w->narrow &= w->width[i] == w->width[0];
    for (int i = 0; i < B; i++) {
        const double *z = r->below + 2 * (start + i);
        put(&w->below, i, i < count ? (number){z[0], z[1]} : (number){0.0, 0.0});
    }
    for (int64_t j = 0; j < r->kinds; j++)
        for (int i = 0; i < B; i++) w->root[j * B + i] = i < count ? r->root[j * r->n + start + i] : 0.0;
    for (int64_t j = 0; j < r->kinds * r->others; j++)
        for (int i = 0; i < B; i++) w->other[j * B + i] = i < count ? r->other[j * r->n + start + i] : 0.0;
    for (int64_t j = 0; j < r->spreads; j++)
        for (int i = 0; i < B; i++) {
            const double x = w->q[i] * r->spread[j];
            w->decay[j * B + i] = exp(-0.5 * x * x);
        }
    w->crystal[0].d = w->crystal[1].d = w->L = NAN;
}

/* out: for each structure and each kind of errors, the products of COLUMNS columns with each other and with
 * `others` rows. */
static int scan_stacks(const stack_scan *r, double *out) {
    const int64_t size = r->kinds * (MUTUAL + COLUMNS * r->others);
    scan_block w;
    w.root = malloc((size_t)((r->kinds * (1 + r->others) + r->spreads) * B) * sizeof *w.root);
    if (w.root == NULL) return NO_MEMORY;
    w.other = w.root + r->kinds * B;
    w.decay = w.other + r->kinds * r->others * B;
    memset(out, 0, (size_t)(r->structures * size) * sizeof *out);
    for (int64_t start = 0; start < r->n; start += B) {
        load_scan(&w, r, start);
        for (int64_t k = 0; k < r->structures; k++) {
            const double *of = r->values + k * OF_ALL, *decay = w.decay + r->which[k] * B;
            scan_crystal(&w, of[OF_D], of[OF_N], &w.crystal[0]);
            if (r->layered) scan_crystal(&w, of[OF_D_B], of[OF_N_B], &w.crystal[1]);
            scan_phases(&w, of, decay, (int)r->layered, r->fading);
            r->layered ? scan_columns(&w, decay, 1, r->cells) : scan_columns(&w, decay, 0, r->cells);
            add_products(&w, r->kinds, r->others, out + k * size);
        }
    }
    free(w.root);
    return OK;
}
