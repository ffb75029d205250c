"""The kernel in plain C, as a baseline for the speed of the compiled kernel.

It is compiled with gcc at run time; `load` returns None without gcc. The functions have the interface
of slxrd.model.kernel. Run as a script it checks itself against 50-digit sums and times itself.
"""

from __future__ import annotations

import ctypes
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
SizeArray = NDArray[np.int64]
Derivatives = Callable[
    [FloatArray, float, float, float, SizeArray, FloatArray, FloatArray, FloatArray, int],
    tuple[FloatArray, FloatArray],
]

SOURCE = Path(__file__).with_name("stack.c")
REFERENCE = Path(__file__).parents[1] / "tests" / "helpers"


def build(folder: Path) -> Path | None:
    """Compile stack.c into a folder; None without gcc."""
    gcc = shutil.which("gcc")
    if gcc is None:
        return None
    compiled, library = folder / "stack.o", folder / "stack.so"
    options, libraries = ["-O3", "-march=native", "-ffast-math", "-fPIC"], ["-lm"]
    if platform.machine() == "x86_64":
        options, libraries = [*options, "-mprefer-vector-width=512"], ["-lmvec", "-lm"]
    subprocess.run([gcc, *options, "-c", str(SOURCE), "-o", str(compiled)], check=True)
    # Linked without -ffast-math: with it the library would switch off subnormals for all of Python.
    subprocess.run([gcc, "-shared", str(compiled), "-o", str(library), *libraries], check=True)
    return library


def load() -> Derivatives | None:
    """``derivatives(q, d, L, sigma_L, sizes, weights, weights_d_N, weights_d_sigma_N, n_coherent)``."""
    with tempfile.TemporaryDirectory() as folder:
        library = build(Path(folder))
        if library is None:
            return None
        function = ctypes.CDLL(str(library)).stack
    real, whole, array = ctypes.c_double, ctypes.c_long, ctypes.c_void_p
    function.restype = None
    function.argtypes = [
        whole,
        array,
        real,
        real,
        real,
        whole,
        whole,
        array,
        array,
        array,
        whole,
        array,
        array,
    ]

    def derivatives(
        q: FloatArray,
        d: float,
        L: float,
        sigma_L: float,
        sizes: SizeArray,
        weights: FloatArray,
        weights_d_N: FloatArray,
        weights_d_sigma_N: FloatArray,
        n_coherent: int,
    ) -> tuple[FloatArray, FloatArray]:
        inputs = [np.ascontiguousarray(a, np.float64) for a in (q, weights, weights_d_N, weights_d_sigma_N)]
        values, slopes = np.empty(q.size), np.empty((6, q.size))
        at_q, *at_weights = (a.ctypes.data for a in inputs)
        stack = (d, L, sigma_L, int(sizes[0]), sizes.size, *at_weights, n_coherent)
        function(q.size, at_q, *stack, values.ctypes.data, slopes.ctypes.data)
        return values, slopes

    return derivatives


def check(derivatives: Derivatives) -> float:
    """Largest error against 50-digit sums, in units of each row's maximum, singular points included."""
    sys.path.insert(0, str(REFERENCE))
    import reference

    worst = 0.0
    for sigma_L in (0.0, 1e-9, 1e-4, 0.05, 1.43):
        for n_coherent in (1, 2, 39, 40, 300):
            sample = reference.Sample(sigma_L=sigma_L, n_coherent=n_coherent, sizes=(12, 13, 14))
            period = 12 * sample.d + sample.L
            spots = 2 * np.pi * np.array([0, 1 / period, 5 / period, 17 / period, 1 / sample.d, 2 / sample.d])
            q = np.concatenate([*(spots + e for e in (0.0, 1e-12, 1e-8, 1e-5)), np.linspace(0.1, 2.4, 14)])
            p = reference.weights(sample)
            sizes = np.array(sample.sizes)
            values, slopes = derivatives(q, sample.d, sample.L, sigma_L, sizes, *p, n_coherent)
            expected = np.vstack(
                [reference.intensity(sample, tuple(q)), reference.derivatives(sample, tuple(q))]
            )
            error = np.max(np.abs(np.vstack([values, slopes]) - expected), axis=1)
            scale = np.max(np.abs(expected), axis=1)
            worst = max(worst, float(np.max(error / np.where(scale > 0.0, scale, 1.0))))
    return worst


def _main() -> None:
    import timeit

    derivatives = load()
    if derivatives is None:
        print("no gcc: nothing to measure")
        return
    worst = check(derivatives)
    print(f"largest error against 50-digit sums: {worst:.1e} of a row's maximum")
    if not worst < 1e-8:
        raise SystemExit("the C kernel is wrong")
    sizes = np.arange(9, 18)
    p = np.exp(-0.5 * ((sizes - 13.0) / 1.55) ** 2)
    for points in (0, 200, 348, 400):
        q = np.linspace(0.85, 1.3, points)
        arguments = (q, 5.84, 36.9, 1.43, sizes, p, p, p, 40)
        repeat = timeit.repeat(lambda a=arguments: derivatives(*a), number=500, repeat=15)
        best, middle = min(repeat) / 500 * 1e6, float(np.median(repeat)) / 500 * 1e6
        print(
            f"{points} q × {sizes.size} sizes, M = 40: I, dI and the call {best:.1f} µs (median {middle:.1f})"
        )


if __name__ == "__main__":
    _main()
