/* Levenberg-Marquardt refinement of one model to many sets of intensities, with bounds and linear residuals. */
#include "core.h"

/* State of a refinement of k parameters. */
typedef struct {
    double *memory;
    double *p, *trial, *step, *g, *g_new; /* (k) */
    double *H, *H_new;                    /* (k, k), lower triangles */
    double *scratch;
    int64_t *active; /* (k) */
} state;

static int allocate_state(int64_t k, state *s) {
    s->memory = malloc((size_t)(6 * k + 2 * k * k + k * (k + 2)) * sizeof(double));
    if (s->memory == NULL) return NO_MEMORY;
    double *next = s->memory;
    s->p = next, s->trial = next + k, s->step = next + 2 * k, s->g = next + 3 * k, s->g_new = next + 4 * k;
    s->active = (int64_t *)(next + 5 * k);
    s->H = next + 6 * k, s->H_new = s->H + k * k, s->scratch = s->H_new + k * k;
    return OK;
}

/* Decrease of chi^2/2 that the quadratic model predicts for the move to the trial. */
static double predicted_decrease(const state *s, int64_t k) {
    double expected = 0.0;
    for (int64_t i = 0; i < k; i++) {
        const double moved = s->trial[i] - s->p[i];
        expected -= moved * s->g[i];
        for (int64_t j = 0; j < k; j++)
            expected -= 0.5 * moved * s->H[most(i, j) * k + least(i, j)] * (s->trial[j] - s->p[j]);
    }
    return expected;
}

static void swap(double **a, double **b) {
    double *kept = *a;
    *a = *b;
    *b = kept;
}

/* Refine from a start whose rows at the measured points are given. The result is in s->p. With r->leap the last step,
 * whose predicted decrease is within the tolerance, is taken without an evaluation. */
static int refine_one(const refinement *r, const double *start, const double *rows, const double *target,
                      const workspace *w, state *s, double *chi2, int64_t *how, int64_t *evaluations) {
    const layout *l = r->regions;
    const int64_t k = l->parameters;
    memcpy(s->p, start, (size_t)k * sizeof *start);
    *chi2 = curvature(l, rows, s->p, target, w, s->H, s->g);
    *evaluations = 1;
    *how = NOT_FINITE;
    if (!(*chi2 < INFINITY)) return OK;
    double damping = 1e-4;
    *how = OUT_OF_STEPS;
    for (int64_t round = 0; round < r->most; round++) {
        for (int64_t i = 0; i < k; i++) {
            const int outward =
                (s->p[i] <= r->lower[i] && s->g[i] > 0.0) || (s->p[i] >= r->upper[i] && s->g[i] < 0.0);
            s->active[i] = r->free[i] && !outward;
        }
        if (!damped_step(s->H, s->g, s->active, damping, k, s->scratch, s->step)) {
            damping = fmax(damping, 1e-8) * 10.0;
            continue;
        }
        int shortened = 0;
        for (int64_t i = 0; i < k; i++) {
            const double there = s->p[i] + s->step[i]; /* compared so that NaN remains NaN */
            s->trial[i] = there < r->lower[i] ? r->lower[i] : there > r->upper[i] ? r->upper[i] : there;
            shortened = shortened || s->trial[i] != there;
        }
        const double expected = predicted_decrease(s, k);
        if (expected <= r->tolerance * *chi2) {
            /* A step shortened by a bound may predict no decrease although a smaller step would. */
            if (shortened && damping < 1e8) {
                damping = fmax(damping, 1e-8) * 10.0;
                continue;
            }
            if (r->leap && expected > 0.0) {
                swap(&s->p, &s->trial);
                *chi2 -= 2.0 * expected;
            }
            *how = CONVERGED;
            return OK;
        }
        ++*evaluations;
        const int status = at_points(r, s->trial, 1 + k, w, w->rows);
        if (status == NO_MEMORY) return status;
        const double new = status == OK ? curvature(l, w->rows, s->trial, target, w, s->H_new, s->g_new) : INFINITY;
        if (new < *chi2) {
            damping *= *chi2 - new > expected ? 0.1 : 0.3;
            *chi2 = new;
            swap(&s->p, &s->trial);
            swap(&s->H, &s->H_new);
            swap(&s->g, &s->g_new);
        } else {
            damping = fmax(damping, 1e-8) * 10.0;
            if (damping > 1e10) {
                *how = CONVERGED;
                return OK;
            }
        }
    }
    return OK;
}

/* Order of increasing values; NaN is last. */
static void order(const double *values, int64_t n, int64_t *index) {
    for (int64_t i = 0; i < n; i++) {
        int64_t j = i;
        for (; j > 0 && (values[index[j - 1]] > values[i] || (isnan(values[index[j - 1]]) && !isnan(values[i]))); j--)
            index[j] = index[j - 1];
        index[j] = i;
    }
}

/* Refine every set of intensities from every start, and keep the best of each: values (n_sets, k); chi2, how it ended,
 * the index of its start, and the number of evaluations (n_sets). A start is not refined if its chi^2 exceeds the
 * lowest found from another by more than r->hopeless. */
static int refine_many(const refinement *r, const double *starts, int64_t n_starts, const double *targets,
                       int64_t n_sets, double *values, double *chi2, int64_t *how, int64_t *start,
                       int64_t *evaluations) {
    const layout *l = r->regions;
    const int64_t k = l->parameters, n = l->points, size = (1 + k) * n;
    workspace w = {0};
    state s = {0};
    int status = allocate(l, &w);
    if (status != OK) return status;
    double *known = malloc((size_t)(n_starts * (size + 1)) * sizeof *known);
    int64_t *index = malloc((size_t)n_starts * sizeof *index);
    status = allocate_state(k, &s);
    if (known == NULL || index == NULL) status = NO_MEMORY;
    double *heights = known == NULL ? NULL : known + n_starts * size;
    prepare(l, &w);
    for (int64_t i = 0; i < n_starts && status == OK; i++)
        status = at_points(r, starts + i * k, 1 + k, &w, known + i * size);
    for (int64_t set = 0; set < n_sets && status == OK; set++) {
        const double *target = targets + set * n;
        prepare_target(l, target, &w);
        for (int64_t i = 0; i < n_starts; i++)
            heights[i] = curvature(l, known + i * size, starts + i * k, target, &w, s.H, s.g);
        order(heights, n_starts, index);
        chi2[set] = INFINITY, how[set] = NOT_FINITE, start[set] = 0, evaluations[set] = 0;
        memcpy(values + set * k, starts, (size_t)k * sizeof *values);
        for (int64_t j = 0; j < n_starts && status == OK; j++) {
            const int64_t i = index[j];
            if (heights[i] > chi2[set] + r->hopeless) break;
            double found;
            int64_t ending, count;
            status = refine_one(r, starts + i * k, known + i * size, target, &w, &s, &found, &ending, &count);
            evaluations[set] += count;
            if (status == OK && found < chi2[set]) {
                memcpy(values + set * k, s.p, (size_t)k * sizeof *values);
                chi2[set] = found, how[set] = ending, start[set] = i;
            }
        }
    }
    free(s.memory);
    free(index);
    free(known);
    free(w.memory);
    return status;
}
