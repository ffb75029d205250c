"""Whether a chain has converged: autocorrelation time, split R-hat, agreement of its halves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.units import FloatArray

#: Autocorrelation times that a chain must be long, the split R-hat it may have, and the difference of the
#: solutions' shares between its halves, in standard deviations.
LONG_ENOUGH, WORST_RHAT, WORST_DIFFERENCE = 50.0, 1.05, 4.0
#: Share of the steps thrown away at the beginning.
DISCARDED = 0.2


def autocorrelation_time(chain: FloatArray) -> float:
    """Integrated autocorrelation time in steps of a quantity, shape (steps, walkers).

    Deviations are from the mean of all walkers, not of each as in emcee: walkers that stay each in its
    own solution are so seen to be correlated for ever. The window is Sokal's, five times the answer.
    """
    n = len(chain)
    away = chain - chain.mean()
    if not away.any():
        return float(n)
    power = np.abs(np.fft.rfft(away, 2 * n, axis=0)) ** 2
    correlation = np.fft.irfft(power.sum(axis=1))[:n] / np.arange(n, 0, -1)
    times = 2.0 * np.cumsum(correlation / correlation[0]) - 1.0
    enough = np.flatnonzero(np.arange(n) >= 5.0 * times)
    return float(max(times[enough[0]] if enough.size else times.max(), 1.0))


def split_rhat(chain: FloatArray) -> float:
    """Split R-hat of a quantity, shape (steps, walkers): 1 if all halves of all walkers agree."""
    n = len(chain) // 2
    halves = np.hstack([chain[:n], chain[n : 2 * n]])
    within = halves.var(axis=0, ddof=1).mean()
    if within == 0.0:
        return 1.0 if np.ptp(halves) == 0.0 else float("inf")
    return float(np.sqrt((n - 1) / n + halves.mean(axis=0).var(ddof=1) / within))


def judge(
    kept: int, tau: Mapping[str, float], rhat: Mapping[str, float], difference: float
) -> tuple[bool, str]:
    """Decide whether a chain has converged, and say why.

    Parameters
    ----------
    kept : int
        Steps of the chain.
    tau, rhat : mapping of str to float
        Autocorrelation time in steps, and split R-hat, of every quantity.
    difference : float
        Between the solutions' shares in the halves of the chain, in standard deviations.
    """
    slowest, worst = max(tau, key=lambda name: tau[name]), max(rhat, key=lambda name: rhat[name])
    long = kept / tau[slowest]
    length = f"{kept} steps are {long:.0f} autocorrelation times ({tau[slowest]:.0f} steps, {slowest})"
    agreement = f"split R-hat is at most {rhat[worst]:.3f} ({worst})"
    if kept < LONG_ENOUGH * tau[slowest]:
        needed = LONG_ENOUGH * tau[slowest] / (1.0 - DISCARDED)
        enough = f"{LONG_ENOUGH:.0f} are needed: take some {needed:.2g} steps"
        return False, f"not converged: {length}, {enough}"
    if rhat[worst] > WORST_RHAT:
        return False, f"not converged: {agreement}, above {WORST_RHAT}: the walkers do not agree"
    if difference > WORST_DIFFERENCE:
        return False, (
            f"not converged: the shares of the solutions differ by {difference:.1f} standard deviations "
            "between the two halves of the chain"
        )
    return True, f"converged: {length}, {agreement}, and the halves agree on the solutions"
