/* Levenberg-Marquardt refinement of one model to many sets of intensities, with bounds and linear residuals. */
#include "core.h"

/* State of a refinement of k parameters. */
typedef struct {
    double *memory;
    double *p, *trial, *step, *g, *g_new; /* (k) */
    double *H, *H_new;                    /* (k, k), lower triangles */
    double *scratch;
    int64_t *active; /* (k) */
    double damping, chi2;
    int64_t round, how, evaluations; /* `how` it ended is undecided while it is running */
    int running;
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

/* Begin a refinement from a start whose rows at the measured points are given. */
static void begin_one(const layout *l, const double *start, const double *rows, const double *target,
                      const workspace *w, state *s) {
    memcpy(s->p, start, (size_t)l->parameters * sizeof *start);
    s->chi2 = curvature(l, rows, s->p, target, w, s->H, s->g);
    s->evaluations = 1;
    s->round = 0;
    s->damping = 1e-4;
    s->running = s->chi2 < INFINITY;
    s->how = s->running ? OUT_OF_STEPS : NOT_FINITE;
}

/* End a refinement at the minimum. */
static int converged(state *s) {
    s->how = CONVERGED;
    s->running = 0;
    return OK;
}

/* Continue a refinement until it ends or must pause. The result is in s->p. With r->leap the last step, whose
 * predicted decrease is within the tolerance, is taken without an evaluation. */
static int refine_one(const refinement *r, const double *target, const workspace *w, state *s, clock_t begin) {
    const layout *l = r->regions;
    const int64_t k = l->parameters;
    for (; s->running && s->round < r->most; s->round++) {
        if (is_long_since(begin)) return PAUSED;
        for (int64_t i = 0; i < k; i++) {
            const int outward =
                (s->p[i] <= r->lower[i] && s->g[i] > 0.0) || (s->p[i] >= r->upper[i] && s->g[i] < 0.0);
            s->active[i] = r->free[i] && !outward;
        }
        if (!damped_step(s->H, s->g, s->active, s->damping, k, s->scratch, s->step)) {
            s->damping = fmax(s->damping, 1e-8) * 10.0;
            continue;
        }
        int shortened = 0;
        for (int64_t i = 0; i < k; i++) {
            const double there = s->p[i] + s->step[i]; /* compared so that NaN remains NaN */
            s->trial[i] = there < r->lower[i] ? r->lower[i] : there > r->upper[i] ? r->upper[i] : there;
            shortened = shortened || s->trial[i] != there;
        }
        const double expected = predicted_decrease(s, k);
        if (expected <= r->tolerance * s->chi2) {
            /* A step shortened by a bound may predict no decrease although a smaller step would. */
            if (shortened && s->damping < 1e8) {
                s->damping = fmax(s->damping, 1e-8) * 10.0;
                continue;
            }
            if (r->leap && expected > 0.0) {
                swap(&s->p, &s->trial);
                s->chi2 -= 2.0 * expected;
            }
            return converged(s);
        }
        s->evaluations++;
        const int status = at_points(r, s->trial, 1 + k, w, w->rows);
        if (status == NO_MEMORY) return status;
        const double new = status == OK ? curvature(l, w->rows, s->trial, target, w, s->H_new, s->g_new) : INFINITY;
        if (new < s->chi2) {
            s->damping *= s->chi2 - new > expected ? 0.1 : 0.3;
            s->chi2 = new;
            swap(&s->p, &s->trial);
            swap(&s->H, &s->H_new);
            swap(&s->g, &s->g_new);
        } else {
            s->damping = fmax(s->damping, 1e-8) * 10.0;
            if (s->damping > 1e10) return converged(s);
        }
    }
    s->running = 0;
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

/* A call of refine_many, with where it paused. */
typedef struct {
    workspace w;
    state s;
    double *known, *heights; /* rows and chi^2 of each start */
    int64_t *index;          /* the starts, that of the lowest chi^2 first */
    int64_t prepared, set, place;
} refinements;

static void end_refinements(void *paused) {
    refinements *all = paused;
    if (all == NULL) return;
    free(all->s.memory);
    free(all->index);
    free(all->known);
    free(all->w.memory);
    free(all);
}

static refinements *begin_refinements(const layout *l, int64_t n_starts) {
    const int64_t size = (1 + l->parameters) * l->points;
    refinements *all = calloc(1, sizeof *all);
    if (all == NULL) return NULL;
    all->place = -1;
    all->known = malloc((size_t)(n_starts * (size + 1)) * sizeof *all->known);
    all->index = malloc((size_t)n_starts * sizeof *all->index);
    if (all->known == NULL || all->index == NULL || allocate(l, &all->w) != OK ||
        allocate_state(l->parameters, &all->s) != OK) {
        end_refinements(all);
        return NULL;
    }
    all->heights = all->known + n_starts * size;
    prepare(l, &all->w);
    return all;
}

/* Refine every set of intensities from every start, and keep the best of each: values (n_sets, k); chi2, how it ended,
 * the index of its start, and the number of evaluations (n_sets). A start is not refined if its chi^2 exceeds the
 * lowest found from another by more than r->hopeless. *paused is NULL at first; after PAUSED the function is called
 * again with the same arguments, or end_refinements. */
static int refine_many(const refinement *r, const double *starts, int64_t n_starts, const double *targets,
                       int64_t n_sets, double *values, double *chi2, int64_t *how, int64_t *start,
                       int64_t *evaluations, void **paused) {
    const clock_t begin = clock();
    const layout *l = r->regions;
    const int64_t k = l->parameters, n = l->points, size = (1 + k) * n;
    refinements *all = *paused == NULL ? begin_refinements(l, n_starts) : *paused;
    if (all == NULL) return NO_MEMORY;
    state *s = &all->s;
    int status = OK;
    while (all->prepared < n_starts && status == OK) {
        status = at_points(r, starts + all->prepared * k, 1 + k, &all->w, all->known + all->prepared * size);
        all->prepared++;
        if (status == OK && is_long_since(begin)) status = PAUSED;
    }
    for (; all->set < n_sets && status == OK; all->set++) {
        const int64_t set = all->set;
        const double *target = targets + set * n;
        if (all->place < 0) {
            prepare_target(l, target, &all->w);
            for (int64_t i = 0; i < n_starts; i++)
                all->heights[i] = curvature(l, all->known + i * size, starts + i * k, target, &all->w, s->H, s->g);
            order(all->heights, n_starts, all->index);
            chi2[set] = INFINITY, how[set] = NOT_FINITE, start[set] = 0, evaluations[set] = 0;
            memcpy(values + set * k, starts, (size_t)k * sizeof *values);
            all->place = 0;
        }
        for (; all->place < n_starts; all->place++) {
            const int64_t i = all->index[all->place];
            if (!s->running) {
                if (all->heights[i] > chi2[set] + r->hopeless) break;
                begin_one(l, starts + i * k, all->known + i * size, target, &all->w, s);
            }
            status = refine_one(r, target, &all->w, s, begin);
            if (status != OK) break;
            evaluations[set] += s->evaluations;
            if (s->chi2 < chi2[set]) {
                memcpy(values + set * k, s->p, (size_t)k * sizeof *values);
                chi2[set] = s->chi2, how[set] = s->how, start[set] = i;
            }
        }
        if (status != OK) break;
        all->place = -1;
    }
    *paused = status == PAUSED ? all : NULL;
    if (status != PAUSED) end_refinements(all);
    return status;
}
