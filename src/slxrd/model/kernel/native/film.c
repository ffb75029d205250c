/* Means over the sizes and the roughness of a film: the letters and the results of reference/film_means.py.
 * A jet has `rows` rows: a function, its derivative by the phase, and derivatives by other parameters.
 */
#include "core.h"

enum { VALUE = 0, BY_PHASE = 1 };

/* One block of points. */
typedef struct {
    int64_t terms, rows;
    row *X, *Y;        /* (terms, rows) */
    row *moved;        /* (2 terms - 1, rows): jets of the means of r^n e^(-kn/l) */
    double *still;     /* (2 terms - 1, rows): of e^(-kn/l) */
    row *G, *H;        /* (terms) */
    row r, z, crossed; /* z is a power of r */
    double alike[B];
} film_block;

/* a += b c, and a += conj(b) c */
INLINE void add_product(row *restrict a, const row *b, const row *c) {
    for (int i = 0; i < B; i++) {
        a->re[i] += b->re[i] * c->re[i] - b->im[i] * c->im[i];
        a->im[i] += b->re[i] * c->im[i] + b->im[i] * c->re[i];
    }
}
INLINE void add_conjugate_product(row *restrict a, const row *b, const row *c) {
    for (int i = 0; i < B; i++) {
        a->re[i] += b->re[i] * c->re[i] + b->im[i] * c->im[i];
        a->im[i] += b->re[i] * c->im[i] - b->im[i] * c->re[i];
    }
}
/* a += f b, and a *= f, for a real f */
INLINE void add_scaled(row *restrict a, double f, const row *restrict b) {
    for (int i = 0; i < B; i++) a->re[i] += f * b->re[i], a->im[i] += f * b->im[i];
}
INLINE void scale_row(row *a, double f) {
    for (int i = 0; i < B; i++) a->re[i] *= f, a->im[i] *= f;
}

/* The jets of the means of a number of terms. */
static void means_of_powers(film_block *w, const double *phase, const power_weights *of, int64_t terms) {
    const int64_t rows = w->rows, count = of->count;
    memset(w->moved, 0, (size_t)(terms * rows) * sizeof *w->moved);
    memset(w->still, 0, (size_t)(terms * rows) * sizeof *w->still);
    sines_cosines(phase, (double)of->first, &w->z);
    for (int64_t m = 0; m < count; m++) {
        for (int64_t j = 0; j < terms * of->width; j++) {
            const int64_t at_row = j / of->width * rows + of->place[j % of->width];
            const double f = of->weights[j * count + m];
            if (f == 0.0) continue;
            add_scaled(&w->moved[at_row], f, &w->z);
            w->still[at_row] += f;
        }
        turn(&w->z, &w->r);
    }
    for (int64_t k = 0; k < terms; k++) {
        row *by_phase = &w->moved[k * rows + BY_PHASE];
        for (int i = 0; i < B; i++) {
            const double re = by_phase->re[i];
            by_phase->re[i] = -by_phase->im[i];
            by_phase->im[i] = re;
        }
        w->still[k * rows + BY_PHASE] = 0.0;
    }
}

/* Multiply X and Y by the means over the steps of the roughness. */
static void make_rough(film_block *w) {
    for (int64_t p = 0; p < w->terms; p++) {
        row *X = w->X + p * w->rows, *Y = w->Y + p * w->rows;
        const row *moved = w->moved + p * w->rows;
        const double *still = w->still + p * w->rows;
        for (int64_t j = w->rows - 1; j > VALUE; j--) {
            scale_row(&X[j], still[VALUE]);
            add_scaled(&X[j], still[j], &X[VALUE]);
            turn(&Y[j], &moved[VALUE]);
            add_product(&Y[j], &Y[VALUE], &moved[j]);
        }
        scale_row(&X[VALUE], still[VALUE]);
        turn(&Y[VALUE], &moved[VALUE]);
    }
}

/* Rows of the mean amplitude. */
static void add_amplitudes(const film_block *w, row *sums) {
    for (int64_t p = 0; p < w->terms; p++) {
        const row *X = w->X + p * w->rows, *Y = w->Y + p * w->rows, *chi = w->moved + p * w->rows;
        const double *s = w->still + p * w->rows;
        for (int64_t j = 0; j < w->rows; j++) {
            add_scaled(&sums[j], s[VALUE], &X[j]);
            add_product(&sums[j], &Y[j], &chi[VALUE]);
            if (j == VALUE) continue;
            add_scaled(&sums[j], s[j], &X[VALUE]);
            add_product(&sums[j], &Y[VALUE], &chi[j]);
        }
    }
}

/* Rows of the mean intensity, in the real parts. */
static void add_intensities(film_block *w, const power_weights *sizes, row *sums) {
    const int64_t terms = w->terms, rows = w->rows;
    memset(w->G, 0, (size_t)terms * sizeof *w->G);
    memset(w->H, 0, (size_t)terms * sizeof *w->H);
    for (int64_t k = 0; k < 2 * terms - 1; k++) {
        const row *chi = w->moved + k * rows;
        const double *s = w->still + k * rows;
        memset(w->alike, 0, sizeof w->alike);
        memset(&w->crossed, 0, sizeof w->crossed);
        for (int64_t p = most(0, k - terms + 1); p <= least(k, terms - 1); p++) {
            const row *x = w->X + p * rows, *y = w->Y + p * rows, *X = w->X + (k - p) * rows, *Y = w->Y + (k - p) * rows;
            add_scaled(&w->G[p], s[VALUE], X);
            add_product(&w->G[p], Y, &chi[VALUE]);
            add_scaled(&w->H[p], s[VALUE], Y);
            add_conjugate_product(&w->H[p], &chi[VALUE], X);
            for (int i = 0; i < B; i++)
                w->alike[i] += x->re[i] * X->re[i] + x->im[i] * X->im[i] + y->re[i] * Y->re[i] + y->im[i] * Y->im[i];
            add_conjugate_product(&w->crossed, x, Y);
        }
        for (int64_t l = 0; l < sizes->width; l++) {
            const int64_t j = sizes->place[l];
            if (j == VALUE) continue;
            for (int i = 0; i < B; i++)
                sums[j].re[i] += w->alike[i] * s[j] +
                                 2.0 * (w->crossed.re[i] * chi[j].re[i] - w->crossed.im[i] * chi[j].im[i]);
        }
    }
    for (int64_t p = 0; p < terms; p++) {
        const row *G = &w->G[p], *H = &w->H[p];
        for (int64_t j = 0; j < rows; j++) {
            const row *X = &w->X[p * rows + j], *Y = &w->Y[p * rows + j];
            const double f = j == VALUE ? 1.0 : 2.0;
            for (int i = 0; i < B; i++)
                sums[j].re[i] += f * (X->re[i] * G->re[i] + X->im[i] * G->im[i] + Y->re[i] * H->re[i] +
                                      Y->im[i] * H->im[i]);
        }
    }
}

/* Copy rows of n complex numbers to rows of a block, whose rest is 0. */
static void fill_rows(row *to, const double *from, int64_t count, int64_t n, int64_t start, int filled) {
    memset(to, 0, (size_t)count * sizeof *to);
    for (int64_t j = 0; j < count; j++)
        for (int i = 0; i < filled; i++) {
            const double *z = from + 2 * (j * n + start + i);
            put(&to[j], i, (number){z[0], z[1]});
        }
}

/* X, Y: (terms, rows, n) complex numbers; out: rows of n real numbers, and rows of n complex numbers. Weights of the
 * sizes are for 2 terms - 1 exponents, those of the steps for `terms`; there may be none of these. */
static int film_means(const double *X, const double *Y, int64_t terms, int64_t rows, const double *phase, int64_t n,
                      const power_weights *sizes, const power_weights *steps, double *intensity, double *amplitude) {
    const int64_t means = 2 * terms - 1;
    row *memory = malloc((size_t)(rows * (2 * terms + means + 2) + 2 * terms) * sizeof *memory);
    double *still = malloc((size_t)(rows * means) * sizeof *still);
    film_block *w = malloc(sizeof *w);
    const int status = memory && still && w ? OK : NO_MEMORY;
    for (int64_t start = 0; start < n && status == OK; start += B) {
        const int filled = (int)least(B, n - start);
        double block[B];
        for (int i = 0; i < B; i++) block[i] = i < filled ? phase[start + i] : 0.0;
        w->terms = terms, w->rows = rows, w->still = still;
        w->X = memory, w->Y = w->X + terms * rows, w->moved = w->Y + terms * rows;
        w->G = w->moved + means * rows, w->H = w->G + terms;
        row *of_intensity = w->H + terms, *of_amplitude = of_intensity + rows;
        fill_rows(w->X, X, terms * rows, n, start, filled);
        fill_rows(w->Y, Y, terms * rows, n, start, filled);
        sines_cosines(block, 1.0, &w->r);
        if (steps->count > 0) {
            means_of_powers(w, block, steps, terms);
            make_rough(w);
        }
        means_of_powers(w, block, sizes, means);
        memset(of_intensity, 0, 2 * (size_t)rows * sizeof *of_intensity);
        add_intensities(w, sizes, of_intensity);
        add_amplitudes(w, of_amplitude);
        for (int64_t j = 0; j < rows; j++)
            for (int i = 0; i < filled; i++) {
                const int64_t place = j * n + start + i;
                intensity[place] = of_intensity[j].re[i];
                amplitude[2 * place] = of_amplitude[j].re[i];
                amplitude[2 * place + 1] = of_amplitude[j].im[i];
            }
    }
    free(w);
    free(still);
    free(memory);
    return status;
}
