/* Interference of stacks with a wave, such as that of a substrate: 2 Re(Z <A>), of which Z is given and <A> is the
 * mean amplitude of the stacks; docs/substrates.md and reference/interference.py.
 *
 * If sizes are mixed or crystals alternate, <A> = f C(tau), of the mean amplitude f of a cell, which may be two
 * crystals, its mean phase factor tau, and the sum C over a column of cells.
 */
#include "core.h"

typedef struct {
    stacks_work cells;       /* planes, gaps, and the derivatives by all parameters */
    amplitude_rows sums[2];  /* of each crystal */
    row wave, mean;          /* Z and <A> */
    row on_f[2], on_tau[2];  /* derivatives of Z <A> by the means of a crystal */
} interference_work;

/* The rows of a gap at the height of the highest plane of reference. */
static void gap_of(const request *r, interference_work *w, int64_t crystal) {
    const gap_widths gap = gap_above(r->p, r->s, w->cells.planes.height, crystal);
    gap_rows *g = &w->cells.rows.gap;
    begin_gap(g, w->cells.block.q, &w->sums[crystal].in[IN_R], 0.0, gap, r->p[SIGMA_L], w->cells.values.slab, 1, 1);
}

/* The sums over the sizes of a crystal. */
static void sum_crystal(const request *r, interference_work *w, int64_t crystal, const size_range *sizes) {
    static const int64_t one_cell = 1;
    static const double all = 1.0;
    const sample *s = r->s;
    const stack_values *v = &w->cells.values;
    const int64_t closing = s->closing[crystal];
    const double d = r->p[s->own[3 * crystal]], contrast = crystal == 1 ? value(r->p, s->f_B, 1.0) : 1.0;
    row *in = w->sums[crystal].in;
    sines_cosines(w->cells.block.q, d, &in[IN_R]);
    sines_cosines(w->cells.block.q, (double)(closing - 1) * d, &in[IN_REST]);
    for (int part = 0; part < 3; part++)
        for (int i = 0; i < B; i++)
            put(&in[IN_BOTTOM + part], i, scaled(contrast, at(&w->cells.planes.part[crystal][part], i)));
    gap_of(r, w, crystal);
    const gap_rows *g = &w->cells.rows.gap;
    in[IN_W] = g->z;
    set_row(&in[IN_C], 0.0);
    if (v->slab)
        for (int i = 0; i < B; i++) put(&in[IN_C], i, scaled(v->rho, times(at(&g->up, i), at(&g->box, i))));
    if (v->pure)
        amplitude_sums(&w->sums[0], sizes, closing, s->numbers, s->shares, s->stacks, r->pairs);
    else
        amplitude_sums(&w->sums[crystal], sizes, closing, &one_cell, &all, 1, 1);
}

/* <A> of stacks of one size each, and the derivatives of Z <A>. */
static void join_pure(interference_work *w) {
    w->mean = w->sums[0].out[OUT_TOTAL];
    w->on_f[0] = w->wave;
}

/* <A> of other stacks, and the derivatives of Z <A>; destroys the rows of columns of the first crystal. */
static void join_cells(const request *r, interference_work *w) {
    amplitude_rows *A = &w->sums[0], *other = &w->sums[1];
    const int pair = r->s->crystals == 2;
    for (int i = 0; i < B; i++) {
        number tau = times(at(&A->in[IN_W], i), at(&A->out[OUT_CE], i));
        if (pair) tau = times(tau, times(at(&other->in[IN_W], i), at(&other->out[OUT_CE], i)));
        put(&A->tau, i, tau);
    }
    columns_of(A, r->s->numbers, r->s->shares, r->s->stacks, r->pairs);
    for (int i = 0; i < B; i++) {
        const number Z = at(&w->wave, i), C = times(Z, at(&A->C, i)), f_A = at(&A->out[OUT_TOTAL], i);
        const number tau_A = times(at(&A->in[IN_W], i), at(&A->out[OUT_CE], i));
        number f = f_A, f_B = {0.0, 0.0}, tau_B = {1.0, 0.0};
        if (pair) {
            f_B = at(&other->out[OUT_TOTAL], i);
            tau_B = times(at(&other->in[IN_W], i), at(&other->out[OUT_CE], i));
            f = plus(f, times(tau_A, f_B));
        }
        const number on_tau = times(Z, times(f, at(&A->T, i)));
        put(&w->mean, i, times(f, at(&A->C, i)));
        put(&w->on_f[0], i, C);
        put(&w->on_tau[0], i, plus(times(C, f_B), times(on_tau, tau_B)));
        put(&w->on_f[1], i, times(C, tau_A));
        put(&w->on_tau[1], i, times(on_tau, tau_A));
    }
}

/* The derivatives by what the sums of a crystal depend on. */
static void spread_crystal(interference_work *w, int64_t crystal) {
    const amplitude_rows *a = &w->sums[crystal];
    const row *in = a->in, *out = a->out, *on_f = &w->on_f[crystal], *on_tau = &w->on_tau[crystal];
    const int pure = w->cells.values.pure;
    cell_rows *c = &w->cells.rows;
    for (int i = 0; i < B; i++) {
        const number on = at(on_f, i), gap = at(&in[IN_W], i);
        /* The phase factor of a gap is in the sum over a column, or in the mean phase factor of a cell. */
        const number turned = pure ? on : at(on_tau, i);
        const number by_w = pure ? at(&out[OUT_T], i) : at(&out[OUT_CE], i);
        const number steps = pure ? at(&out[OUT_kT], i) : at(&out[OUT_kCE], i);
        number phase = plus(times(at(&in[IN_REPEAT], i), at(&out[OUT_CH], i)),
                            times(at(&in[IN_TOP], i), at(&out[OUT_nCe], i)));
        phase = times(on, plus(phase, times(at(&in[IN_C], i), at(&out[OUT_kCE], i))));
        phase = plus(phase, times(turned, times(gap, steps)));
        put(&c->crystal.by_part[BOTTOM], i, times(on, at(&out[OUT_C], i)));
        put(&c->crystal.by_part[REPEAT], i, times(on, at(&out[OUT_CG], i)));
        put(&c->crystal.by_part[TOP], i, times(on, at(&out[OUT_Ce], i)));
        put(&c->on_w, i, times(turned, times(by_w, gap)));
        put(&c->on_up, i, times(on, at(&out[OUT_CE], i)));
        c->crystal.by_d[i] = -2.0 * phase.im;
    }
    for (int i = 0; i < B; i++) {
        const number on = at(on_f, i);
        number by_N = times(on, at(&out[OUT_BY_N], i)), by_sigma_N = times(on, at(&out[OUT_BY_SIGMA_N], i));
        if (!pure) {
            const number turned = times(at(on_tau, i), at(&in[IN_W], i));
            by_N = plus(by_N, times(turned, at(&out[OUT_E_BY_N], i)));
            by_sigma_N = plus(by_sigma_N, times(turned, at(&out[OUT_E_BY_SIGMA_N], i)));
        }
        c->by_N[i] = 2.0 * by_N.re;
        c->by_sigma_N[i] = 2.0 * by_sigma_N.re;
    }
}

/* Add the derivatives by the parameters of a crystal and the gap above it. */
static void finish_crystal(const request *r, interference_work *w, int64_t crystal) {
    cell_rows *c = &w->cells.rows;
    spread_crystal(w, crystal);
    for (int i = 0; i < B; i++) c->alone[i] = 0.0;
    set_row(&c->on_w_n, 0.0);
    if (w->cells.values.slab) {
        gap_of(r, w, crystal);
        turn(&c->on_up, &c->gap.up);
        set_row(&c->on_up_n, 0.0);
        set_row(&c->on_down, 0.0);
    }
    finish_parts(r, &w->cells, crystal);
}

/* The request has the rows to which the interference is added; the wave is n complex numbers, and so is the mean
 * amplitude that is returned. */
static int interference(const request *r, const double *wave, double *mean) {
    size_range sizes[2] = {{0}, {0}};
    interference_work w;
    const int status = begin_stack(r, sizes, &w.cells);
    if (status == OK) {
        w.cells.values.M = 0.0; /* densities of gaps scatter no intensity of their own here */
        for (int64_t start = 0; start < r->n; start += B) {
            next_block(r, start, &w.cells.block);
            const int count = w.cells.block.count;
            set_row(&w.wave, 0.0);
            for (int i = 0; i < count; i++)
                put(&w.wave, i, (number){wave[2 * (start + i)], wave[2 * (start + i) + 1]});
            load_planes(r, &w.cells.block, &w.cells.planes);
            for (int64_t c = 0; c < r->s->crystals; c++) sum_crystal(r, &w, c, sizes + c);
            w.cells.values.pure ? join_pure(&w) : join_cells(r, &w);
            for (int i = 0; i < count; i++) {
                const number A = at(&w.mean, i), Z = at(&w.wave, i);
                mean[2 * (start + i)] = A.re;
                mean[2 * (start + i) + 1] = A.im;
                r->out[start + i] += 2.0 * (Z.re * A.re - Z.im * A.im);
            }
            for (int64_t c = 0; c < r->s->crystals && r->derivatives; c++) finish_crystal(r, &w, c);
        }
        free_planes(&w.cells.planes);
    }
    free_sizes(sizes);
    free_sizes(sizes + 1);
    return status;
}
