/* Amplitude of a crystal: sums over its repeats.
 *
 * With r = e^{iqd}, G = sum over k < m of r^k and r^m = 1 + (r-1) G, a crystal of m repeats between a bottom and
 * a top is
 *
 *     F = A_b + A_r G + A_t r^m = C_0 + C_1 G,     C_0 = A_b + A_t,   C_1 = A_r + (r-1) A_t,
 *
 * without a division. Let Y be the derivative of half the intensity by F at a size. All derivatives follow from
 * the sums of Y, Y G and Y H over the sizes with H = sum over k < m of k r^k, as a change of the phase of r changes
 * F by i (C_1 H + A_t r G).
 */
#include "core.h"

typedef struct {
    row r, C_0, C_1, top;  /* see above; A_t */
    row G, H, e;           /* sums over the repeats, and r^m */
    row Y, YG, YH;         /* sums over the sizes */
    row by_part[3];        /* derivatives of half the intensity by bottom, repeat and top */
    double by_d[B], by_q[B];
} crystal_rows;

/* Sums over n+1 repeats from those over n. */
static void next_repeat(crystal_rows *w, double n, int derivatives) {
    if (derivatives)
        for (int i = 0; i < B; i++) {
            w->H.re[i] += n * w->e.re[i];
            w->H.im[i] += n * w->e.im[i];
        }
    for (int i = 0; i < B; i++) {
        const double er = w->e.re[i], ei = w->e.im[i], c = w->r.re[i], s = w->r.im[i];
        w->G.re[i] += er;
        w->G.im[i] += ei;
        w->e.re[i] = er * c - ei * s;
        w->e.im[i] = er * s + ei * c;
    }
}

/* Sums over 2n repeats from those over n. */
static void double_repeats(crystal_rows *w, double n) {
    for (int i = 0; i < B; i++) {
        const number G = at(&w->G, i), H = at(&w->H, i), e = at(&w->e, i), Ge = times(G, e);
        put(&w->H, i, plus(H, plus(times(H, e), scaled(n, Ge))));
        put(&w->G, i, plus(G, Ge));
        put(&w->e, i, times(e, e));
    }
}

/* Fill the rows for the smallest number of repeats; the parts are multiplied by `factor`. */
static void begin_sizes(crystal_rows *w, const double *q, double d, int64_t repeats, const row *part, double factor) {
    sines_cosines(q, d, &w->r);
    for (int i = 0; i < B; i++) {
        const number bottom = scaled(factor, at(part + BOTTOM, i)), repeat = scaled(factor, at(part + REPEAT, i));
        const number top = scaled(factor, at(part + TOP, i)), change = {w->r.re[i] - 1.0, w->r.im[i]};
        put(&w->top, i, top);
        put(&w->C_0, i, plus(bottom, top));
        put(&w->C_1, i, plus(repeat, times(change, top)));
    }
    memset(&w->Y, 0, sizeof w->Y), memset(&w->YG, 0, sizeof w->YG), memset(&w->YH, 0, sizeof w->YH);
    for (int i = 0; i < B; i++) w->by_d[i] = w->by_q[i] = 0.0;
    memset(&w->H, 0, sizeof w->H);
    if (repeats == 0) {
        memset(&w->G, 0, sizeof w->G);
        for (int i = 0; i < B; i++) w->e.re[i] = 1.0, w->e.im[i] = 0.0;
        return;
    }
    for (int i = 0; i < B; i++) w->G.re[i] = 1.0, w->G.im[i] = 0.0;
    w->e = w->r;
    double n = 1.0;
    int64_t bit = 1;
    while (bit <= repeats) bit <<= 1;
    for (bit >>= 2; bit > 0; bit >>= 1) {
        double_repeats(w, n);
        n *= 2.0;
        if (repeats & bit) {
            next_repeat(w, n, 1);
            n += 1.0;
        }
    }
}

/* The derivatives of half the intensity by the parts, and by the phase of r, from the sums over the sizes. */
static void finish_sizes(crystal_rows *w) {
    for (int i = 0; i < B; i++) {
        const number r = at(&w->r, i), Y = at(&w->Y, i), YG = at(&w->YG, i), change = {r.re - 1.0, r.im};
        const number phase = plus(times(at(&w->C_1, i), at(&w->YH, i)), times(times(at(&w->top, i), r), YG));
        w->by_d[i] = -2.0 * phase.im;
        put(w->by_part + BOTTOM, i, Y);
        put(w->by_part + REPEAT, i, YG);
        put(w->by_part + TOP, i, plus(Y, times(change, YG)));
    }
}
