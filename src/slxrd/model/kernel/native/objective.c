/* Chi^2 of a model and its curvature; scale and background of every region are at their best values (variable
 * projection), and correlated errors are made independent by the rows of `whitening`. */
#include "core.h"

/* Memory of an evaluation; k parameters, m grid points, n points, b shapes, r regions, w rows of correlated errors. */
typedef struct {
    double *memory;
    double *q, *delta;              /* (m) */
    double *on_grid;                /* (1 + k, m) */
    double *rows;                   /* (1 + k, n): at the measured points, times root */
    double *own, *left, *shapes;    /* (1 + k, n), (n), (b, n): copies that are changed */
    double *columns, *norms;        /* (r (1 + b), n), (r (1 + b)) */
    double *products, *found, *right;
    double *gram, *choice;          /* (c, c), (4, c) of c = r (1 + b) columns */
    double *white_basis, *white_target; /* (r b, n), (n): with independent errors */
} workspace;

static int allocate(const layout *l, workspace *w) {
    const size_t k = (size_t)l->parameters + 1, m = (size_t)l->grid_points, n = (size_t)l->points;
    const size_t b = (size_t)l->shapes, c = (size_t)l->regions * (1 + b);
    const size_t white = l->correlated > 0 ? n : 0;
    const size_t sizes[] = {m, m, k * m, k * n, k * n, n, b * n, c * white, c, c * c, c, c, c * white, white, c * c, 4 * c};
    double **places[] = {&w->q,       &w->delta, &w->on_grid,  &w->rows,  &w->own,   &w->left,        &w->shapes,
                         &w->columns, &w->norms, &w->products, &w->found, &w->right, &w->white_basis, &w->white_target,
                         &w->gram,    &w->choice};
    size_t total = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) total += sizes[i];
    w->memory = malloc(total * sizeof(double));
    if (w->memory == NULL) return NO_MEMORY;
    double *next = w->memory;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; next += sizes[i++]) *places[i] = next;
    return OK;
}

/* Make the errors of a row independent, in place; the row is 0 outside the points from `begin` to `end`. */
static void whiten(const layout *l, double *a, int64_t begin, int64_t end) {
    double overlap[64];
    for (int64_t first = 0; first < l->correlated; first += 64) { /* the rows of `whitening` are orthogonal */
        const int64_t count = least(64, l->correlated - first);
        const double *V = l->whitening + first * l->points;
        dot_rows(V + begin, l->points, count, a + begin, end - begin, overlap);
        subtract_rows(a, overlap, V, l->points, count, l->points);
        begin = 0, end = l->points; /* where the row is no longer 0 */
    }
}

/* The first `count` rows of intensity and derivatives at the measured points, times `root`. */
static int at_points(const refinement *r, const double *p, int64_t count, const workspace *w, double *rows) {
    const layout *l = r->regions;
    const int64_t m = l->grid_points, n = l->points;
    double distance;
    request input = {r->s, p, l->parameters, w->q, w->delta, m, 0, count > 1, w->on_grid};
    int status = reach(p, r->s, r->longest, &distance, &input.pairs);
    if (status != OK) return status;
    for (int64_t i = 0; i < m; i++) {
        w->delta[i] = p[Q_ZERO] * l->shift[i];
        w->q[i] = l->grid[i] + w->delta[i];
    }
    status = curves(&input);
    if (status != OK) return status;
    if (count > 1)
        for (int64_t i = 0; i < m; i++) w->on_grid[(1 + Q_ZERO) * m + i] *= l->shift[i];
    if (l->width > 1)
        smear(w->on_grid, count, m, l->first, l->band, l->width, n, rows);
    else
        for (int64_t j = 0; j < count; j++) memcpy(rows + j * n, w->on_grid + j * m, (size_t)n * sizeof *rows);
    for (int64_t j = 0; j < count; j++)
        for (int64_t i = 0; i < n; i++) rows[j * n + i] *= l->root[i];
    return OK;
}

/* Calculate what does not change in a refinement: the background shapes with independent errors. */
static void prepare(const layout *l, const workspace *w) {
    if (l->correlated == 0) return;
    const int64_t n = l->points;
    memset(w->white_basis, 0, (size_t)(l->regions * l->shapes * n) * sizeof(double));
    for (int64_t r = 0; r < l->regions; r++)
        for (int64_t b = 0; b < l->shapes; b++) {
            const int64_t begin = l->ends[r], end = l->ends[r + 1];
            double *row = w->white_basis + (r * l->shapes + b) * n;
            memcpy(row + begin, (l->positive ? l->bounded : l->basis) + b * n + begin, (size_t)(end - begin) * sizeof *row);
            whiten(l, row, begin, end);
        }
}

/* Calculate what does not change for a set of intensities: itself with independent errors. */
static void prepare_target(const layout *l, const double *target, const workspace *w) {
    if (l->correlated == 0) return;
    memcpy(w->white_target, target, (size_t)l->points * sizeof *target);
    whiten(l, w->white_target, 0, l->points);
}

static background background_of(const layout *l, int64_t region) {
    const int64_t a = l->ends[region];
    return (background){l->shapes,      l->ends[region + 1] - a, l->points,
                        l->basis + a,   l->bounded + a,          l->inverse + region * l->shapes * l->shapes};
}

/* Whether all background shapes of a region are free. */
static int is_free(const layout *l, const background *b, const double *model, const double *target) {
    return !l->positive || b->shapes == 0 || all_positive(b, model, target);
}

/* Copy `count` rows of a region to w->own and the target to w->left, both without what the background explains. */
static void without_background(const layout *l, int64_t region, const double *rows, int64_t count,
                               const double *target, const workspace *w) {
    const int64_t a = l->ends[region], n = l->ends[region + 1] - a;
    for (int64_t j = 0; j < count; j++) memcpy(w->own + j * n, rows + j * l->points + a, (size_t)n * sizeof *rows);
    memcpy(w->left, target + a, (size_t)n * sizeof *target);
    const background b = background_of(l, region);
    const int all = is_free(l, &b, w->own, w->left);
    const int64_t shapes = all ? b.shapes : positive_background(&b, w->own, w->left, w->shapes);
    for (int64_t c = 0; c < shapes; c++) {
        const double *shape = all ? b.basis + c * b.stride : w->shapes + c * n;
        add_times(w->left, -dot(shape, w->left, n), shape, n);
        for (int64_t j = 0; j < count; j++) add_times(w->own + j * n, -dot(shape, w->own + j * n, n), shape, n);
    }
}

/* Add the curvature and gradient of chi^2/2 of a region, and return its chi^2. */
static double add_region(const layout *l, int64_t region, const double *rows, const double *target, const workspace *w,
                         double *H, double *g) {
    const int64_t n = l->ends[region + 1] - l->ends[region], k = l->parameters;
    without_background(l, region, rows, 1 + k, target, w);
    const double *model = w->own;
    const double norm = dot(model, model, n), scale = dot(model, w->left, n) / norm;
    add_times(w->left, -scale, model, n);
    for (int64_t j = 0; j < k; j++) {
        double *slope = w->own + (1 + j) * n;
        const double along = dot(model, slope, n) / norm;
        for (int64_t i = 0; i < n; i++) slope[i] = scale * (slope[i] - model[i] * along);
    }
    for (int64_t j = 0; j < k; j++) {
        const double *slope = w->own + (1 + j) * n;
        g[j] -= dot(slope, w->left, n);
        for (int64_t i = 0; i <= j; i++) H[j * k + i] += dot(slope, w->own + (1 + i) * n, n);
    }
    return dot(w->left, w->left, n);
}

/* Fill a row of w->columns with a row of a region, with independent errors. */
static void put_column(const layout *l, int64_t region, const double *values, int64_t index, const workspace *w) {
    const int64_t begin = l->ends[region], end = l->ends[region + 1];
    double *column = w->columns + index * l->points;
    memset(column, 0, (size_t)l->points * sizeof *column);
    memcpy(column + begin, values, (size_t)(end - begin) * sizeof *column);
    whiten(l, column, begin, end);
}

/* Fill w->columns with curves and background shapes of all regions, independent and of unit length, and w->norms;
 * returns their number. */
static int64_t linear_columns(const layout *l, const double *model, const workspace *w) {
    const int64_t n = l->points, shapes = l->regions * l->shapes, count = l->regions + shapes;
    for (int64_t r = 0; r < l->regions; r++) put_column(l, r, model + l->ends[r], r, w);
    memcpy(w->columns + l->regions * n, w->white_basis, (size_t)(shapes * n) * sizeof(double));
    for (int64_t j = 0; j < count; j++) {
        double *column = w->columns + j * n;
        w->norms[j] = sqrt(dot(column, column, n));
        for (int64_t i = 0; i < n; i++) column[i] /= w->norms[j];
    }
    return count;
}

/* Keep the columns whose coefficients are not zero where those of background shapes may not be negative, and the
 * products of these; returns their number. */
static int64_t keep_positive(const layout *l, int64_t count, const workspace *w) {
    const int64_t n = l->points;
    double *index = w->choice + 3 * count;
    const double smallest = 1e-12 * sqrt(dot(w->white_target, w->white_target, n));
    const int64_t kept = nonnegative(w->gram, w->right, count, l->regions, smallest, w->products, w->choice, index);
    for (int64_t a = 0; a < kept; a++) {
        const int64_t from = (int64_t)index[a];
        if (from != a) memcpy(w->columns + a * n, w->columns + from * n, (size_t)n * sizeof(double));
        w->norms[a] = w->norms[from];
        w->found[a] = w->right[from];
        for (int64_t b = 0; b <= a; b++) w->products[a * kept + b] = w->gram[from * count + (int64_t)index[b]];
    }
    return kept;
}

/* Fill w->left with the independent residual, all linear coefficients at the minimum; w->found with these, and
 * w->products with the factor of the columns' products. Returns the number of columns. */
static int64_t correlated_residual(const layout *l, const double *model, const workspace *w) {
    const int64_t n = l->points;
    int64_t count = linear_columns(l, model, w);
    memcpy(w->left, w->white_target, (size_t)n * sizeof *w->left);
    dot_rows(w->columns, n, count, w->left, n, w->right);
    for (int64_t j = 0; j < count; j++) dot_rows(w->columns, n, 1 + j, w->columns + j * n, n, w->gram + j * count);
    memcpy(w->products, w->gram, (size_t)(count * count) * sizeof *w->gram);
    memcpy(w->found, w->right, (size_t)count * sizeof *w->right);
    factorise(w->products, count, 1e-14);
    solve(w->products, count, w->found);
    int negative = 0;
    for (int64_t j = l->regions; j < count; j++) negative |= w->found[j] < 0.0;
    if (l->positive && negative) {
        count = keep_positive(l, count, w);
        factorise(w->products, count, 1e-14);
        solve(w->products, count, w->found);
    }
    for (int64_t j = 0; j < count; j++) {
        add_times(w->left, -w->found[j], w->columns + j * n, n);
        w->found[j] /= w->norms[j];
    }
    return count;
}

/* Add the curvature and gradient of chi^2/2 of all regions with correlated errors, and return their chi^2. */
static double add_correlated(const layout *l, const double *rows, const workspace *w, double *H, double *g) {
    const int64_t n = l->points, k = l->parameters, count = correlated_residual(l, rows, w);
    for (int64_t j = 0; j < k; j++) {
        double *slope = w->own + j * n;
        for (int64_t r = 0; r < l->regions; r++)
            for (int64_t i = l->ends[r]; i < l->ends[r + 1]; i++) slope[i] = w->found[r] * rows[(1 + j) * n + i];
        whiten(l, slope, 0, n);
        dot_rows(w->columns, n, count, slope, n, w->right);
        solve(w->products, count, w->right);
        subtract_rows(slope, w->right, w->columns, n, count, n);
        g[j] -= dot(slope, w->left, n);
        dot_rows(w->own, n, 1 + j, slope, n, H + j * k); /* the row is 0 before */
    }
    return dot(w->left, w->left, n);
}

/* Chi^2 of the priors; with H its curvature and gradient are added. */
static double add_priors(const layout *l, const double *p, double *H, double *g) {
    double chi2 = 0.0;
    for (int64_t j = 0; j < l->parameters; j++) {
        const double away = p[j] - l->prior_mean[j], weight = l->prior_weight[j];
        if (H != NULL) {
            H[j * l->parameters + j] += weight;
            g[j] += weight * away;
        }
        chi2 += weight * away * away;
    }
    return chi2;
}

/* Fill the lower triangle H of the curvature of chi^2/2 and its gradient g, and return chi^2. */
static double curvature(const layout *l, const double *rows, const double *p, const double *target, const workspace *w,
                        double *H, double *g) {
    const int64_t k = l->parameters;
    double chi2 = 0.0;
    memset(H, 0, (size_t)(k * k) * sizeof *H);
    memset(g, 0, (size_t)k * sizeof *g);
    if (l->correlated > 0)
        chi2 = add_correlated(l, rows, w, H, g);
    else
        for (int64_t r = 0; r < l->regions; r++) chi2 += add_region(l, r, rows, target, w, H, g);
    return chi2 + add_priors(l, p, H, g);
}

/* Chi^2 alone. */
static double misfit(const layout *l, const double *model, const double *p, const double *target, const workspace *w) {
    double chi2 = add_priors(l, p, NULL, NULL);
    if (l->correlated > 0) {
        correlated_residual(l, model, w);
        return chi2 + dot(w->left, w->left, l->points);
    }
    for (int64_t r = 0; r < l->regions; r++) {
        const int64_t n = l->ends[r + 1] - l->ends[r];
        without_background(l, r, model, 1, target, w);
        const double along = dot(w->own, w->left, n);
        chi2 += dot(w->left, w->left, n) - along * along / dot(w->own, w->own, n);
    }
    return chi2;
}

/* Chi^2 of one set of intensities at `count` points, each of k parameters; the first `done` are known. */
static int chi2_of(const refinement *r, const double *points, int64_t count, const double *target, double *chi2,
                   int64_t *done) {
    const clock_t begin = clock();
    workspace w = {0};
    int status = allocate(r->regions, &w);
    if (status != OK) return status;
    prepare(r->regions, &w);
    prepare_target(r->regions, target, &w);
    while (*done < count && status == OK) {
        const double *p = points + *done * r->regions->parameters;
        status = at_points(r, p, 1, &w, w.rows);
        if (status == OK) chi2[(*done)++] = misfit(r->regions, w.rows, p, target, &w);
        if (status == OK && *done < count && is_long_since(begin)) status = PAUSED;
    }
    free(w.memory);
    return status;
}
