"""Calls of all public functions and classes with wrong arguments, one argument at a time.

``python tests/helpers/misuse.py`` prints how the calls end: with an answer, SlxrdError, or another exception.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Never

import numpy as np

import slxrd

#: Seconds after which a call counts as answered: its arguments were accepted.
LIMIT = 0.5
#: Classes that users make; the others are results, filled in by the functions.
MADE_BY_USERS = (
    *("Broadening", "Crystal", "Instrument", "LowAngleOptions", "Parameters", "Pattern"),
    *("Region", "Session", "Stack", "Standard", "Step"),
)


class Begun(BaseException):
    """The calculation has begun: the arguments were accepted."""


#: Functions in which an exception would be lost, or leave a module imported in part.
_UNTOUCHED = ("gc_callback", "__del__", "_find_and_load", "_handle_fromlist")


def _begun(*_: object) -> Never:
    raise Begun


def _interrupted(_: int, frame: FrameType | None) -> None:
    """End a calculation; while a module is imported, the next signal does."""
    while frame is not None:
        if frame.f_code.co_name in _UNTOUCHED:
            return
        frame = frame.f_back
    raise Begun


def wrong_values() -> dict[str, Any]:
    """Values of many types, by a description; made anew, as some are iterators."""
    values: dict[str, Any] = {
        "None": None,
        "True": True,
        "0": 0,
        "-1": -1,
        "1.5": 1.5,
        "nan": float("nan"),
        "inf": float("inf"),
        "1e308": 1e308,
        "10**400": 10**400,
        "complex": 1 + 2j,
        "empty text": "",
        "name of a file": "film.csv",
        "text": "nonsense",
        "bytes": b"film",
        "path": Path("film.csv"),
        "empty list": [],
        "numbers": [1.0, 2.0, 3.0],
        "texts": ["a", "b"],
        "ragged": [[1.0, 2.0], [3.0]],
        "empty mapping": {},
        "mapping": {"a": 1.0},
        "mapping of texts": {"L": "wide"},
        "set": {1.0, 2.0},
        "iterator": iter([1.0, 2.0]),
        "object": object(),
        "function": len,
        "class": int,
        "complex array": np.array([1.0, 2.0j]),
        "array of texts": np.array(["1", "2"]),
        "masked array": np.ma.masked_array([1.0, 2.0, 3.0], [False, True, False]),
        "array of NaN": np.full(3, np.nan),
        "2-D array": np.ones((2, 3)),
        "date": np.datetime64("2020-01-01"),
    }
    try:
        import pandas
    except ImportError:
        return values
    return {
        **values,
        "Series": pandas.Series([1.0, 2.0, 3.0]),
        "DataFrame": pandas.DataFrame({"q": [1.0, 2.0], "intensity": [3.0, 4.0]}),
    }


class Base:
    """Right arguments of the public functions.

    Parameters
    ----------
    folder : Path
        For files.
    fitted : bool
        Whether a fit is made; without it the functions that need one are called without.
    """

    def __init__(self, folder: Path, fitted: bool = True) -> None:
        for library in ("gemmi", "matplotlib.figure"):  # an interrupted import could not be repeated
            importlib.import_module(library)
        q = np.linspace(0.8, 1.4, 241)
        values = {"N": 12.0, "d": 5.85, "L": 36.0, "sigma_L": 1.0}
        names = slxrd.Parameters()
        values.update({n: row.value or 0.0 for n, row in names.items() if n not in values})
        clean = slxrd.simulate(q, values, coherent=5, noise=0.01, seed=1)
        self.pattern = slxrd.simulate(
            q, values, coherent=5, noise="counting", seed=1, wavelength="CuKa1", raw=True
        )
        self.fit: Any = None
        if fitted:
            self.fit = slxrd.fit(clean, regions=[(0.9, 1.3)], coherent=5, budget=1.0)
        estimate = slxrd.Estimate(5.8, 0.1, "Å")
        saved = slxrd.save(self.fit, folder / "saved") if fitted else [folder / "no.json"]
        self.by_name: dict[str, Any] = {
            "pattern": clean,
            "fit": self.fit,
            "name": "L",
            "name_x": "L",
            "name_y": "d",
            "x": [35.0, 36.0],
            "y": [5.8, 5.85],
            "values": [35.0, 36.0],
            "folder": folder / "out",
            "sigma_L": estimate,
            "N": estimate,
            "d": estimate,
            "bulk": 5.8,
            "low": 0.9,
            "high": 1.3,
            "region": slxrd.Region(0.9, 1.3),
            "patterns": [clean, clean, clean],
            "wavelength": 1.54,
            "radius": 200.0,
            "slit": 0.1,
            "thickness": 1.0,
            "beam": 0.1,
            "sample": 10.0,
            "instrument": slxrd.Instrument(),
            "coherent": 5,
            "against": "q",
            "q": q,
            "text": "Si",
            "path": saved[0],
        }
        self.of: dict[str, dict[str, Any]] = {
            "simulate": {"values": values},
            "plan": {"values": values, "q_low": 0.9, "q_high": 1.3, "step": 0.01, "counts": 100.0, "n": 2},
            "crystal": {"name": "CsPbBr3"},
            "example": {"name": "multilayer"},
            "example_series": {"name": "cooling"},
            "standard": {"text": "LaB6"},
            "bootstrap": {"n": 2},
            "fit_map": {"q": q, "intensity": np.tile(clean.intensity, (4, 1))},
            "compare_fits": {"fits": {"one": self.fit, "two": self.fit}},
            "compare_lp": {"pattern": self.pattern, "fit": lambda _: self.fit},
            "crystal_from_cif": {"path": folder / "no.cif", "hkl": (0, 0, 1)},
            "undo_correction": {"name": "Lorentz-polarisation"},
            "correct_absorption": {"pattern": self.pattern, "mu": 10.0},
            "correct_footprint": {"pattern": self.pattern},
            "correct_lorentz_polarisation": {"pattern": self.pattern},
            "counting_statistics": {"pattern": self.pattern},
            "Pattern": {"x": [1.0, 2.0, 3.0], "intensity": [3.0, 2.0, 1.0]},
            "Broadening": {"U": 0.0, "V": 0.0, "W": 0.01, "lorentzian": 0.1, "wavelength": 1.54},
            "Standard": {"name": "Si", "lattice": "cubic", "a": 5.43},
            "Crystal": {"name": "plane", "period": 5.8, "repeat": slxrd.crystal("CsPbBr3").repeat},
            "Step": {"name": "mask"},
        }

    def arguments(self, name: str, function: Callable[..., Any]) -> dict[str, Any]:
        """Right values of the arguments that a function needs."""
        own = self.of.get(name, {})
        result = dict(own)
        for key, parameter in inspect.signature(function).parameters.items():
            if key in own or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                continue
            if key == "report":
                result[key] = _begun
            elif parameter.default is parameter.empty:
                result[key] = self.by_name.get(key, 1.0)
        return result


def functions() -> dict[str, Callable[..., Any]]:
    """Public functions, and classes that users make."""
    found = {}
    for name in slxrd.__all__:
        thing = getattr(slxrd, name)
        if (not inspect.isclass(thing) and name != "notebook_app") or name in MADE_BY_USERS:
            found[name] = thing
    return found


def calls(base: Base) -> Iterator[tuple[str, str, str, Callable[[], Any]]]:
    """All calls: function, argument, description of its value, and the call itself."""
    for name, function in functions().items():
        right = base.arguments(name, function)
        for key, parameter in inspect.signature(function).parameters.items():
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) or key == "report":
                continue
            for what, value in wrong_values().items():
                if "Callable" in str(parameter.annotation) and callable(value):
                    continue  # its own errors are those of the user
                given = {**right, key: value}
                yield name, key, what, lambda f=function, g=given: f(**g)


def outcome(call: Callable[[], Any]) -> str:
    """How a call ends: "answer", "SlxrdError", or the name of another exception."""
    signal.signal(signal.SIGALRM, _interrupted)
    signal.setitimer(signal.ITIMER_REAL, LIMIT, 0.1 * LIMIT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call()
    except Begun:
        return "answer"
    except slxrd.SlxrdError as error:
        return "SlxrdError" if "\n" not in str(error) and str(error) else "SlxrdError of several lines"
    except Exception as error:
        return type(error).__name__
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    return "answer"


def _where(call: Callable[[], Any]) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call()
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return f"{str(error)[:90]!r} {Path(frame.filename).name}:{frame.lineno}"
    return ""


def main(names: list[str]) -> None:
    """Print the number of calls by outcome; the faults of the functions that are named."""
    totals: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for name, key, what, call in calls(Base(Path(folder))):
            if names and name not in names:
                continue
            ended = outcome(call)
            totals[ended] += 1
            if ended not in ("answer", "SlxrdError"):
                faults[name] += 1
                if names:
                    print(f"{name}({key} = {what}): {ended} {_where(call)}", flush=True)
    print(f"{sum(totals.values())} calls")
    for ended, count in totals.most_common():
        print(f"{count:6} {ended}")
    print("other exceptions by function:", _listed(faults))


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


if __name__ == "__main__":
    main(sys.argv[1:])
