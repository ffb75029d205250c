/* Sums for the mean amplitude of stacks: docs/substrates.md and reference/amplitude_sums.py, whose letters
 * are used. Sums are doubled in place of divided by 1 - tau, so that nothing is singular.
 */
#include "core.h"

enum { IN_R, IN_REST, IN_BOTTOM, IN_REPEAT, IN_TOP, IN_C, IN_W, INPUTS };
enum {
    OUT_TOTAL, OUT_BY_N, OUT_BY_SIGMA_N, OUT_C, OUT_CG, OUT_Ce, OUT_nCe, OUT_CH, OUT_CE, OUT_kCE, OUT_T, OUT_kT,
    OUT_E_BY_N, OUT_E_BY_SIGMA_N, OUTPUTS
};

typedef struct {
    row in[INPUTS], out[OUTPUTS];
    row G, H, e;               /* of the repeats of a crystal */
    row E, f, tau;             /* of a cell */
    row C, T;                  /* sum over a column of cells and its derivative by tau, mean over columns */
    row sum, slope, power, low; /* of one column of m cells; tau^m and tau^(m-1) */
} amplitude_rows;

INLINE void set_row(row *a, double re) {
    for (int i = 0; i < B; i++) a->re[i] = re, a->im[i] = 0.0;
}

/* Sum over k < m of z^k and its derivative by z, z^m and z^(m-1), for m >= 1. */
static void sum_powers(const row *restrict z, int64_t m, row *restrict sum, row *restrict slope, row *restrict power,
                       row *restrict low) {
    set_row(sum, 1.0);
    set_row(slope, 0.0);
    set_row(low, 1.0);
    *power = *z;
    int bits = 0;
    while ((m >> bits) > 1) bits++;
    double terms = 1.0;
    for (int bit = bits - 1; bit >= 0; bit--) {
        for (int i = 0; i < B; i++) {
            const number p = at(power, i), further = {1.0 + p.re, p.im}, A = at(sum, i), l = at(low, i);
            put(slope, i, plus(times(at(slope, i), further), scaled(terms, times(l, A))));
            put(sum, i, times(A, further));
            put(low, i, times(p, l));
            put(power, i, times(p, p));
        }
        terms *= 2.0;
        if (!((m >> bit) & 1)) continue;
        for (int i = 0; i < B; i++) {
            const number x = at(z, i), A = at(sum, i), p = at(power, i), up = times(x, A);
            put(slope, i, plus(A, times(x, at(slope, i))));
            put(sum, i, (number){1.0 + up.re, up.im});
            put(low, i, p);
            put(power, i, times(p, x));
        }
        terms += 1.0;
    }
}

/* G, H and e of m repeats. */
static void first_repeats(amplitude_rows *w, int64_t m) {
    const row *r = &w->in[IN_R];
    set_row(&w->G, 0.0);
    set_row(&w->H, 0.0);
    set_row(&w->e, 1.0);
    if (m < 1) return;
    sum_powers(r, m, &w->G, &w->slope, &w->e, &w->low);
    for (int i = 0; i < B; i++) put(&w->H, i, times(at(r, i), at(&w->slope, i)));
}

/* Mean over the numbers of cells of the sum over a column, of at most `pairs` cells, and of its derivative. */
static void columns_of(amplitude_rows *w, const int64_t *numbers, const double *shares, int64_t count, int64_t pairs) {
    if (count == 1) {
        sum_powers(&w->tau, least(numbers[0], pairs), &w->C, &w->T, &w->power, &w->low);
        if (shares[0] == 1.0) return;
    }
    set_row(&w->C, 0.0);
    set_row(&w->T, 0.0);
    for (int64_t j = 0; j < count; j++) {
        sum_powers(&w->tau, least(numbers[j], pairs), &w->sum, &w->slope, &w->power, &w->low);
        for (int i = 0; i < B; i++) {
            put(&w->C, i, plus(at(&w->C, i), scaled(shares[j], at(&w->sum, i))));
            put(&w->T, i, plus(at(&w->T, i), scaled(shares[j], at(&w->slope, i))));
        }
    }
}

INLINE void add_number(row *to, int i, double share, number z) {
    to->re[i] += share * z.re;
    to->im[i] += share * z.im;
}

/* The cell of n repeats and its phase factor tau. */
static void cell_of(amplitude_rows *w) {
    const row *in = w->in;
    for (int i = 0; i < B; i++) {
        const number E = times(at(&w->e, i), at(&in[IN_REST], i));
        number f = plus(at(&in[IN_BOTTOM], i), times(at(&in[IN_REPEAT], i), at(&w->G, i)));
        f = plus(f, plus(times(at(&in[IN_TOP], i), at(&w->e, i)), times(at(&in[IN_C], i), E)));
        put(&w->E, i, E);
        put(&w->f, i, f);
        put(&w->tau, i, times(E, at(&in[IN_W], i)));
    }
}

/* Add a size of n repeats and k distances between planes of reference. */
static void add_amplitude(amplitude_rows *w, double n, double k, double share, double by_N, double by_sigma_N) {
    row *out = w->out;
    for (int i = 0; i < B; i++) {
        const number C = at(&w->C, i), f = at(&w->f, i), E = at(&w->E, i);
        const number total = times(f, C), T = times(times(f, at(&w->T, i)), E), CE = times(C, E);
        add_number(&out[OUT_TOTAL], i, share, total);
        add_number(&out[OUT_BY_N], i, by_N, total);
        add_number(&out[OUT_BY_SIGMA_N], i, by_sigma_N, total);
        add_number(&out[OUT_CE], i, share, CE);
        add_number(&out[OUT_kCE], i, k * share, CE);
        add_number(&out[OUT_T], i, share, T);
        add_number(&out[OUT_kT], i, k * share, T);
    }
    for (int i = 0; i < B; i++) {
        const number C = at(&w->C, i), E = at(&w->E, i), Ce = times(C, at(&w->e, i));
        add_number(&out[OUT_C], i, share, C);
        add_number(&out[OUT_CG], i, share, times(C, at(&w->G, i)));
        add_number(&out[OUT_Ce], i, share, Ce);
        add_number(&out[OUT_nCe], i, n * share, Ce);
        add_number(&out[OUT_CH], i, share, times(C, at(&w->H, i)));
        add_number(&out[OUT_E_BY_N], i, by_N, E);
        add_number(&out[OUT_E_BY_SIGMA_N], i, by_sigma_N, E);
    }
}

/* Fill the rows of results from those of a crystal and its gap, over sizes of first, first + 1, ... planes of
 * reference; `closing` of these are no repeats. */
static void amplitude_sums(amplitude_rows *w, const size_range *sizes, int64_t closing, const int64_t *numbers,
                           const double *shares, int64_t count, int64_t pairs) {
    const int always_one = count == 1 && numbers[0] == 1;
    memset(w->out, 0, sizeof w->out);
    first_repeats(w, sizes->first - closing);
    for (int64_t j = 0; j < sizes->count; j++) {
        const double planes = (double)(sizes->first + j), repeats = planes - (double)closing;
        cell_of(w);
        if (!always_one || j == 0) columns_of(w, numbers, shares, count, pairs);
        add_amplitude(w, repeats, planes - 1.0, sizes->share[j], sizes->by_N[j], sizes->by_sigma_N[j]);
        for (int i = 0; i < B; i++) {
            const number e = at(&w->e, i);
            put(&w->G, i, plus(at(&w->G, i), e));
            put(&w->H, i, plus(at(&w->H, i), scaled(repeats, e)));
        }
        turn(&w->e, &w->in[IN_R]);
    }
}
