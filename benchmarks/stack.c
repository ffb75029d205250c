/* Intensity of size-pure stacks and its six derivatives: plain C, as fast as we know how.
 *
 *   I(q) = sum_n P_n D_n^2 A(z_n),   D_n = sin(n x)/sin(x),  x = q d/2,
 *   A = M + 2 Re S,  S(z) = sum_{m<M} (M-m) z^m,  z_n = exp(i q ((n-1) d + L) - (q sigma_L)^2/2)
 *
 * Blocks of q inside, sizes outside, no branch in the inner loop, so that the compiler vectorises it:
 *  - D_n and dD_n/dx by the three-term recurrence, which divides by nothing;
 *  - z and z^M from size to size by one complex rotation each, z^M at the start by squaring;
 *  - five transcendental functions a point, whatever the number of sizes: sin and cos twice, one exp;
 *  - S and z S' in closed form with one division; the few points with z next to 1, where it loses its
 *    digits, are found by a running minimum and redone by a power series in ln z.
 *
 * Lengths in Angstrom, q in 1/Angstrom. Sizes are n0, n0+1, ..., n0+n_sizes-1, n0 >= 1.
 * dI holds six rows of n_q: to d, L, sigma_L, N, sigma_N, q.
 */

#include <math.h>
#include <string.h>

#define BLOCK 64
#define TERMS 16
/* |M (1-z)| below which the series is used; its last term is then below 1e-15. */
#define NEAR 0.5

typedef struct {
    double c[TERMS], b[TERMS];
} Series;

/* S = sum_k c_k lambda^k and z S' = sum_k b_k lambda^k, lambda = ln z. */
static void prepare_series(Series *s, long M)
{
    memset(s, 0, sizeof *s);
    for (long m = 1; m < M; m++) {
        double term = (double)(M - m);
        for (int k = 0; k < TERMS; k++) {
            s->c[k] += term;
            s->b[k] += term * (double)m;
            term *= (double)m / (k + 1.0);
        }
    }
}

static void series_at(const Series *s, double lr, double li, double out[4])
{
    double ar = 0, ai = 0, br = 0, bi = 0;
    for (int k = TERMS - 1; k >= 0; k--) {
        double t = ar * lr - ai * li + s->c[k];
        ai = ar * li + ai * lr;
        ar = t;
        t = br * lr - bi * li + s->b[k];
        bi = br * li + bi * lr;
        br = t;
    }
    out[0] = ar;
    out[1] = ai;
    out[2] = br;
    out[3] = bi;
}

static void power(int width, const double *restrict re, const double *restrict im, long M,
                  double *restrict outr, double *restrict outi)
{
    double br[BLOCK], bi[BLOCK];
    for (int j = 0; j < width; j++) {
        br[j] = re[j];
        bi[j] = im[j];
        outr[j] = 1.0;
        outi[j] = 0.0;
    }
    while (M) {
        if (M & 1)
            for (int j = 0; j < width; j++) {
                double t = outr[j] * br[j] - outi[j] * bi[j];
                outi[j] = outr[j] * bi[j] + outi[j] * br[j];
                outr[j] = t;
            }
        M >>= 1;
        if (M)
            for (int j = 0; j < width; j++) {
                double t = br[j] * br[j] - bi[j] * bi[j];
                bi[j] = 2.0 * br[j] * bi[j];
                br[j] = t;
            }
    }
}

typedef struct {
    double I[BLOCK], IN[BLOCK], Is[BLOCK], phase[BLOCK], phase_n[BLOCK], damp[BLOCK], form[BLOCK];
} Sums;

/* What one size adds, given D, dD/dx, S and z S'. */
#define ADD(a, j, D, E, Sr, Tr, Ti, p, pN, ps, n1)       \
    do {                                                 \
        double F2_ = (D) * (D);                          \
        double A_ = Md + 2.0 * (Sr);                     \
        double I_ = F2_ * A_;                            \
        double g_ = (p) * F2_ * -2.0 * (Ti);             \
        (a)->I[j] += (p) * I_;                           \
        (a)->IN[j] += (pN) * I_;                         \
        (a)->Is[j] += (ps) * I_;                         \
        (a)->phase[j] += g_;                             \
        (a)->phase_n[j] += g_ * (n1);                    \
        (a)->damp[j] += (p) * F2_ * 2.0 * (Tr);          \
        (a)->form[j] += (p) * 2.0 * (D) * (E) * A_;      \
    } while (0)

void stack(long n_q, const double *restrict q, double d, double L, double sigma_L, long n0, long n_sizes,
           const double *restrict P, const double *restrict P_N, const double *restrict P_s, long M,
           double *restrict I, double *restrict dI)
{
    const double Md = (double)M;
    const double near2 = (NEAR / Md) * (NEAR / Md);
    const double two_pi = 6.283185307179586476925;
    Series series;
    int have_series = 0;

    const long n_blocks = (n_q + BLOCK - 1) / BLOCK;
    for (long block = 0; block < n_blocks; block++) {
        /* Even blocks, padded to whole vectors of eight. */
        const long first = n_q * block / n_blocks;
        const int count = (int)(n_q * (block + 1) / n_blocks - first);
        const int width = (count + 7) & ~7;
        double x[BLOCK], c2[BLOCK], s2[BLOCK], er[BLOCK], ei[BLOCK];
        double zr[BLOCK], zi[BLOCK], wr[BLOCK], wi[BLOCK], rr[BLOCK], ri[BLOCK];
        double h[BLOCK], phi[BLOCK], D[BLOCK], D0[BLOCK], E[BLOCK], E0[BLOCK], miss[BLOCK];
        Sums a;
        memset(&a, 0, sizeof a);

        for (int j = 0; j < width; j++)
            x[j] = q[first + (j < count ? j : 0)];
        /* sin and cos in loops of their own: together gcc makes them sincos, which is not vectorised. */
        for (int j = 0; j < width; j++) {
            h[j] = 0.5 * x[j] * d;
            phi[j] = x[j] * ((double)(n0 - 1) * d + L);
        }
        for (int j = 0; j < width; j++)
            s2[j] = 2.0 * sin(h[j]);
        for (int j = 0; j < width; j++)
            c2[j] = 2.0 * cos(h[j]);
        for (int j = 0; j < width; j++)
            zi[j] = sin(phi[j]);
        for (int j = 0; j < width; j++)
            zr[j] = cos(phi[j]);
        for (int j = 0; j < width; j++) {
            double u = x[j] * sigma_L;
            double amplitude = exp(-0.5 * u * u);
            zr[j] *= amplitude;
            zi[j] *= amplitude;
            er[j] = 0.25 * (c2[j] - s2[j]) * (c2[j] + s2[j]);
            ei[j] = 0.5 * s2[j] * c2[j];
            D0[j] = 0.0;
            E0[j] = 0.0;
            D[j] = 1.0;
            E[j] = 0.0;
        }
        power(width, zr, zi, M, wr, wi);
        power(width, er, ei, M, rr, ri);

        for (long n = 1; n < n0; n++)
            for (int j = 0; j < width; j++) {
                double D1 = c2[j] * D[j] - D0[j];
                double E1 = c2[j] * E[j] - s2[j] * D[j] - E0[j];
                D0[j] = D[j];
                E0[j] = E[j];
                D[j] = D1;
                E[j] = E1;
            }

        for (long k = 0; k < n_sizes; k++) {
            const double p = P[k], pN = P_N[k], ps = P_s[k], n1 = (double)(n0 + k - 1);
            double closest = 1.0;
            for (int j = 0; j < width; j++) {
                double ar = 1.0 - zr[j], ai = -zi[j];
                double m2 = ar * ar + ai * ai;
                double ok = m2 > near2 ? 1.0 : 0.0;
                closest = m2 < closest ? m2 : closest;
                miss[j] = m2;
                /* u = 1/(1-z), v = z u, t = (1-z^M) u, g = M - t: S = v g,
                   z S' = u S + v (M z^M u - v t). */
                double inv = ok / (m2 > near2 ? m2 : 1.0);
                double ur = ar * inv, ui = -ai * inv;
                double vr = zr[j] * ur - zi[j] * ui, vi = zr[j] * ui + zi[j] * ur;
                double hr = 1.0 - wr[j], hi = -wi[j];
                double tr = hr * ur - hi * ui, ti = hr * ui + hi * ur;
                double gr = Md * ok - tr, gi = -ti;
                double Sr = vr * gr - vi * gi, Si = vr * gi + vi * gr;
                double yr = Md * (wr[j] * ur - wi[j] * ui) - (vr * tr - vi * ti);
                double yi = Md * (wr[j] * ui + wi[j] * ur) - (vr * ti + vi * tr);
                double Tr = ur * Sr - ui * Si + vr * yr - vi * yi;
                double Ti = ur * Si + ui * Sr + vr * yi + vi * yr;
                /* A point left to the series adds nothing here, not even its M. */
                double F = D[j] * ok, G = E[j] * ok;
                ADD(&a, j, F, G, Sr, Tr, Ti, p, pN, ps, n1);
            }
            if (closest <= near2) {
                if (!have_series) {
                    prepare_series(&series, M);
                    have_series = 1;
                }
                for (int j = 0; j < count; j++)
                    if (miss[j] <= near2) {
                        double out[4], u = x[j] * sigma_L;
                        double angle = remainder(x[j] * (n1 * d + L), two_pi);
                        series_at(&series, -0.5 * u * u, angle, out);
                        ADD(&a, j, D[j], E[j], out[0], out[2], out[3], p, pN, ps, n1);
                    }
            }
            for (int j = 0; j < width; j++) {
                double t = zr[j] * er[j] - zi[j] * ei[j];
                zi[j] = zr[j] * ei[j] + zi[j] * er[j];
                zr[j] = t;
                t = wr[j] * rr[j] - wi[j] * ri[j];
                wi[j] = wr[j] * ri[j] + wi[j] * rr[j];
                wr[j] = t;
                double D1 = c2[j] * D[j] - D0[j];
                double E1 = c2[j] * E[j] - s2[j] * D[j] - E0[j];
                D0[j] = D[j];
                E0[j] = E[j];
                D[j] = D1;
                E[j] = E1;
            }
        }

        for (int j = 0; j < count; j++) {
            const long i = first + j;
            const double damping = sigma_L * a.damp[j];
            I[i] = a.I[j];
            dI[i] = x[j] * (a.phase_n[j] + 0.5 * a.form[j]);
            dI[n_q + i] = x[j] * a.phase[j];
            dI[2 * n_q + i] = -x[j] * x[j] * damping;
            dI[3 * n_q + i] = a.IN[j];
            dI[4 * n_q + i] = a.Is[j];
            dI[5 * n_q + i] =
                d * (a.phase_n[j] + 0.5 * a.form[j]) + L * a.phase[j] - x[j] * sigma_L * damping;
        }
    }
}
