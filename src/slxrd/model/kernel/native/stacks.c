/* Stacks of any cells; the results are those of reference/cells.py.
 *
 * If sizes are mixed or crystals alternate, there are two passes over the sizes: for the means over the cells, and
 * for the derivatives of the intensity by each of them.
 */
#include "core.h"

typedef struct {
    stack_values values;
    planes planes;
    block block;
    cell_rows rows;
    cell_means means[2];
    cell_slopes slopes[2];
    double on_L[B], on_sigma_L[B], on_rho[B], on_above[B], on_below[B]; /* derivatives by what makes a gap */
} stacks_work;

/* Fill the rows of a crystal and of the gap above it at the smallest size. */
static void begin_cells(const request *r, stacks_work *w, int64_t crystal, int64_t first) {
    const sample *s = r->s;
    const double d = r->p[s->own[3 * crystal]], contrast = crystal == 1 ? value(r->p, s->f_B, 1.0) : 1.0;
    const gap_widths gap = gap_above(r->p, s, w->planes.height, crystal);
    cell_rows *c = &w->rows;
    begin_sizes(&c->crystal, w->block.q, d, first - s->closing[crystal], w->planes.part[crystal], contrast);
    begin_gap(&c->gap, w->block.q, &c->crystal.r, d, gap, r->p[SIGMA_L], w->values.slab, first, w->values.K);
    for (int i = 0; i < B; i++) c->by_N[i] = c->by_sigma_N[i] = c->alone[i] = 0.0;
    memset(&c->on_w, 0, sizeof(row)), memset(&c->on_w_n, 0, sizeof(row));
    memset(&c->on_up, 0, sizeof(row)), memset(&c->on_up_n, 0, sizeof(row)), memset(&c->on_down, 0, sizeof(row));
}

/* The means over the cells of a crystal, if sizes are mixed. */
INLINE void mean_cells(const request *r, stacks_work *w, int64_t crystal, const size_range *sizes, int slab) {
    cell_means *means = w->means + crystal;
    cell_rows *c = &w->rows;
    memset(means, 0, sizeof *means);
    begin_cells(r, w, crystal, sizes->first);
    for (int64_t j = 0; j < sizes->count; j++) {
        if (j > 0) {
            next_repeat(&c->crystal, 0.0, 0);
            next_gap(&c->gap, &c->crystal.r, slab);
        }
        one_size(c, w->values.rho, slab);
        add_means(c, means, sizes->share[j], slab);
    }
}

/* Sum over the sizes of a crystal: the intensity of stacks of one size, and what derivatives follow from. */
INLINE void sum_cells(const request *r, stacks_work *w, int64_t crystal, const size_range *sizes, int pure, int slab,
                      int derivatives) {
    const double M = w->values.M, u = w->values.u;
    cell_rows *c = &w->rows;
    begin_cells(r, w, crystal, sizes->first);
    for (int64_t j = 0; j < sizes->count; j++) {
        const double share = sizes->share[j], by_N = sizes->by_N[j], by_sigma_N = sizes->by_sigma_N[j];
        const int64_t n = sizes->first + j;
        if (j > 0) {
            next_repeat(&c->crystal, (double)(n - 1 - r->s->closing[crystal]), derivatives);
            next_gap(&c->gap, &c->crystal.r, slab);
        }
        one_size(c, w->values.rho, slab);
        if (pure) {
            sum_pairs(&c->gap, r->s, r->pairs, derivatives);
            pair_size(c, u, slab, derivatives);
            add_pure(c, M, u, share, by_N, by_sigma_N, slab, derivatives);
        } else
            add_mixed(c, M, u, by_N, by_sigma_N, slab);
        if (derivatives) gather(c, M, u, (double)n, share, slab);
    }
}

static void sum_sizes(const request *r, stacks_work *w, int64_t crystal, const size_range *sizes) {
    const int slab = w->values.slab;
    if (!w->values.pure) {
        w->rows.by_f = w->slopes[crystal].f;
        w->rows.by_Phi = w->slopes[crystal].Phi;
        w->rows.by_tau = w->slopes[crystal].tau;
        slab ? sum_cells(r, w, crystal, sizes, 0, 1, 1) : sum_cells(r, w, crystal, sizes, 0, 0, 1);
    } else if (r->derivatives)
        slab ? sum_cells(r, w, crystal, sizes, 1, 1, 1) : sum_cells(r, w, crystal, sizes, 1, 0, 1);
    else
        slab ? sum_cells(r, w, crystal, sizes, 1, 1, 0) : sum_cells(r, w, crystal, sizes, 1, 0, 0);
}

/* Add the derivative by the place of a surface, per angstrom, to the parameters that move its outermost plane. */
static void move_surface(const request *r, const stacks_work *w, int64_t crystal, int upper, const double *change) {
    const sample *s = r->s;
    const outermost end = surface(s, crystal, upper);
    if (!end.moves) return;
    add_row(derivative(r, &w->block, s->own[3 * crystal]), end.overhang, change, w->block.count);
    const double sign = upper ? s->sign[end.plane] : -s->sign[end.plane];
    if (s->displacement[end.plane] >= 0)
        add_row(derivative(r, &w->block, s->displacement[end.plane]), sign, change, w->block.count);
}

/* The derivatives by the width, the disorder and the density of a slab, and their part of by_q. */
static void finish_slab(const request *r, stacks_work *w, int64_t crystal, gap_widths gap) {
    cell_rows *c = &w->rows;
    const double rho = w->values.rho, lit = (1.0 - w->values.u) * w->values.M, sigma_L = r->p[SIGMA_L];
    const double width = gap.L - gap.above - gap.below;
    for (int i = 0; i < B; i++) {
        const double q = w->block.q[i];
        const number up = at(&c->on_up, i), down = times(at(&c->gap.down, i), at(&c->on_down, i));
        const number both = plus(up, down);
        const number box = at(&c->gap.box, i), grown = at(&c->gap.grown, i), on_grown = times(both, grown);
        const double on_width = 2.0 * rho * on_grown.re + 2.0 * rho * rho * lit * grown.im / q;
        const double on_above = -2.0 * rho * q * times(up, box).im, on_below = -2.0 * rho * q * times(down, box).im;
        const number growth = times(grown, (number){-q * sigma_L * sigma_L, width});
        const number by_q = times(both, (number){growth.im / q - box.re / q, -growth.re / q - box.im / q});
        w->on_L[i] += on_width;
        w->on_sigma_L[i] += 2.0 * rho * sigma_L * (rho * lit * grown.re - q * on_grown.im);
        w->on_above[i] = on_above - on_width;
        w->on_below[i] = on_below - on_width;
        w->on_rho[i] = 2.0 * times(both, box).re + 2.0 * rho * lit * c->gap.square[i];
        c->crystal.by_q[i] += 2.0 * rho * by_q.re + (gap.above * on_above + gap.below * on_below) / q;
        c->crystal.by_q[i] += lit * rho * rho * (4.0 * c->gap.missing[i] / q - 2.0 * growth.re) / (q * q);
    }
    add_row(derivative(r, &w->block, r->s->rho), r->s->area, w->on_rho, w->block.count);
    move_surface(r, w, crystal, 1, w->on_above);
    move_surface(r, w, (crystal + 1) % r->s->crystals, 0, w->on_below);
}

/* The derivatives by the sizes of a crystal and the gap above it, and the first terms of by_d and by_q. */
static void finish_gap(const request *r, stacks_work *w, int64_t crystal) {
    const sample *s = r->s;
    const int64_t *own = s->own + 3 * crystal;
    const double d = r->p[own[0]], sigma_L = r->p[SIGMA_L], rho = w->values.rho;
    const gap_widths gap = gap_above(r->p, s, w->planes.height, crystal);
    const block *b = &w->block;
    cell_rows *c = &w->rows;
    for (int i = 0; i < B; i++) {
        const double xr = c->on_w.re[i], xi = c->on_w.im[i], q = b->q[i];
        double turned = c->crystal.by_d[i] - 2.0 * c->on_w_n.im[i];
        if (w->values.slab) turned -= 2.0 * rho * times(at(&c->gap.box, i), at(&c->on_up_n, i)).im;
        c->crystal.by_d[i] = turned;
        c->crystal.by_q[i] = d * turned - 2.0 * (gap.L * xi + q * sigma_L * sigma_L * xr);
        w->on_L[i] = -2.0 * q * xi;
        w->on_sigma_L[i] = -2.0 * q * q * sigma_L * xr;
    }
    if (w->values.slab) finish_slab(r, w, crystal, gap);
    add_row(derivative(r, b, L), 1.0, w->on_L, b->count);
    add_row(derivative(r, b, SIGMA_L), 1.0, w->on_sigma_L, b->count);
    add_row(derivative(r, b, own[1]), 1.0, c->by_N, b->count);
    add_row(derivative(r, b, own[2]), 1.0, c->by_sigma_N, b->count);
    if (crystal == 1 && s->dL_B >= 0) add_row(derivative(r, b, s->dL_B), 1.0, w->on_L, b->count);
    if (s->unstacked >= 0) add_row(derivative(r, b, s->unstacked), 1.0, c->alone, b->count);
}

/* The derivatives by the parameters of a crystal and the gap above it, from those by its parts. */
static void finish_parts(const request *r, stacks_work *w, int64_t crystal) {
    const block *b = &w->block;
    crystal_rows *c = &w->rows.crystal;
    finish_gap(r, w, crystal);
    finish_planes(r, b, crystal, &w->planes, c->by_part, c->by_d, c->by_q);
    finish_occupancies(r, b, crystal, &w->planes, c->by_part);
    for (int i = 0; i < B; i++) c->by_d[i] *= b->q[i];
    add_row(derivative(r, b, r->s->own[3 * crystal]), 1.0, c->by_d, b->count);
    add_row(derivative(r, b, Q_ZERO), 1.0, c->by_q, b->count);
}

static void finish_cells(const request *r, stacks_work *w, int64_t crystal) {
    finish_sizes(&w->rows.crystal);
    finish_parts(r, w, crystal);
}

/* The derivatives by displacements of whole crystals and by the fraction unstacked. */
static void finish_stack(const request *r, const stacks_work *w) {
    const sample *s = r->s;
    const block *b = &w->block;
    const double sigma_u = w->values.sigma_u;
    double between[B], change[B];
    for (int i = 0; i < B; i++) between[i] = w->rows.displaced[i] * w->rows.between[i];
    if (s->unstacked >= 0) add_row(derivative(r, b, s->unstacked), -1.0, between, b->count);
    if (s->sigma_u < 0) return;
    for (int i = 0; i < B; i++) change[i] = -2.0 * (1.0 - w->values.u) * b->q[i] * sigma_u * between[i];
    add_row(derivative(r, b, Q_ZERO), sigma_u, change, b->count);
    for (int i = 0; i < B; i++) change[i] *= b->q[i];
    add_row(derivative(r, b, s->sigma_u), 1.0, change, b->count);
}

static void stacks_block(const request *r, const size_range *sizes, stacks_work *w) {
    const int64_t crystals = r->s->crystals;
    const stack_values *v = &w->values;
    for (int i = 0; i < B; i++) {
        const double x = w->block.q[i] * v->sigma_u;
        w->rows.displaced[i] = x != 0.0 ? exp(-x * x) : 1.0;
        w->rows.total[i] = w->rows.between[i] = 0.0;
    }
    load_planes(r, &w->block, &w->planes);
    if (!v->pure) {
        for (int64_t c = 0; c < crystals; c++)
            v->slab ? mean_cells(r, w, c, sizes + c, 1) : mean_cells(r, w, c, sizes + c, 0);
        interfere(&w->rows, w->means, w->slopes, r, v);
    }
    for (int64_t c = 0; c < crystals && (v->pure || r->derivatives); c++) {
        sum_sizes(r, w, c, sizes + c);
        if (r->derivatives) finish_cells(r, w, c);
    }
    memcpy(r->out + w->block.start, w->rows.total, (size_t)w->block.count * sizeof(double));
    if (r->derivatives) finish_stack(r, w);
}

static int begin_stack(const request *r, size_range *sizes, stacks_work *w) {
    const sample *s = r->s;
    const double *p = r->p;
    stack_values *v = &w->values;
    v->slab = s->rho >= 0;
    v->pure = !s->mixed && s->crystals == 1;
    v->rho = s->area * value(p, s->rho, 0.0);
    v->u = value(p, s->unstacked, 0.0);
    v->sigma_u = value(p, s->sigma_u, 0.0);
    v->K = v->pure ? fewest_cells(s, r->pairs) : 0;
    v->M = 0.0;
    for (int64_t j = 0; j < s->stacks; j++) v->M += s->shares[j] * (double)s->numbers[j];
    for (int64_t c = 0; c < s->crystals; c++) {
        const int64_t *own = s->own + 3 * c;
        const int status = size_shares(p[own[1]], p[own[2]], s->window, s->power, most(1, s->closing[c]), sizes + c);
        if (status != OK) return status;
    }
    return allocate_planes(p, s, &w->planes);
}

static int stacks(const request *r) {
    size_range sizes[2] = {{0}, {0}};
    stacks_work w;
    const int status = begin_stack(r, sizes, &w);
    if (status == OK) {
        for (int64_t start = 0; start < r->n; start += B) {
            next_block(r, start, &w.block);
            stacks_block(r, sizes, &w);
        }
        free_planes(&w.planes);
    }
    free_sizes(sizes);
    free_sizes(sizes + 1);
    return status;
}
