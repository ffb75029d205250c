"""What is handed to other processes arrives there as it was: pickle and copy of all that slxrd gives."""

import copy
import pickle
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import slxrd
from slxrd._files import write
from slxrd.data.baseline import subtract_background
from slxrd.data.decomposition.decompose import decompose
from slxrd.data.repeats import fluctuation
from slxrd.errors import FileError
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.record.state import State
from slxrd.fitting.uncertainty.bootstrap import bootstrap
from slxrd.fitting.uncertainty.profile.likelihood import profile
from slxrd.fitting.uncertainty.profile.map1d import chi2_map
from slxrd.instrument.diffractometer import Instrument
from slxrd.io.shared.binary import TruncatedFile
from slxrd.model.intensity import Model
from slxrd.model.sizes import size_weights
from slxrd.sample.specification import as_stack

START = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5}
ROUND_TRIPS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "oldest pickle": lambda value: pickle.loads(pickle.dumps(value, protocol=2)),
    "deepcopy": copy.deepcopy,
}


def same(one: Any, other: Any, where: str = "it", seen: set[int] | None = None) -> None:
    """Hold two objects to be alike in every part: types, numbers to the last bit, and what is read-only."""
    seen = set() if seen is None else seen
    if id(one) in seen:
        return
    seen.add(id(one))
    assert type(one) is type(other), where
    if isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other, err_msg=where)
        assert one.dtype == other.dtype
        assert one.flags.writeable == other.flags.writeable, f"{where} may be written to"
    elif isinstance(one, Mapping):
        assert list(one) == list(other), where
        for key in one:
            same(one[key], other[key], f"{where}[{key!r}]", seen)
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            same(a, b, f"{where}[{i}]", seen)
    elif hasattr(one, "__dict__") and not isinstance(one, type) and not callable(one):
        same(vars(one), vars(other), f"vars of {where}", seen)
    elif isinstance(one, float):
        assert one == other or (one != one and other != other), where
    elif not callable(one):
        assert one == other, where


def cubes(**choices: Any) -> slxrd.Fit:
    options = {"start": START, **choices}
    return slxrd.fit(slxrd.example("cspbbr3-cubes").pattern(), regions=[(0.9, 1.25)], **options)


@pytest.fixture(scope="module")
def fit() -> slxrd.Fit:
    return cubes()


TIED = {name: value for name, value in START.items() if name != "sigma_N"}
FITS: dict[str, dict[str, Any]] = {
    "linear": {},
    "peak": {"scale": "peak", "background": "constant"},
    "log": {"objective": "log"},
    "2021": {"objective": "paper2021"},
    "tied": {"tie": {"sigma_N": "0.1*N"}, "start": TIED},
}


@pytest.mark.slow
@pytest.mark.parametrize("choices", FITS.values(), ids=FITS)
def test_a_fit_of_any_kind(choices: dict[str, Any]) -> None:
    found = cubes(**choices)
    back = pickle.loads(pickle.dumps(found))
    same(found, back)
    assert str(back) == str(found)
    values = found.solutions[0].values
    np.testing.assert_array_equal(
        back.objective.evaluate(values).residual, found.objective.evaluate(values).residual
    )
    np.testing.assert_array_equal(back.minima[0].evaluation.noise, found.minima[0].evaluation.noise)


@pytest.mark.slow
@pytest.mark.parametrize("trip", ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_what_comes_of_a_fit(fit: slxrd.Fit, trip: Callable[[Any], Any], tmp_path: Path) -> None:
    slxrd.save(fit, tmp_path)
    made = [
        fit,
        slxrd.load(tmp_path),
        bootstrap(fit, 3, seed=1),
        chi2_map(fit, "L", np.linspace(36.0, 38.0, 3)),
        profile(fit, "L", np.linspace(36.5, 37.2, 3)),
    ]
    for each in made:
        same(each, trip(each), type(each).__name__)


def pattern() -> slxrd.Pattern:
    example = slxrd.example("cspbbr3-cubes").pattern()
    return replace(example, metadata={"title": "cubes"}).masked(1.4, 1.5)


@pytest.mark.slow
@pytest.mark.parametrize("trip", ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_what_comes_before_a_fit(trip: Callable[[Any], Any]) -> None:
    measured = pattern()
    brighter = replace(measured, intensity=measured.intensity * 1.01)
    q = np.linspace(0.9, 1.1, 5)
    made = [
        measured,
        subtract_background(measured),
        decompose(measured, 0.98, 1.2, count=2),
        fluctuation([measured, brighter], slxrd.Region(0.9, 1.2)),
        slxrd.Parameters(),
        slxrd.Region(0.9, 1.1, 0.5),
        slxrd.crystal("CsPbBr3"),
        size_weights(13.0, 1.5),
        Model(as_stack(crystal="CsPbBr3:Br", slab="oleylamine"), Instrument()).region(q),
        State("x.csv", choices={"regions": [(0.9, 1.2)], "fix": {"N": 13}}),
    ]
    for each in made:
        same(each, trip(each), type(each).__name__)


@pytest.mark.slow
@pytest.mark.parametrize("trip", ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_what_is_frozen_stays_frozen(fit: slxrd.Fit, trip: Callable[[Any], Any]) -> None:
    back = trip(fit)
    for array in (back.pattern.x, back.pattern.intensity, back.pattern.mask):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    with pytest.raises(TypeError, match="frozen"):
        back.minima[0].values["d"] = 1.0
    with pytest.raises(TypeError, match="frozen"):
        back.pattern.metadata["title"] = "another"


def test_a_curve_that_may_be_written_to_still_may() -> None:
    q = np.linspace(1.0, 2.0, 3)
    curve = Fitted(slxrd.Region(1.0, 2.0), q, q.copy(), q.copy(), q.copy(), q.copy(), 1.0, ())
    assert copy.deepcopy(curve).calculated.flags.writeable


@pytest.mark.parametrize(
    "error",
    [slxrd.SlxrdError("no"), FileError("a.csv", "is empty", 3), TruncatedFile("b.raw", "ends too early")],
)
@pytest.mark.parametrize("trip", ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_an_error_says_the_same_in_another_process(error: Exception, trip: Callable[[Any], Any]) -> None:
    back = trip(error)
    assert type(back) is type(error)
    assert str(back) == str(error)


def refused(path: Path) -> None:
    write(path, "text")


@pytest.mark.slow
def test_an_error_comes_back_from_a_worker(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(FileError, match="cannot be written"),
    ):
        pool.submit(refused, tmp_path / "file" / "below").result()
