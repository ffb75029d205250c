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
    row base, step;            /* the power of z from one K to the next */
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

/* mean = mean * step + share, element by element. */
INLINE void add_share(row *restrict mean, const row *restrict step, double share) {
    for (int i = 0; i < B; i++) {
        const double x = mean->re[i], y = mean->im[i], c = step->re[i], s = step->im[i];
        mean->re[i] = x * c - y * s + share;
        mean->im[i] = x * s + y * c;
    }
}

/* The averages of z^{K-2} and, for derivatives, K z^{K-2} by Horner's method, from the largest K to the least. */
static void average_powers(gap_rows *w, const sample *s, int64_t pairs, int derivatives) {
    int64_t j = s->stacks - 1, last = least(s->numbers[j], pairs), gap = 0;
    w->base = w->z;
    power_of(&w->base, &w->power, last - fewest_cells(s, pairs));
    turn(&w->power, &w->zk);
    memset(&w->mean, 0, sizeof(row)), memset(&w->mean_K, 0, sizeof(row));
    while (j >= 0) {
        const int64_t K = least(s->numbers[j], pairs);
        double share = 0.0;
        for (; j >= 0 && least(s->numbers[j], pairs) == K; j--) share += s->shares[j];
        if (K < 2) break;
        if (last - K != gap) {
            gap = last - K;
            w->base = w->z;
            power_of(&w->base, &w->step, gap);
        }
        if (gap == 0) w->step = w->z; /* of no effect on sums that are still 0 */
        add_share(&w->mean, &w->step, share);
        if (derivatives) add_share(&w->mean_K, &w->step, share * (double)K);
        last = K;
    }
    turn(&w->mean, &w->zk);
    if (derivatives) turn(&w->mean_K, &w->zk);
}

/* The averages over the numbers of cells that interfere of 1, K, b and b (K - 1). */
typedef struct {
    double one, K, b, b_K;
    double square; /* of the mean K; where it is above 1/|1 - z|^2, the closed form is accurate */
    int several;   /* whether there is more than one K */
} pair_averages;

static pair_averages average_pairs(const sample *s, int64_t pairs) {
    pair_averages a = {0.0, 0.0, 0.0, 0.0, 0.0, least(s->numbers[s->stacks - 1], pairs) > fewest_cells(s, pairs)};
    for (int64_t j = 0; j < s->stacks; j++) {
        const int64_t K = least(s->numbers[j], pairs);
        if (K < 2) continue;
        const double share = s->shares[j], b = (double)(s->numbers[j] - K);
        a.one += share, a.K += share * (double)K, a.b += share * b, a.b_K += share * b * (double)(K - 1);
    }
    if (a.one > 0.0) a.square = (a.K / a.one) * (a.K / a.one);
    return a;
}

/* The sums in closed form; returns at how many places this loses digits. */
INLINE int close_pairs(gap_rows *w, const pair_averages *a, int several, int derivatives) {
    const double one = a->one, mean_K = a->K, b = a->b, b_K = a->b_K, square = a->square;
    int singular = 0;
    for (int i = 0; i < B; i++) {
        const number z = at(&w->z, i), zk = at(&w->zk, i);
        const number last = several ? at(&w->power, i) : zk, mean = several ? at(&w->mean, i) : scaled(one, zk);
        const double away = 1.0 - z.re, distance = away * away + z.im * z.im;
        const int regular = distance * square >= 1.0;
        const double inverse = regular ? 1.0 / distance : 0.0;
        const number u = {away * inverse, z.im * inverse};
        const number f = times(z, times(z, mean)), l = times(z, last);
        const number A = times(u, (number){one - f.re, -f.im}), rest = {b * (1.0 - l.re), -b * l.im};
        put(&w->sum, i, times(u, (number){mean_K - A.re + rest.re, rest.im - A.im}));
        if (derivatives) {
            const number Kl = times(z, several ? at(&w->mean_K, i) : scaled(mean_K, zk));
            const number by_u = {mean_K + Kl.re - 2.0 * A.re + rest.re, Kl.im - 2.0 * A.im + rest.im};
            put(&w->slope, i, times(u, plus(times(u, by_u), scaled(-b_K, last))));
        }
        singular += !regular;
    }
    return singular;
}

/* Fill `sum` and, for derivatives, `slope`. */
INLINE void sum_pairs(gap_rows *w, const sample *s, int64_t pairs, int derivatives) {
    const pair_averages a = average_pairs(s, pairs);
    if (a.one == 0.0) {
        memset(&w->sum, 0, sizeof(row)), memset(&w->slope, 0, sizeof(row));
        return;
    }
    int singular;
    if (a.several) {
        average_powers(w, s, pairs, derivatives);
        singular = close_pairs(w, &a, 1, derivatives);
    } else
        singular = close_pairs(w, &a, 0, derivatives);
    if (singular > 0) sum_singular(w, s, pairs, a.square);
}
