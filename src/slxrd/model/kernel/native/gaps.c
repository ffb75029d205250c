/* Gaps between crystals, and sums over pairs of cells; see reference/cells.py.
 *
 * With z the mean phase from one cell to the next, K the smaller of the number M of cells and of those that
 * interfere, b = M - K and u = 1/(1 - z), the pair sum and its derivative are
 *
 *     G     = sum over 0 < m < K of (M - m) z^{m-1} = u [K - u (1 - z^K) + b (1 - z^{K-1})],
 *     dG/dz = u {u [K (1 + z^{K-1}) - 2 u (1 - z^K) + b (1 - z^{K-1})] - b (K - 1) z^{K-2}}.
 *
 * They are averaged over the numbers M; b is not zero only for the largest K. Where this loses digits, near
 * z = 1, the sums are calculated by doubling.
 */
#include "core.h"

typedef struct {
    row z, zk, rk;             /* phase and decay from cell to cell, its least power K - 2 and how that turns */
    row up, box, down, grown;  /* E e^{iqa}; of a slab of unit density B, e^{iqb} and e^x */
    double missing[B], square[B];  /* Re(e^x - 1) and <|B|^2> */
    row sum, slope;            /* pair sums, averaged over the numbers of cells, and their derivative by z */
    row power, mean, mean_K;   /* z^{K-2}, its average, and that of K z^{K-2} */
} gap_rows;

/* Fill the rows of a gap above the smallest size of its crystal. */
static void begin_gap(gap_rows *w, const double *restrict q, const row *r, double d, gap_widths gap, double sigma_L,
                      int slab, int64_t first, int64_t K) {
    const double length = (double)(first - 1) * d, width = gap.L - gap.above - gap.below;
    sines_cosines(q, length + gap.L, &w->z);
    fade(q, sigma_L, K, &w->z, &w->power);
    power_of(&w->power, &w->zk, most(K - 2, 0));
    w->power = *r;
    power_of(&w->power, &w->rk, most(K - 2, 0));
    if (!slab) return;
    sines_cosines(q, length + gap.above, &w->up);
    sines_cosines(q, gap.below, &w->down);
    sines_cosines(q, 0.5 * width, &w->grown);
    for (int i = 0; i < B; i++) w->missing[i] = expm1(-fmin(0.5 * (q[i] * sigma_L) * (q[i] * sigma_L), LAST_DECAY));
    for (int i = 0; i < B; i++) {
        const double c = w->grown.re[i], s = w->grown.im[i], decay = w->missing[i] + 1.0;
        const double cosine = 1.0 - 2.0 * s * s, sine = 2.0 * s * c;
        const double missing = w->missing[i] * cosine - 2.0 * s * s; /* no digits are lost where it is small */
        w->grown.re[i] = decay * cosine;
        w->grown.im[i] = decay * sine;
        w->missing[i] = missing;
        w->box.re[i] = decay * sine / q[i];
        w->box.im[i] = -missing / q[i];
        w->square[i] = -2.0 * missing / (q[i] * q[i]);
    }
}

/* Turn the rows of a gap from one size to the next. */
static void next_gap(gap_rows *w, const row *r, int slab) {
    turn(&w->z, r);
    turn(&w->zk, &w->rk);
    if (slab) turn(&w->up, r);
}

/* The least number of cells in a stack that interfere, if it is more than one in any; or 1. */
static int64_t fewest_cells(const sample *s, int64_t pairs) {
    for (int64_t j = 0; j < s->stacks; j++)
        if (least(s->numbers[j], pairs) > 1) return least(s->numbers[j], pairs);
    return 1;
}

/* Fill the power of z that sum_pairs begins with, for means z over mixed sizes. */
static void raise_pairs(gap_rows *w, int64_t K) {
    const double vanishing = exp(-2.0 * LAST_DECAY / (double)most(K, 1));
    for (int i = 0; i < B; i++) {
        const double zr = w->z.re[i], zi = w->z.im[i], keep = zr * zr + zi * zi > vanishing ? 1.0 : 0.0;
        w->power.re[i] = keep * zr, w->power.im[i] = keep * zi;
    }
    power_of(&w->power, &w->zk, most(K - 2, 0));
}

typedef struct {
    number A, dA, G, dG;
} doubled;

/* A = sum over m < K of z^m, G = sum over 0 < m < K of (K - m) z^{m-1}, and their derivatives, by doubling. */
static doubled double_pairs(number z, int64_t K) {
    const number one = {1.0, 0.0};
    number A = one, dA = {0.0, 0.0}, G = dA, dG = dA, power = z, by_z = one;
    double m = 1.0;
    int64_t bit = 1;
    while (bit <= K) bit <<= 1;
    for (bit >>= 2; bit > 0; bit >>= 1) {
        const number grown = plus(one, power);
        dG = plus(plus(times(dG, grown), times(G, by_z)), scaled(m, dA));
        G = plus(times(G, grown), scaled(m, A));
        dA = plus(times(dA, grown), times(A, by_z));
        A = times(A, grown);
        by_z = scaled(2.0, times(power, by_z));
        power = times(power, power);
        m *= 2.0;
        if (K & bit) {
            G = plus(G, A), dG = plus(dG, dA);
            dA = plus(A, times(z, dA));
            A = plus(one, times(z, A));
            by_z = plus(times(by_z, z), power);
            power = times(power, z);
            m += 1.0;
        }
    }
    return (doubled){A, dA, G, dG};
}

/* The sums next to z = 1, which sum_pairs leaves out. */
static void sum_singular(gap_rows *w, const sample *s, int64_t pairs, double square) {
    for (int i = 0; i < B; i++) {
        const number z = at(&w->z, i);
        if (((1.0 - z.re) * (1.0 - z.re) + z.im * z.im) * square >= 1.0) continue;
        number sum = {0.0, 0.0}, slope = {0.0, 0.0};
        for (int64_t j = 0; j < s->stacks; j++) {
            const int64_t K = least(s->numbers[j], pairs);
            if (K < 2) continue;
            const doubled all = double_pairs(z, K), shorter = double_pairs(z, K - 1);
            const double beyond = (double)(s->numbers[j] - K);
            sum = plus(sum, scaled(s->shares[j], plus(all.G, scaled(beyond, shorter.A))));
            slope = plus(slope, scaled(s->shares[j], plus(all.dG, scaled(beyond, shorter.dA))));
        }
        put(&w->sum, i, sum);
        put(&w->slope, i, slope);
    }
}

/* The sums in closed form, from the averages over the numbers of cells of 1, K and b, and of the powers of z. */
INLINE int close_pairs(gap_rows *w, double share, double K, double beyond, double K_beyond, double square,
                       int derivatives) {
    int singular = 0;
    for (int i = 0; i < B; i++) {
        const number z = at(&w->z, i), mean = at(&w->mean, i), last = at(&w->power, i);
        const double away = 1.0 - z.re, distance = away * away + z.im * z.im;
        const int regular = distance * square >= 1.0;
        const double inverse = regular ? 1.0 / distance : 0.0;
        const number u = {away * inverse, z.im * inverse};
        const number mean_f = times(z, times(z, mean)), zl = times(z, last);
        const number A = times(u, (number){share - mean_f.re, -mean_f.im});
        const number rest = {beyond * (1.0 - zl.re), -beyond * zl.im};
        put(&w->sum, i, times(u, (number){K - A.re + rest.re, rest.im - A.im}));
        if (derivatives) {
            const number l = times(z, at(&w->mean_K, i));
            const number inner = times(u, (number){K + l.re - 2.0 * A.re + rest.re, l.im - 2.0 * A.im + rest.im});
            put(&w->slope, i, times(u, plus(inner, scaled(-K_beyond, last))));
        }
        singular += !regular;
    }
    return singular;
}

/* Fill `sum` and, for derivatives, `slope`. */
INLINE void sum_pairs(gap_rows *w, const sample *s, int64_t pairs, int derivatives) {
    const int64_t fewest = fewest_cells(s, pairs);
    const double square = (double)fewest * (double)fewest;
    memset(&w->sum, 0, sizeof w->sum), memset(&w->slope, 0, sizeof w->slope);
    if (fewest < 2) return;
    double all_shares = 0.0, all_K = 0.0, beyond = 0.0;
    int64_t last = fewest;
    w->power = w->zk;
    memset(&w->mean, 0, sizeof w->mean), memset(&w->mean_K, 0, sizeof w->mean_K);
    for (int64_t j = 0; j < s->stacks;) {
        const int64_t K = least(s->numbers[j], pairs);
        double share = 0.0;
        for (; j < s->stacks && least(s->numbers[j], pairs) == K; j++) {
            share += s->shares[j];
            beyond += s->shares[j] * (double)(s->numbers[j] - K);
        }
        if (K < 2) continue;
        for (; last < K; last++) turn(&w->power, &w->z);
        const double weight = share * (double)K;
        all_shares += share, all_K += weight;
        for (int i = 0; i < B; i++) {
            w->mean.re[i] += share * w->power.re[i], w->mean.im[i] += share * w->power.im[i];
            if (derivatives) w->mean_K.re[i] += weight * w->power.re[i], w->mean_K.im[i] += weight * w->power.im[i];
        }
    }
    const double K_beyond = beyond * (double)(last - 1);
    const int singular = close_pairs(w, all_shares, all_K, beyond, K_beyond, square, derivatives);
    if (singular > 0) sum_singular(w, s, pairs, square);
}
