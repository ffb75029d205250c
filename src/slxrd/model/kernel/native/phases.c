/* Sines and cosines of many phases at once, powers of phases, and stacking sums. */
#include "core.h"

/* pi in three parts, the first two of 33 bits each, whose whole multiples are exact up to FARTHEST (the argument
 * reduction of Cody and Waite). */
#define PI_1 0x1.921fb544p+1
#define PI_2 0x1.0b4611a6p-33
#define PI_3 4.04453249759190126308e-21
#define FARTHEST (PI * 1048576.0)
/* Adding and subtracting this rounds a number to the nearest integer. */
#define ROUNDING 6755399441055744.0

/* Sine and cosine to a rounding error or two, for |x| <= FARTHEST; without a branch, so that it is vectorised.
 * The coefficients are those of sin(r)/r and cos(r) in r^2; the truncation error at r = pi/2 is below 2e-18. */
INLINE void sine_cosine(double x, double *sine, double *cosine) {
    const double half_turns = (x * (1.0 / PI) + ROUNDING) - ROUNDING;
    const double r = ((x - half_turns * PI_1) - half_turns * PI_2) - half_turns * PI_3;
    const double odd = half_turns - 2.0 * ((0.5 * half_turns + ROUNDING) - ROUNDING);
    const double sign = 1.0 - 2.0 * odd * odd, y = r * r;
    double s = 1.0 / 51090942171709440000.0; /* 1/21! */
    s = s * y - 1.0 / 121645100408832000.0;
    s = s * y + 1.0 / 355687428096000.0;
    s = s * y - 1.0 / 1307674368000.0;
    s = s * y + 1.0 / 6227020800.0;
    s = s * y - 1.0 / 39916800.0;
    s = s * y + 1.0 / 362880.0;
    s = s * y - 1.0 / 5040.0;
    s = s * y + 1.0 / 120.0;
    s = s * y - 1.0 / 6.0;
    s = s * y + 1.0;
    double c = -1.0 / 1124000727777607680000.0; /* 1/22! */
    c = c * y + 1.0 / 2432902008176640000.0;
    c = c * y - 1.0 / 6402373705728000.0;
    c = c * y + 1.0 / 20922789888000.0;
    c = c * y - 1.0 / 87178291200.0;
    c = c * y + 1.0 / 479001600.0;
    c = c * y - 1.0 / 3628800.0;
    c = c * y + 1.0 / 40320.0;
    c = c * y - 1.0 / 720.0;
    c = c * y + 1.0 / 24.0;
    c = c * y - 0.5;
    c = c * y + 1.0;
    *sine = sign * r * s;
    *cosine = sign * c;
}

/* e^{iqx} for a distance x. */
static void sines_cosines(const double *q, double distance, row *out) {
    int far = 0;
    for (int i = 0; i < B; i++) {
        sine_cosine(q[i] * distance, &out->im[i], &out->re[i]);
        far += !(fabs(q[i] * distance) <= FARTHEST);
    }
    if (far > 0)
        for (int i = 0; i < B; i++) {
            if (fabs(q[i] * distance) <= FARTHEST) continue;
            out->re[i] = cos(q[i] * distance);
            out->im[i] = sin(q[i] * distance);
        }
}

/* Raise a row to a power, by squaring; destroys the base. */
static void power_of(row *restrict base, row *restrict out, int64_t exponent) {
    for (int i = 0; i < B; i++) out->re[i] = 1.0, out->im[i] = 0.0;
    while (exponent > 0) {
        if (exponent & 1) turn(out, base);
        exponent >>= 1;
        if (exponent > 0)
            for (int i = 0; i < B; i++) {
                const double c = base->re[i], s = base->im[i];
                base->re[i] = c * c - s * s;
                base->im[i] = 2.0 * c * s;
            }
    }
}

/* Multiply the phases z by the decay of a gap; `kept` is z where z^K does not vanish, and 0 elsewhere. */
static void fade(const double *restrict q, double sigma_L, int64_t K, row *restrict z, row *restrict kept) {
    for (int i = 0; i < B; i++) {
        const double x = q[i] * sigma_L, decay = 0.5 * x * x;
        kept->re[i] = decay >= LAST_DECAY ? 0.0 : exp(-decay);
        kept->im[i] = (double)K * decay >= LAST_DECAY ? 0.0 : 1.0;
    }
    for (int i = 0; i < B; i++) {
        const double zr = kept->re[i] * z->re[i], zi = kept->re[i] * z->im[i], keep = kept->im[i];
        z->re[i] = zr, z->im[i] = zi;
        kept->re[i] = keep * zr, kept->im[i] = keep * zi;
    }
}

/* Re S and the slope z dS/dz of the stacking sum of K crystals and `beyond` more, by doubling from one to K. */
static double stacking_sum(double zr, double zi, int64_t K, double beyond, number *slope) {
    const number z = {zr, zi}, one = {1.0, 0.0};
    number A = one, dA = {0.0, 0.0}, S = {0.0, 0.0}, dS = {0.0, 0.0}, power = z;
    double m = 1.0;
    int64_t bit = 1;
    while (bit <= K) bit <<= 1;
    for (bit >>= 2; bit > 0; bit >>= 1) {
        const number grown = plus(one, power), mz = scaled(m, z);
        dS = plus(plus(times(dS, grown), scaled(m, times(power, S))), times(mz, plus(A, dA)));
        S = plus(times(S, grown), times(mz, A));
        dA = plus(times(dA, grown), scaled(m, times(power, A)));
        A = times(A, grown);
        power = times(power, power);
        m *= 2.0;
        if (K & bit) {
            dS = plus(dS, times(z, plus(A, dA)));
            S = plus(S, times(z, A));
            dA = times(z, plus(A, dA));
            A = plus(one, times(z, A));
            power = times(power, z);
            m += 1.0;
        }
    }
    *slope = plus(dS, scaled(beyond, dA));
    return S.re + beyond * (A.re - 1.0);
}

/* Stacking sum and the terms of its derivatives in closed form; without branches, so that it is vectorised.
 * z^K is zk; `square` is K^2, or 0 if K is 1. Returns whether the closed form loses digits; the values are then
 * those of an empty sum. S is Re S, and by_phase and by_decay the imaginary and the real part of z dS/dz. */
INLINE int closed_sum(double zr, double zi, double zkr, double zki, double k, double square, double beyond, double *S,
                      double *by_phase, double *by_decay) {
    const double ur = 1.0 - zr, distance = ur * ur + zi * zi;
    const int regular = distance * square >= 1.0;
    const double inverse = regular ? 1.0 / distance : 0.0, rest = regular ? beyond : 0.0;
    const double rr = ur * inverse, ri = zi * inverse;
    const double ar = 1.0 - zkr;
    const double gr = ar * rr + zki * ri, gi = ar * ri - zki * rr;
    const double tr = zr * rr - zi * ri, ti = zr * ri + zi * rr;
    *S = tr * (k - gr) + ti * gi + rest * (gr - 1.0);
    /* z dS/dz = r {t [K (1 + z^K) - g (1 + z)] + (M - K) [z g - K z^K]},  r = 1/(1 - z),  t = z r */
    const double hr = gr * zr - gi * zi, hi = gr * zi + gi * zr;
    const double br = k * (1.0 + zkr) - gr - hr, bi = k * zki - gi - hi;
    const double er = tr * br - ti * bi + rest * (hr - k * zkr);
    const double ei = tr * bi + ti * br + rest * (hi - k * zki);
    *by_phase = rr * ei + ri * er;
    *by_decay = rr * er - ri * ei;
    return !regular;
}
