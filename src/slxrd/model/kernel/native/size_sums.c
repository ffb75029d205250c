/* Cells of one size of a crystal: their amplitudes, the intensity, and the sums for its derivatives; see
 * reference/cells.py, whose letters are used.
 */
#include "core.h"

/* Values of a stack as a whole. */
typedef struct {
    double rho, u, M, sigma_u; /* electrons of a gap per angstrom, fraction unstacked, mean number of cells */
    int64_t K;                 /* least number of cells that interfere, for stacks of one size */
    int slab, pure;            /* whether the gaps have a density, and the stacks crystals of one size */
} stack_values;

typedef struct {
    crystal_rows crystal;
    gap_rows gap;
    row F, f, Phi;                            /* of one size: of the crystal, and of its cells */
    double bare[B], square[B];                /* |F|^2 and <|f|^2> */
    row by_f, by_Phi, by_tau;                 /* derivatives of half the intensity */
    double paired[B];                         /* interference of the cells of one size, */
    double total[B], between[B], displaced[B]; /* intensity and interference of all, D = exp(-q^2 sigma_u^2) */
    /* Sums over the sizes: derivatives by the shares, excess of single crystals; factors of E w, of the lower end
     * of a slab, both also times n-1, and of its upper end. */
    double by_N[B], by_sigma_N[B], alone[B];
    row on_w, on_w_n, on_up, on_up_n, on_down;
} cell_rows;

typedef struct {
    row f, Phi, tau;
    double square[B], bare[B];
} cell_means;

/* Derivatives of half the intensity by the means. */
typedef struct {
    row f, Phi, tau;
} cell_slopes;

/* Without a slab, f is F. */
INLINE const row *amplitude_of(const cell_rows *w, int slab) { return slab ? &w->f : &w->F; }
INLINE const double *square_of(const cell_rows *w, int slab) { return slab ? w->square : w->bare; }

INLINE void one_size(cell_rows *w, double rho, int slab) {
    const crystal_rows *c = &w->crystal;
    const gap_rows *g = &w->gap;
    for (int i = 0; i < B; i++) {
        const number F = plus(at(&c->C_0, i), times(at(&c->C_1, i), at(&c->G, i))), conjugate = {F.re, -F.im};
        put(&w->F, i, F);
        put(&w->Phi, i, times(conjugate, at(&g->z, i)));
        w->bare[i] = F.re * F.re + F.im * F.im;
    }
    if (!slab) return;
    for (int i = 0; i < B; i++) {
        const number box = scaled(rho, at(&g->box, i)), F = at(&w->F, i), Ec = times(at(&g->up, i), box);
        put(&w->f, i, plus(F, Ec));
        w->square[i] = w->bare[i] + 2.0 * (F.re * Ec.re + F.im * Ec.im) + rho * rho * g->square[i];
    }
    for (int i = 0; i < B; i++)
        put(&w->Phi, i, plus(at(&w->Phi, i), times(at(&g->down, i), scaled(rho, at(&g->box, i)))));
}

INLINE void add_row_of(row *restrict to, double share, const row *restrict from) {
    for (int i = 0; i < B; i++) to->re[i] += share * from->re[i], to->im[i] += share * from->im[i];
}

/* Add a size to the means over a crystal's cells. */
INLINE void add_means(const cell_rows *w, cell_means *restrict means, double share, int slab) {
    const double *square = square_of(w, slab);
    add_row_of(&means->f, share, amplitude_of(w, slab));
    add_row_of(&means->Phi, share, &w->Phi);
    add_row_of(&means->tau, share, &w->gap.z);
    for (int i = 0; i < B; i++) {
        means->square[i] += share * square[i];
        means->bare[i] += share * w->bare[i];
    }
}

/* The interference of stacks of one size, and the derivatives by f, Phi and tau. */
INLINE void pair_size(cell_rows *w, double u, int slab, int derivatives) {
    const row *amplitudes = amplitude_of(w, slab);
    for (int i = 0; i < B; i++) {
        const number both = times(at(&w->Phi, i), at(amplitudes, i)), sum = at(&w->gap.sum, i);
        w->paired[i] = 2.0 * (both.re * sum.re - both.im * sum.im);
        if (derivatives)
            put(&w->by_tau, i, times(both, scaled((1.0 - u) * w->displaced[i], at(&w->gap.slope, i))));
    }
    if (!derivatives) return;
    for (int i = 0; i < B; i++) {
        const number sum = scaled((1.0 - u) * w->displaced[i], at(&w->gap.sum, i));
        put(&w->by_f, i, times(at(&w->Phi, i), sum));
        put(&w->by_Phi, i, times(at(amplitudes, i), sum));
    }
}

/* Add the intensity of stacks of one size, and its derivatives by the shares of the sizes. */
INLINE void add_pure(cell_rows *w, double M, double u, double share, double by_N, double by_sigma_N, int slab,
                     int derivatives) {
    const double *square = square_of(w, slab);
    for (int i = 0; i < B; i++) {
        const double total = (1.0 - u) * (M * square[i] + w->displaced[i] * w->paired[i]) + u * M * w->bare[i];
        w->total[i] += share * total;
        if (derivatives) {
            w->between[i] += share * w->paired[i];
            w->by_N[i] += by_N * total;
            w->by_sigma_N[i] += by_sigma_N * total;
        }
    }
}

/* Add the derivatives of the intensity of stacks of mixed sizes by the shares of the sizes. */
INLINE void add_mixed(cell_rows *w, double M, double u, double by_N, double by_sigma_N, int slab) {
    const row *f = amplitude_of(w, slab);
    const double *square = square_of(w, slab);
    for (int i = 0; i < B; i++) {
        double half = w->by_Phi.re[i] * w->Phi.re[i] - w->by_Phi.im[i] * w->Phi.im[i];
        half += w->by_f.re[i] * f->re[i] - w->by_f.im[i] * f->im[i];
        half += w->by_tau.re[i] * w->gap.z.re[i] - w->by_tau.im[i] * w->gap.z.im[i];
        const double total = (1.0 - u) * M * square[i] + u * M * w->bare[i] + 2.0 * half;
        w->by_N[i] += by_N * total;
        w->by_sigma_N[i] += by_sigma_N * total;
    }
}

/* Add a size to the sums for the derivatives. */
INLINE void gather(cell_rows *w, double M, double u, double n, double share, int slab) {
    const double lit = (1.0 - u) * M, alone = u * M;
    const row *amplitudes = amplitude_of(w, slab);
    const double *square = square_of(w, slab);
    crystal_rows *c = &w->crystal;
    for (int i = 0; i < B; i++) {
        const number f = at(amplitudes, i), F = at(&w->F, i), G = at(&c->G, i), H = at(&c->H, i);
        const number on = times(at(&w->by_Phi, i), at(&w->gap.z, i));
        const number Y = {share * (lit * f.re + alone * F.re + on.re + w->by_f.re[i]),
                          share * (w->by_f.im[i] - lit * f.im - alone * F.im - on.im)};
        put(&c->Y, i, plus(at(&c->Y, i), Y));
        put(&c->YG, i, plus(at(&c->YG, i), times(Y, G)));
        put(&c->YH, i, plus(at(&c->YH, i), times(Y, H)));
    }
    for (int i = 0; i < B; i++) {
        const number conjugate = {w->F.re[i], -w->F.im[i]};
        const number by_w = plus(times(at(&w->by_Phi, i), conjugate), at(&w->by_tau, i));
        const number x = scaled(share, times(by_w, at(&w->gap.z, i)));
        put(&w->on_w, i, plus(at(&w->on_w, i), x));
        put(&w->on_w_n, i, plus(at(&w->on_w_n, i), scaled(n - 1.0, x)));
        if (slab) w->alone[i] += share * M * (w->bare[i] - square[i]);
    }
    if (!slab) return;
    for (int i = 0; i < B; i++) {
        const number by_up = {lit * w->F.re[i] + w->by_f.re[i], w->by_f.im[i] - lit * w->F.im[i]};
        const number x = scaled(share, times(by_up, at(&w->gap.up, i)));
        put(&w->on_up, i, plus(at(&w->on_up, i), x));
        put(&w->on_up_n, i, plus(at(&w->on_up_n, i), scaled(n - 1.0, x)));
        put(&w->on_down, i, plus(at(&w->on_down, i), scaled(share, at(&w->by_Phi, i))));
    }
}

INLINE void keep_slopes(cell_slopes *to, int i, double lit, number f, number Phi, number tau) {
    put(&to->f, i, scaled(lit, f));
    put(&to->Phi, i, scaled(lit, Phi));
    put(&to->tau, i, scaled(lit, tau));
}

/* Intensity of stacks of mixed sizes, and its derivatives by the means over the cells of each crystal. */
static void interfere_mixed(cell_rows *restrict w, const cell_means *restrict A, cell_slopes *restrict by_A,
                            const stack_values *v) {
    for (int i = 0; i < B; i++) {
        const number f = at(&A->f, i), Phi = at(&A->Phi, i), G = at(&w->gap.sum, i), both = times(Phi, f);
        const double lit = (1.0 - v->u) * w->displaced[i];
        keep_slopes(by_A, i, lit, times(Phi, G), times(f, G), times(both, at(&w->gap.slope, i)));
        w->between[i] = 2.0 * times(both, G).re;
        w->total[i] = (1.0 - v->u) * v->M * A->square[i] + lit * w->between[i] + v->u * v->M * A->bare[i];
    }
}

/* The same for two crystals that alternate: with f = f_A + tau_A f_B and Phi = Phi_A tau_B + Phi_B, pairs of them are
 * cells. */
static void interfere_alternating(cell_rows *restrict w, const cell_means *restrict A, const cell_means *restrict C,
                                  cell_slopes *restrict by_A, cell_slopes *restrict by_C, const stack_values *v) {
    const double M = v->M;
    for (int i = 0; i < B; i++) {
        const number f_A = at(&A->f, i), Phi_A = at(&A->Phi, i), tau_A = at(&A->tau, i);
        const number f_B = at(&C->f, i), Phi_B = at(&C->Phi, i), tau_B = at(&C->tau, i);
        const number f = plus(f_A, times(tau_A, f_B)), Phi = plus(times(Phi_A, tau_B), Phi_B);
        const number fG = times(f, at(&w->gap.sum, i)), PhiG = times(Phi, at(&w->gap.sum, i));
        const number by_tau = times(times(Phi, f), at(&w->gap.slope, i));
        const double lit = (1.0 - v->u) * w->displaced[i];
        keep_slopes(by_A, i, lit, PhiG, plus(scaled(M, f_B), times(fG, tau_B)),
                    plus(times(PhiG, f_B), times(by_tau, tau_B)));
        keep_slopes(by_C, i, lit, plus(scaled(M, Phi_A), times(PhiG, tau_A)), fG,
                    plus(times(Phi_A, fG), times(by_tau, tau_A)));
        w->between[i] = 2.0 * (M * times(Phi_A, f_B).re + times(Phi, fG).re);
        w->total[i] = (1.0 - v->u) * M * (A->square[i] + C->square[i]) + lit * w->between[i] +
                      v->u * M * (A->bare[i] + C->bare[i]);
    }
}

/* Interference of the cells of mixed sizes, from the means over the cells of each crystal. */
static void interfere(cell_rows *w, const cell_means *means, cell_slopes *slopes, const request *r,
                      const stack_values *v) {
    w->gap.z = means[0].tau;
    if (r->s->crystals == 2) turn(&w->gap.z, &means[1].tau);
    raise_pairs(&w->gap, fewest_cells(r->s, r->pairs));
    sum_pairs(&w->gap, r->s, r->pairs, 1);
    if (r->s->crystals == 2)
        interfere_alternating(w, means, means + 1, slopes, slopes + 1, v);
    else
        interfere_mixed(w, means, slopes, v);
}
