"""Time to read files of every format, large and meaningless files, and to correct a pattern."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from report import best_of, goal, heading, line, seconds

import slxrd

DATA = Path(__file__).parent.parent / "tests" / "files"


def files(rounds: int) -> None:
    """Read all sample files of the tests, and correct a pattern of 1000 points."""
    heading("Files")
    slowest, which, count = 0.0, "", 0
    for path in sorted(DATA.iterdir()):
        options = {"wavelength": "CuKa1", "axis": "2theta" if path.suffix == ".xy" else None}
        try:
            slxrd.read(path, **options)
        except slxrd.SlxrdError:
            continue
        (taken,) = best_of(rounds, lambda path=path, options=options: slxrd.read(path, **options))
        count += 1
        if taken > slowest:
            slowest, which = taken, path.name
    line("files read", str(count))
    goal(f"the slowest, {which}", slowest, seconds(slowest), at_most=0.2)
    with tempfile.TemporaryDirectory() as folder:
        large_files(Path(folder), rounds)
    counts = np.random.default_rng(0).poisson(100.0, 1000).astype(float)
    pattern = slxrd.Pattern(
        np.linspace(10.0, 60.0, 1000), counts, axis="2theta", wavelength=1.540593, per_count=1.0
    )
    (taken,) = best_of(
        rounds, lambda: slxrd.counting_statistics(slxrd.correct_lorentz_polarisation(pattern)).to_q()
    )
    goal("1000 points: Lorentz-polarisation, σ of counts, 2θ to q", taken, seconds(taken), at_most=0.001)


def large_files(folder: Path, rounds: int) -> None:
    """Compare large files with small ones, and with NumPy."""
    rows = [f"{10 + i * 0.003:.6f} {800 + i % 97}.8650" for i in range(23333)]
    text = _written(folder / "large.xy", "\n".join(["# 2theta_deg intensity", *rows]).encode())
    ours, numpys = best_of(
        rounds, lambda: slxrd.read(text, wavelength=1.5), lambda: np.loadtxt(text, unpack=True)
    )
    goal("text of 23 333 lines, over numpy.loadtxt", ours / numpys, f"{ours / numpys:.1f}", at_most=50.0)

    growth, which = 0.0, ""
    for part in (b"1 ", b"x\n", b"Z9", b"@", bytes(1)):
        small = _written(folder / "small.txt", part * 50_000)
        large = _written(folder / "large.txt", part * 200_000)
        once, four = best_of(rounds, _refused(small), _refused(large))
        if four / once > growth:
            growth, which = four / once, repr(part)
    goal(f"meaningless files: 4 times as large, most for {which}", growth, f"{growth:.1f}", at_most=10.0)

    few, many = (_scans(folder / f"{number}.xrdml", number) for number in (20, 5000))
    one, other = best_of(
        rounds,
        lambda: slxrd.read(few, scan=1, wavelength="CuKa"),
        lambda: slxrd.read(many, scan=1, wavelength="CuKa"),
    )
    growth = other / one / 250.0
    goal("first of 5 000 scans over first of 20, per scan in the file", growth, f"{growth:.2g}", at_most=1.0)


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _refused(path: Path) -> Callable[[], None]:
    def refused() -> None:
        with suppress(slxrd.SlxrdError):
            slxrd.read(path, wavelength="CuKa")

    return refused


def _scans(path: Path, number: int) -> Path:
    """Write an .xrdml file of so many scans of five points."""
    positions = "<startPosition>20</startPosition><endPosition>24</endPosition>"
    points = (
        f'<positions axis="2Theta" unit="deg">{positions}</positions>'
        '<commonCountingTime unit="seconds">1</commonCountingTime><counts unit="counts">1 2 30 4 5</counts>'
    )
    scan = f'<scan scanAxis="Gonio"><dataPoints>{points}</dataPoints></scan>'
    space = 'xmlns="http://www.xrdml.com/XRDMeasurement/1.5"'
    inside = f"<xrdMeasurement>{scan * number}</xrdMeasurement>"
    return _written(path, f"<xrdMeasurements {space}>{inside}</xrdMeasurements>".encode())
