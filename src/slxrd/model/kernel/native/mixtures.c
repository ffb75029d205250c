/* Linear least squares of a stack, a substrate and their interference within |c|^2 <= ab;
 * fitting/search/film/interfering.py has the same in NumPy, with the formulas.
 */
#include "core.h"

#define SIZE 4
/* As LEAST_DIFFERENCE and BISECTIONS in NumPy. */
#define LEAST_LENGTH 1e-12
#define HALVINGS 60
#define MOST_SWEEPS 20

/* Eigenvalues of a symmetric matrix, which is destroyed, and eigenvectors as rows, by the method of Jacobi. */
static void eigen(double a[SIZE][SIZE], double values[SIZE], double vectors[SIZE][SIZE]) {
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) vectors[i][j] = i == j;
    for (int sweep = 0; sweep < MOST_SWEEPS; sweep++) {
        double off = 0.0, all = 0.0;
        for (int i = 0; i < SIZE; i++)
            for (int j = 0; j < SIZE; j++) {
                all += a[i][j] * a[i][j];
                if (i != j) off += a[i][j] * a[i][j];
            }
        if (!(off > 1e-32 * all)) break;
        for (int p = 0; p < SIZE - 1; p++)
            for (int q = p + 1; q < SIZE; q++) {
                if (a[p][q] == 0.0) continue;
                const double half = 0.5 * (a[q][q] - a[p][p]) / a[p][q];
                const double t = (half >= 0.0 ? 1.0 : -1.0) / (fabs(half) + sqrt(half * half + 1.0));
                const double c = 1.0 / sqrt(t * t + 1.0), s = t * c;
                for (int k = 0; k < SIZE; k++) {
                    const double x = a[k][p], y = a[k][q];
                    a[k][p] = c * x - s * y;
                    a[k][q] = s * x + c * y;
                }
                for (int k = 0; k < SIZE; k++) {
                    const double x = a[p][k], y = a[q][k], u = vectors[p][k], v = vectors[q][k];
                    a[p][k] = c * x - s * y;
                    a[q][k] = s * x + c * y;
                    vectors[p][k] = c * u - s * v;
                    vectors[q][k] = s * u + c * v;
                }
                a[p][q] = a[q][p] = 0.0; /* apart from rounding */
            }
    }
    for (int i = 0; i < SIZE; i++) values[i] = a[i][i];
}

/* x^T B x at a multiplier, in coordinates in which B is diagonal. */
static double violation(const double *curvature, const double *place, double multiplier) {
    double sum = 0.0;
    for (int i = 0; i < SIZE; i++) {
        const double x = place[i] / (1.0 + multiplier * curvature[i]);
        sum += curvature[i] * x * x;
    }
    return sum;
}

/* The multiplier of the bound; 0 where it is not reached. */
static double multiplier_of(const double *curvature, const double *place) {
    if (!(violation(curvature, place, 0.0) > 0.0)) return 0.0;
    double least_curvature = curvature[0];
    for (int i = 1; i < SIZE; i++) least_curvature = fmin(least_curvature, curvature[i]);
    double low = 0.0, high = -1.0 / fmin(least_curvature, -1e-300);
    for (int k = 0; k < HALVINGS; k++) {
        const double middle = 0.5 * (low + high);
        if (violation(curvature, place, middle) > 0.0) low = middle;
        else high = middle;
    }
    return low;
}

/* The coefficients of the columns of one stack; returns the gain. */
static double best_mixture(const double *gram, const double *along, double *coefficients) {
    static const double form[SIZE][SIZE] = {{0, 0, 0, -0.5}, {0, 0.25, 0, 0}, {0, 0, 0.25, 0}, {-0.5, 0, 0, 0}};
    double size[SIZE], a[SIZE][SIZE], bound[SIZE][SIZE], lengths[SIZE], vectors[SIZE][SIZE], largest = 0.0;
    for (int i = 0; i < SIZE; i++) size[i] = gram[(SIZE + 1) * i] > 0.0 ? sqrt(gram[(SIZE + 1) * i]) : 1.0;
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            a[i][j] = gram[SIZE * i + j] / (size[i] * size[j]);
            bound[i][j] = form[i][j] / (size[i] * size[j]);
            largest = fmax(largest, fabs(bound[i][j]));
        }
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) bound[i][j] /= largest;
    eigen(a, lengths, vectors);
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) vectors[i][j] /= sqrt(fmax(lengths[i], LEAST_LENGTH));
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            double sum = 0.0;
            for (int k = 0; k < SIZE; k++)
                for (int l = 0; l < SIZE; l++) sum += vectors[i][k] * bound[k][l] * vectors[j][l];
            a[i][j] = sum;
        }
    double curvature[SIZE], turned[SIZE][SIZE], axes[SIZE][SIZE], place[SIZE];
    eigen(a, curvature, turned);
    for (int i = 0; i < SIZE; i++) {
        place[i] = 0.0;
        for (int j = 0; j < SIZE; j++) {
            axes[i][j] = 0.0;
            for (int k = 0; k < SIZE; k++) axes[i][j] += turned[i][k] * vectors[k][j];
            place[i] += axes[i][j] * along[j] / size[j];
        }
    }
    const double multiplier = multiplier_of(curvature, place);
    double gain = 0.0;
    for (int j = 0; j < SIZE; j++) {
        coefficients[j] = 0.0;
        for (int i = 0; i < SIZE; i++) coefficients[j] += axes[i][j] * place[i] / (1.0 + multiplier * curvature[i]);
        coefficients[j] /= size[j];
        gain += 2.0 * coefficients[j] * along[j];
    }
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) gain -= coefficients[i] * gram[SIZE * i + j] * coefficients[j];
    return coefficients[0] > 0.0 ? fmax(gain, 0.0) : 0.0;
}

/* gram: (count, 4, 4); along and coefficients: (count, 4); gain: (count). */
static void best_mixtures(const double *gram, const double *along, int64_t count, double *gain, double *coefficients) {
    for (int64_t k = 0; k < count; k++)
        gain[k] = best_mixture(gram + SIZE * SIZE * k, along + SIZE * k, coefficients + SIZE * k);
}
