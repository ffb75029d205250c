/* Planes of crystals: their amplitudes and phases in a block, and the derivatives by what moves or changes them.
 *
 * A plane at the height z adds its amplitude times e^{iqz} to the bottom, the repeat or the top of its crystal.
 */
#include "core.h"

#define FOUR_PI (4.0 * PI)

/* Scattering vectors that are calculated together; those beyond `count` are not used. */
typedef struct {
    int64_t start;
    int count;
    double q[B];
} block;

typedef struct {
    row phase, bare, slope; /* e^{iqz}, the amplitude, and its derivative by q */
} plane;

typedef struct {
    double *height;     /* (p) */
    plane *rows;        /* (p); amplitudes only in the first of the planes that share them */
    row part[2][3];     /* bottom, repeat and top of each crystal */
    double squared[B];  /* (q / 4 pi)^2 */
    double damping[B];  /* Debye-Waller factor */
} planes;

static int allocate_planes(const double *p, const sample *s, planes *out) {
    const size_t count = (size_t)most(s->planes, 1);
    out->rows = malloc(count * (sizeof *out->rows + sizeof *out->height));
    if (out->rows == NULL) return NO_MEMORY;
    out->height = (double *)(out->rows + count);
    heights_of(p, s, out->height);
    return OK;
}

static void free_planes(planes *all) { free(all->rows); }

static void next_block(const request *r, int64_t start, block *b) {
    b->start = start;
    b->count = (int)least(B, r->n - start);
    fill_block(b->q, r->q + start, b->count);
}

/* The derivative of the intensity by a parameter, at the first scattering vector of a block. */
INLINE double *derivative(const request *r, const block *b, int64_t parameter) {
    return r->out + (1 + parameter) * r->n + b->start;
}

/* Real or imaginary part of the amplitude of a term, in powers of the shift x of q, and its derivative by q. */
INLINE double amplitude(const double *c, int64_t step, double x) {
    return c[0] + x * (c[step] + x * (c[2 * step] + x * (c[3 * step] + x * c[4 * step])));
}
INLINE double amplitude_by_q(const double *c, int64_t step, double x) {
    return c[step] + x * (2.0 * c[2 * step] + x * (3.0 * c[3 * step] + x * 4.0 * c[4 * step]));
}

static const double *coefficients(const request *r, const block *b, int64_t term, int part) {
    return r->s->amplitudes + (2 * COEFFICIENTS * term + part) * r->n + b->start;
}

static void add_term(const request *r, const block *b, int64_t term, int shifted, plane *to) {
    const double factor = value(r->p, r->s->term_occupancy[term], 1.0);
    const double *restrict delta = r->delta + b->start;
    const int64_t step = 2 * r->n;
    for (int part = 0; part < 2; part++) {
        const double *restrict c = coefficients(r, b, term, part);
        double *restrict bare = part == 0 ? to->bare.re : to->bare.im;
        double *restrict slope = part == 0 ? to->slope.re : to->slope.im;
        if (!shifted)
            for (int i = 0; i < b->count; i++) bare[i] += factor * c[i];
        else
            for (int i = 0; i < b->count; i++) bare[i] += factor * amplitude(c + i, step, delta[i]);
        if (!r->derivatives) continue;
        if (!shifted)
            for (int i = 0; i < b->count; i++) slope[i] += factor * c[step + i];
        else
            for (int i = 0; i < b->count; i++) slope[i] += factor * amplitude_by_q(c + i, step, delta[i]);
    }
}

static void damp_plane(const block *b, const planes *all, double B_factor, plane *restrict k) {
    const double twice = -2.0 * B_factor / (FOUR_PI * FOUR_PI);
    for (int i = 0; i < B; i++) {
        const double less = all->damping[i], by_q = twice * b->q[i];
        k->slope.re[i] = less * (k->slope.re[i] + by_q * k->bare.re[i]);
        k->slope.im[i] = less * (k->slope.im[i] + by_q * k->bare.im[i]);
        k->bare.re[i] *= less;
        k->bare.im[i] *= less;
    }
}

/* The phases of a plane's height, copied from a plane before it at the same or the opposite height. */
static void fill_phase(const block *b, int64_t k, planes *all) {
    const double height = all->height[k];
    row *restrict own = &all->rows[k].phase;
    int64_t same = 0;
    while (same < k && fabs(all->height[same]) != fabs(height)) same++;
    if (same == k) {
        sines_cosines(b->q, height, own);
        return;
    }
    const row *other = &all->rows[same].phase;
    const double sign = all->height[same] == height ? 1.0 : -1.0;
    for (int i = 0; i < B; i++) own->re[i] = other->re[i], own->im[i] = sign * other->im[i];
}

static void load_planes(const request *r, const block *b, planes *all) {
    const sample *s = r->s;
    int shifted = 0;
    for (int i = 0; i < b->count; i++) shifted |= r->delta[b->start + i] != 0.0;
    for (int64_t k = 0; k < s->planes; k++) memset(&all->rows[k].bare, 0, 2 * sizeof(row));
    for (int64_t t = 0; t < s->terms; t++) {
        const int64_t k = s->term_plane[t];
        if (s->same_amplitude[k] == k) add_term(r, b, t, shifted, all->rows + k);
    }
    for (int i = 0; i < B; i++) all->squared[i] = (b->q[i] / FOUR_PI) * (b->q[i] / FOUR_PI);
    if (s->B_factor >= 0) {
        const double B_factor = r->p[s->B_factor];
        for (int i = 0; i < B; i++) all->damping[i] = exp(-B_factor * all->squared[i]);
        for (int64_t k = 0; k < s->planes; k++)
            if (s->same_amplitude[k] == k) damp_plane(b, all, B_factor, all->rows + k);
    }
    memset(all->part, 0, sizeof all->part);
    for (int64_t k = 0; k < s->planes; k++) {
        fill_phase(b, k, all);
        const row *bare = &all->rows[s->same_amplitude[k]].bare, *phase = &all->rows[k].phase;
        row *restrict part = &all->part[s->crystal[k]][s->part[k]];
        for (int i = 0; i < B; i++) {
            part->re[i] += bare->re[i] * phase->re[i] - bare->im[i] * phase->im[i];
            part->im[i] += bare->re[i] * phase->im[i] + bare->im[i] * phase->re[i];
        }
    }
}

INLINE void add_row(double *restrict to, double factor, const double *restrict from, int count) {
    for (int i = 0; i < count; i++) to[i] += factor * from[i];
}

/* Add what the planes of a crystal contribute to by_d (to be multiplied by q), to by_q, and to the derivatives by
 * their own parameters. by_part has the derivatives of half the intensity by the parts of the crystal. */
static void finish_planes(const request *r, const block *b, int64_t crystal, const planes *all, const row *by_part,
                          double *restrict by_d, double *restrict by_q) {
    const sample *s = r->s;
    const int contrast = s->f_B >= 0 && crystal == 1, count = b->count;
    const double factor = contrast ? r->p[s->f_B] : 1.0;
    double turned[B], scattered[B];
    for (int64_t k = 0; k < s->planes; k++) {
        if (s->crystal[k] != crystal) continue;
        const row *on = &by_part[s->part[k]], *phase = &all->rows[k].phase;
        const plane *own = &all->rows[s->same_amplitude[k]];
        const double height = all->height[k], position = s->position[k];
        for (int i = 0; i < B; i++) {
            const double c = phase->re[i], sine = phase->im[i];
            const double xr = on->re[i] * c - on->im[i] * sine, xi = on->re[i] * sine + on->im[i] * c;
            const double moved = -2.0 * factor * (xr * own->bare.im[i] + xi * own->bare.re[i]);
            turned[i] = moved;
            scattered[i] = 2.0 * (xr * own->bare.re[i] - xi * own->bare.im[i]);
            by_d[i] += position * moved;
            by_q[i] += height * moved + 2.0 * factor * (xr * own->slope.re[i] - xi * own->slope.im[i]);
        }
        if (s->displacement[k] >= 0) {
            for (int i = 0; i < B; i++) turned[i] *= b->q[i];
            add_row(derivative(r, b, s->displacement[k]), s->sign[k], turned, count);
        }
        if (contrast) add_row(derivative(r, b, s->f_B), 1.0, scattered, count);
        if (s->B_factor >= 0) {
            for (int i = 0; i < B; i++) scattered[i] *= all->squared[i];
            add_row(derivative(r, b, s->B_factor), -factor, scattered, count);
        }
    }
}

/* Add the derivatives by occupancies. */
static void finish_occupancies(const request *r, const block *b, int64_t crystal, const planes *all,
                               const row *by_part) {
    const sample *s = r->s;
    const double factor = crystal == 1 ? value(r->p, s->f_B, 1.0) : 1.0;
    const double *restrict delta = r->delta + b->start;
    const int64_t step = 2 * r->n;
    for (int64_t t = 0; t < s->terms; t++) {
        const int64_t k = s->term_plane[t];
        if (s->term_occupancy[t] < 0 || s->crystal[k] != crystal) continue;
        const row *on = &by_part[s->part[k]], *phase = &all->rows[k].phase;
        const double *re = coefficients(r, b, t, 0), *im = coefficients(r, b, t, 1);
        double scattered[B];
        for (int i = 0; i < b->count; i++) {
            const double fr = amplitude(re + i, step, delta[i]), fi = amplitude(im + i, step, delta[i]);
            const double c = phase->re[i], sine = phase->im[i];
            scattered[i] = on->re[i] * (fr * c - fi * sine) - on->im[i] * (fr * sine + fi * c);
        }
        if (s->B_factor >= 0)
            for (int i = 0; i < b->count; i++) scattered[i] *= all->damping[i];
        add_row(derivative(r, b, s->term_occupancy[t]), 2.0 * factor, scattered, b->count);
    }
}
