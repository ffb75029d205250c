"""Times of the kernel and of a region, compared with the published algorithm; scaling."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence

import algorithm2021
import march_native
import numpy as np
from numpy.typing import NDArray
from report import best_of, goal, heading, line, seconds

from slxrd.instrument.diffractometer import Instrument
from slxrd.model.arrays_of_stack import sample
from slxrd.model.intensity import Model
from slxrd.model.kernel.native import kernels as native
from slxrd.model.sizes import size_weights
from slxrd.sample.specification import as_crystal
from slxrd.sample.stack import Stack

#: CsPbBr3 cubes with a size distribution of nine sizes.
SAMPLE = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 0.8, "q_zero": 0.0}
PARTNER = {"d_B": 2.97, "N_B": 6.0, "sigma_N_B": 0.8}
SPACING = 0.002
#: Every evaluation has another N, as in a fit, since size weights are cached.
_SHIFTS = itertools.count()


def bare_kernel(points: int, first: int, n_sizes: int, n_coherent: int) -> Callable[[], object]:
    """The native kernel alone: intensity and six derivatives."""
    arguments = _stacks(points, first, n_sizes, n_coherent)
    return lambda: native.curves_of_sizes(*arguments)


def _stacks(points: int, first: int, n_sizes: int, n_coherent: int) -> tuple[object, ...]:
    q = np.linspace(0.9, 1.3, points)
    sizes = np.arange(first, first + n_sizes)
    p = np.exp(-0.5 * ((sizes - sizes.mean()) / (0.2 * n_sizes)) ** 2)
    return q, SAMPLE["d"], SAMPLE["L"], SAMPLE["sigma_L"], sizes, p, p, p, n_coherent


def whole_region(
    q: NDArray[np.float64], n_coherent: int = 40, sigma_G: float = 0.007
) -> Callable[[], object]:
    """A region with smearing and derivatives."""
    region = Model(Stack(n_coherent), Instrument(sigma_G)).region(q)
    return lambda: region.evaluate({**SAMPLE, "N": SAMPLE["N"] + 1e-9 * next(_SHIFTS)})


def kernel(rounds: int) -> None:
    """One evaluation compared with the two baselines."""
    heading("One evaluation: intensity and six derivatives, 200 points, 9 sizes, M = 40")
    arguments = _stacks(200, 9, 9, 40)
    nothing = (arguments[0][:0], *arguments[1:])
    in_c = march_native.load()
    if in_c is None:
        line("native kernel", seconds(*best_of(rounds, bare_kernel(200, 9, 9, 40))))
        line("no gcc: the C baseline cannot be built", "-")
    else:
        ours, call, theirs, their_call = best_of(
            rounds,
            lambda: native.curves_of_sizes(*arguments),
            lambda: native.curves_of_sizes(*nothing),
            lambda: in_c(*arguments),
            lambda: in_c(*nothing),
        )
        line("native kernel; of which the call", f"{seconds(ours)}, {seconds(call)}")
        line(
            "compiled for this processor alone; of which the call",
            f"{seconds(theirs)}, {seconds(their_call)}",
        )
        ratio = (ours - call) / (theirs - their_call)
        goal("kernel, in times gcc -O3 -march=native, without calls", ratio, f"{ratio:.2f}", at_most=1.2)

    q = 0.9 + SPACING * np.arange(200)
    kept = {**SAMPLE, "sigma_G": 0.007, "C": 20}
    ours, alone, published = best_of(
        rounds,
        whole_region(q),
        whole_region(q, sigma_G=0.0),
        lambda: algorithm2021.simulate_region(q, **kept),
    )
    sizes = [size_weights(13.0, 0.8).sizes.size, algorithm2021.size_distribution(13.0, 0.8)[0].size]
    line(f"region, resolution included ({sizes[0]} sizes)", seconds(ours))
    line("region without a resolution", seconds(alone))
    line(f"published algorithm, intensity only ({sizes[1]} sizes)", seconds(published))
    ratio = published / ours
    goal("published algorithm, in times a region with all derivatives", ratio, f"{ratio:.0f}", at_least=30)


def atoms(rounds: int) -> None:
    """Atomic crystals compared with the equal planes of the paper."""
    heading("Crystals of atoms: intensity and all derivatives, M = 40, in times equal planes")
    for points, n_sizes in ((200, 9), (1000, 9), (200, 20)):
        ratios = [
            _times_equal_planes(rounds, points, n_sizes, Stack(crystal=as_crystal(f"CsPbBr3:{surface}")))
            for surface in ("PbBr2", "CsBr", "Br")
        ]
        text = ", ".join(f"{ratio:.1f}" for ratio in ratios)
        goal(f"{points} points, {n_sizes} sizes: PbBr2, CsBr and Br surfaces", max(ratios), text, at_most=2)
    crystal = as_crystal("CsPbBr3:Br")
    others = {
        "a slab between the crystals": Stack(crystal=crystal, slab=0.3),
        "sizes mixed inside the stacks": Stack(crystal=crystal, stack="mixed"),
        "both": Stack(crystal=crystal, stack="mixed", slab=0.3),
        "M spread over 30": Stack(crystal=crystal, coherent_spread=5.0),
        "in turn with PbS, and a slab": Stack(crystal=crystal, partner=as_crystal("PbS-100"), slab=0.3),
    }
    for what, stack in others.items():
        line(f"  200 points, Br surfaces, {what}", f"{_times_equal_planes(rounds, 200, 9, stack):.1f}")


def _times_equal_planes(rounds: int, points: int, n_sizes: int, stack: Stack) -> float:
    q = np.linspace(0.9, 1.3, points)
    values = {**SAMPLE, "sigma_N": (n_sizes - 1) / 10.0, "rho": 0.3, **PARTNER}
    p = np.array([values[name] for name in stack.names])
    structure = sample(stack, q, None)
    arguments = p, q, np.zeros(points), structure, 2**62, True
    planes, ours = best_of(
        rounds,
        functools.partial(native.curves_of_sizes, *_stacks(points, 9, n_sizes, 40)),
        functools.partial(native.curves, *arguments),
    )
    return ours / planes


def scaling(rounds: int) -> None:
    """Time as a function of the size of the problem."""
    heading("Growth: bare kernel, 200 points, 9 sizes, M = 40 but for what varies")
    points = (200, 400, 800, 1600, 3200, 6400)
    slope = _table("points", points, best_of(rounds, *(bare_kernel(n, 9, 9, 40) for n in points)))
    goal("exponent in the points", slope, f"{slope:.2f}", at_most=1.05)
    sizes = (5, 10, 20, 40, 80)
    slope = _table("sizes", sizes, best_of(rounds, *(bare_kernel(200, 9, n, 40) for n in sizes)))
    goal("exponent in the sizes", slope, f"{slope:.2f}", at_most=1.05)
    heights = (10, 40, 100, 1000, 10000)
    times = best_of(rounds, *(bare_kernel(200, 9, 9, M) for M in heights))
    slope = _table("M", heights, times)
    line("exponent in M", f"{slope:.2f}")
    growth = times[-1] / times[0]
    goal(
        "growth from M = 10 to 10 000, where its logarithm grows fourfold", growth, f"{growth:.2f}", at_most=4
    )

    heading("Growth: whole region with resolution, 0.9 to 1.3 Å⁻¹")
    times = best_of(rounds, *(whole_region(np.linspace(0.9, 1.3, n)) for n in points))
    slope = _table("points", points, times)
    goal("exponent in the points", slope, f"{slope:.2f}", at_most=1.05)
    q = 0.9 + SPACING * np.arange(200)
    slope = _table("M", heights, best_of(rounds, *(whole_region(q, M) for M in heights)))
    line("exponent in M", f"{slope:.2f}")


def _table(name: str, values: Sequence[int], times: Sequence[float]) -> float:
    """Print times, return the exponent of the power law through them."""
    print(f"  {name:<8}" + "".join(f"{value:>12}" for value in values))
    print(f"  {'time':<8}" + "".join(f"{seconds(value):>12}" for value in times))
    return float(np.polyfit(np.log(values), np.log(times), 1)[0])
