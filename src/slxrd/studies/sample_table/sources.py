"""What a result contributes to the table of a sample, read from its document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slxrd._documents import read_json
from slxrd._escape import on_one_line
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.record.migrations import migrated
from slxrd.fitting.record.read import read_estimate
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.result.fit import Estimate, FitResult
from slxrd.fitting.result.summary import is_simulated
from slxrd.studies.merit.figures import tilt

#: Documents in a folder, as the commands name them.
NAMES = ("result.json", "periods.json", "orientation.json", "saed.json", "directions.json")
#: Axes of the results of several directions: where they point, by the endings of their names.
AXES = {"": ("out", "in"), "_z": ("out",), "_xy": ("in",), "_x": ("in x",), "_y": ("in y",)}
#: Quantities of a superlattice in the order of the table: name in a document, symbol.
OF_AXIS = {"period": "Λ", "L": "L", "sigma_L": "σ_L", "sigma_T": "σ_T", "d": "d"}
_OTHERWISE = (
    "is no result of slxrd fit, periods, orientation, saed or directions; write one with --out or --json of "
    "these"
)


@dataclass(frozen=True)
class SampleValue:
    """A quantity by one method.

    Parameters
    ----------
    quantity : str
        Name of the quantity; equal names are compared.
    estimate : Estimate
        The estimate.
    method : str
        ``θ:2θ fit``, ``GISAXS``, ``GIWAXS``, ``SAED`` or ``cuts``.
    remark : str
        What the value is.
    """

    quantity: str
    estimate: Estimate
    method: str
    remark: str = ""


@dataclass(frozen=True)
class SampleSource:
    """A result with its values.

    Parameters
    ----------
    method : str
        How it was measured.
    document : str
        File of the result; empty for a result in memory.
    measured : tuple of str
        Measured files.
    simulated : bool
        Whether they are simulated.
    conclusion : str
        Result in words, or empty.
    values : tuple of SampleValue
        Its quantities.
    """

    method: str
    document: str
    measured: tuple[str, ...]
    simulated: bool
    conclusion: str
    values: tuple[SampleValue, ...]


def sources_in(path: Path) -> list[SampleSource]:
    """Read the results in a file or a folder.

    Parameters
    ----------
    path : Path
        A document, or a folder with some.

    Raises
    ------
    FileError
        If there is none, or one is damaged.
    """
    if path.is_dir():
        found = [path / name for name in NAMES if (path / name).exists()]
        if not found:
            raise FileError(path, f"contains none of {', '.join(NAMES)}; name the file")
        return [_read(each) for each in found]
    return [_read(path)]


def _read(path: Path) -> SampleSource:
    return _with_path(path, read_json(path, _OTHERWISE))


def read_result(path: Path) -> dict[str, Any]:
    """Read the document of a result that can be in the table of a sample.

    Raises
    ------
    FileError
        If it is none of these, or is damaged.
    """
    document = read_json(path, _OTHERWISE)
    _with_path(path, document)
    return dict(document)


def _with_path(path: Path, document: Any) -> SampleSource:
    try:
        return of_document(document, str(path))
    except FileError:
        raise
    except SlxrdError as error:
        raise FileError(path, str(error)) from None


def _is_fit(document: Any) -> bool:
    return isinstance(document, Mapping) and "parameters" in document and "cuts" not in document


def of_document(document: Any, path: str = "") -> SampleSource:
    """Return the values of a result as plain data.

    Parameters
    ----------
    document : mapping
        Content of the file of a fit, periods, an orientation, an electron diffraction image, or a fit of
        cuts.
    path : str
        Its path.

    Raises
    ------
    SlxrdError
        If it is none of these, or is damaged.
    """
    readers = {
        "ranked": _periods,
        "orientations": _orientation,
        "camera_constant": _saed,
        "cuts": _directions,
    }
    try:
        if _is_fit(document):
            return of_fit(SavedFit.from_dictionary(migrated(document, Path(path)), path), path)
        for key, read in readers.items():
            if isinstance(document, Mapping) and key in document:
                return read(document, path)
    except FileError:
        raise
    except SlxrdError as error:
        raise SlxrdError(f"is damaged: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SlxrdError(f"is damaged ({type(error).__name__}: {error}); write it again") from None
    raise SlxrdError(_OTHERWISE)


def of_fit(fit: FitResult, path: str = "") -> SampleSource:
    """Return the values of a fit of the θ:2θ scan."""
    method, known = "θ:2θ fit", fit.parameters
    listed = {**known, **fit.derived}
    values = [
        SampleValue(f"{symbol} out of plane", listed[n], method)
        for n, symbol in OF_AXIS.items()
        if n in listed
    ]
    if {"sigma_L", "N", "d"} <= set(known):
        estimate = tilt(known["sigma_L"], known["N"], known["d"])
        values.append(SampleValue("tilt by σ_L", estimate, method, "if it caused all of σ_L (S22)"))
    simulated = is_simulated(fit.pattern)
    return SampleSource(method, path, (str(fit.pattern.source),), simulated, "", tuple(values))


def _periods(document: Mapping[str, Any], path: str) -> SampleSource:
    method, estimates = "GISAXS", document["estimates"]
    values = tuple(
        SampleValue(f"Λ {words}", read_estimate(estimates[name]), method)
        for name, words in (("out_of_plane", "out of plane"), ("in_plane", "in plane"))
    )
    return SampleSource(
        method, path, (_text(document["file"]),), _flag(document), _text(document["lattice"]), values
    )


def _orientation(document: Mapping[str, Any], path: str) -> SampleSource:
    method = "GIWAXS"
    values = []
    for each in document["orientations"]:
        planes = _text(each["planes"])
        rivals = ", ".join(_text(rival) for rival in each["rivals"])
        remark = f"or {rivals}, not excluded" if rivals else ""
        values.append(SampleValue(f"tilt {planes}", read_estimate(each["tilt"]), method, remark))
        values.append(SampleValue(f"fraction {planes}", read_estimate(each["fraction"]), method, remark))
    if document["random"] is not None:
        values.append(
            SampleValue("random", read_estimate(document["random"]), method, "fraction of the crystals")
        )
    conclusion = _text(document["conclusion"])
    return SampleSource(method, path, (_text(document["file"]),), _flag(document), conclusion, tuple(values))


def _saed(document: Mapping[str, Any], path: str) -> SampleSource:
    method, conclusion = "SAED", _text(document["conclusion"])
    values = []
    for ring in document["rings"]:
        if planes := _text(ring["planes"]):
            values.append(SampleValue(f"d {planes}", read_estimate(ring["d"]), method, "along the beam"))
            if ring["arcs"]["azimuths"]:
                turn = read_estimate(ring["arcs"]["spread"])
                values.append(SampleValue(f"turn {planes}", turn, method, "about the beam"))
    if document["spots"] is not None:
        for number, item in enumerate(document["spots"]["d"], 1):
            values.append(SampleValue(f"d of vector {number}", read_estimate(item), method))
    if document["lattice_constant"] is not None:
        constant = read_estimate(document["lattice_constant"])
        values.append(SampleValue("lattice constant", constant, method))
    if document["zone_axis"] is not None:
        conclusion += f"; zone axis {_text(document['zone_axis'])}"
    return SampleSource(method, path, (_text(document["file"]),), _flag(document), conclusion, tuple(values))


def _directions(document: Mapping[str, Any], path: str) -> SampleSource:
    method, values = "cuts", []
    for name, item in {**document["parameters"], **document["derived"]}.items():
        base, ending = next(
            (name.removesuffix(each), each)
            for each in sorted(AXES, key=len, reverse=True)
            if name.endswith(each)
        )
        if base in OF_AXIS:
            for place in AXES[ending]:
                where, _, axis = place.partition(" ")
                quantity = f"{OF_AXIS[base]} {where}{' of' if where == 'out' else ''} plane"
                values.append(
                    SampleValue(quantity, read_estimate(item), method, f"along {axis}" if axis else "")
                )
    cuts = document["cuts"]
    files = tuple(dict.fromkeys(_text(cut["file"]) for cut in cuts))
    simulated = any(
        "simulated" in f"{key} {text}".lower() for cut in cuts for key, text in cut["metadata"].items()
    )
    return SampleSource(method, path, files, simulated, "", tuple(values))


def _flag(document: Mapping[str, Any]) -> bool:
    if not isinstance(document["simulated"], bool):
        raise SlxrdError("simulated: must be true or false")
    return document["simulated"]


def _text(item: Any) -> str:
    if not isinstance(item, str):
        raise SlxrdError(f"{item!r}: must be a text")
    return on_one_line(item)
