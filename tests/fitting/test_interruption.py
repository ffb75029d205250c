"""A calculation checks several times a second whether it is still needed, whatever it is doing.

The time between two checks is processor time of the thread, which does not depend on what else is running.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.signal
import scipy.stats  # noqa: F401

import slxrd
from slxrd._interruption import Interrupted, Workers, check_interruption, interruptible
from slxrd.fitting.examples import EXAMPLES
from slxrd.fitting.uncertainty.bootstrap import bootstrap
from slxrd.fitting.uncertainty.profile.map1d import chi2_maps

FILM = Path(slxrd.__file__).parent / "io" / "examples" / "H1202_o2t_fine_002.xrdml"
#: Longest processor time in seconds without a check; about 0.15 s is usual.
BOUND = 0.8
STACK = {"d": 5.84, "L": 36.9, "sigma_L": 1.43}


def longest_without_check(calculate: Callable[[], object]) -> float:
    """Processor time in seconds of this thread between two checks, at most."""
    times = [time.thread_time()]
    with interruptible(lambda: times.append(time.thread_time())):
        calculate()
    times.append(time.thread_time())
    assert len(times) > 5
    return max(b - a for a, b in itertools.pairwise(times))


def simulated(size: float, step: float, **options: Any) -> slxrd.Pattern:
    values = {**STACK, "N": size, "sigma_N": 5.0, **options.pop("values", {})}
    return slxrd.simulate(np.arange(1.0, 1.15, step), values, noise=0.02, seed=1, **options)


def cubes() -> slxrd.Fit:
    return slxrd.fit(EXAMPLES["cspbbr3-cubes"].pattern(), **EXAMPLES["cspbbr3-cubes"].options)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["cubes", "film", "thick", "alternating"])
def test_a_fit_checks_all_the_time(case: str) -> None:
    fits: dict[str, Callable[[], object]] = {
        "cubes": cubes,
        "film": lambda: slxrd.fit(slxrd.read(FILM), budget=0.3),
        "thick": lambda: slxrd.fit(simulated(450.0, 4e-4), coherent=40, regions=[(1.0, 1.15)], budget=0.3),
        "alternating": lambda: slxrd.fit(
            simulated(40.0, 1e-3, stack="alternating", values={"d_B": 5.8, "N_B": 30.0, "sigma_N_B": 5.0}),
            stack="alternating", coherent=9, regions=[(1.0, 1.15)], budget=0.3,
            fix={"L": 36.9, "sigma_L": 1.43, "sigma_N": 5.0, "sigma_N_B": 5.0, "q_zero": 0.0},
        ),
    }  # fmt: skip
    assert longest_without_check(fits[case]) < BOUND


@pytest.mark.slow
def test_what_follows_a_fit_checks_all_the_time() -> None:
    fit = cubes()
    assert longest_without_check(lambda: bootstrap(fit, 300, workers=1)) < BOUND
    assert longest_without_check(lambda: chi2_maps(fit, ["L"])) < BOUND


def test_an_interruption_ends_the_workers() -> None:
    """What works for a calculation ends with it, and with an exception of its own."""
    seen: list[BaseException] = []

    def endless(_: int) -> None:
        try:
            while True:
                check_interruption()
                time.sleep(0.001)
        except BaseException as error:
            seen.append(error)
            raise

    def cancel() -> None:
        raise KeyboardInterrupt

    pool = Workers(2)
    with pytest.raises(KeyboardInterrupt), interruptible(cancel), pool:
        pool.apply(endless, range(5))
    pool.shutdown()  # waits for the threads
    assert [type(error) for error in seen] == [Interrupted] * len(seen)


def test_without_an_interruption_the_results_are_in_order() -> None:
    with Workers(3) as pool:
        assert pool.apply(lambda k: k**2, range(20)) == [k**2 for k in range(20)]
    with pytest.raises(ZeroDivisionError), Workers(2) as pool:
        pool.apply(lambda k: 1 // k, range(3))
