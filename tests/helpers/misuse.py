"""Calls of all public functions and classes with wrong arguments, one argument at a time.

``python tests/helpers/misuse.py`` prints how the calls end: with an answer, SlxrdError, or another exception.
"""

from __future__ import annotations

import contextlib
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
from right_arguments import Base

import slxrd

#: Seconds after which a call counts as answered: its arguments were accepted.
LIMIT = 0.5
#: Classes that users make; the others are results, filled in by the functions.
MADE_BY_USERS = (
    *("Broadening", "Crystal", "Cut", "DetectorImage", "Estimate", "Geometry", "GeometryErrors"),
    *("Instrument", "LowAngleOptions", "MaskCircle", "MaskRectangle", "Parameters", "Pattern"),
    *("Region", "Session", "Stack", "Standard", "Step"),
)


class Begun(BaseException):
    """The calculation has begun: the arguments were accepted."""


#: Functions in which an exception would be lost, or leave a module imported in part.
_UNTOUCHED = ("gc_callback", "__del__", "_find_and_load", "_handle_fromlist")


def begun(*_: object) -> Never:
    """End a calculation that reports its progress."""
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
        right = base.arguments(name, function, report=begun)
        for key, parameter in inspect.signature(function).parameters.items():
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) or key == "report":
                continue
            for what, value in wrong_values().items():
                if "Callable" in str(parameter.annotation) and callable(value):
                    continue  # its own errors are those of the user
                given = {**right, key: value}
                yield name, key, what, lambda f=function, g=given: f(**g)


def outcome(call: Callable[[], Any], limit: float = LIMIT) -> str:
    """How a call ends: "answer", also at a time limit, "SlxrdError", or the name of another exception."""
    try:
        return _outcome(call, limit)
    except Begun:  # also where the next signal comes while the timer is stopped
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        return "answer"


def _outcome(call: Callable[[], Any], limit: float) -> str:
    signal.signal(signal.SIGALRM, _interrupted)
    signal.setitimer(signal.ITIMER_REAL, limit, 0.1 * limit)
    try:
        # A call that was ended before may have left another state of NumPy.
        usual: dict[str, Any] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
        with warnings.catch_warnings(), np.errstate(**usual, call=None):
            warnings.simplefilter("ignore")
            call()
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
