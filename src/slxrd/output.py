"""Files of results: JSON and CSV, written whole or not at all, and never over others unasked."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import slxrd
from slxrd.errors import FileError
from slxrd.instrument import Instrument
from slxrd.pattern import Pattern
from slxrd.result import Estimate, Fit

#: Version of the layout of result.json.
SCHEMA = 1


def check_writable(paths: Iterable[Path], force: bool) -> None:
    """See beforehand that files can be written.

    Raises
    ------
    FileError
        If one exists and ``force`` is not given, or its folder cannot be written to.
    """
    for path in paths:
        if path.is_dir():
            raise FileError(path, "is a directory; name a file")
        if path.exists() and not force:
            raise FileError(path, "exists; choose another name, or overwrite it with --force")
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        if not folder.is_dir():
            raise FileError(path, f"cannot be written: {folder} is not a directory")
        if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
            raise FileError(path, "cannot be written; check the permissions of its folder")


def write(path: Path, content: bytes | str) -> None:
    """Write a file beside its place and put it there when it is complete.

    Raises
    ------
    FileError
        If it cannot be written; then nothing is left behind.
    """
    data = content.encode() if isinstance(content, str) else content
    beside = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        Path(beside).chmod(0o666 & ~mask)
        Path(beside).replace(path)
    except OSError as error:
        raise FileError(path, f"cannot be written ({error.strerror})") from None
    finally:
        if beside is not None:
            Path(beside).unlink(missing_ok=True)


def result_dictionary(fit: Fit, command: str = "") -> dict[str, Any]:
    """Lay out a fit as plain data, ready for JSON.

    Parameters
    ----------
    fit : Fit
        What to tell.
    command : str
        The command line that made it.

    Returns
    -------
    dict
        ``slxrd`` (version), ``schema``, ``input``, ``parameters``, ``derived``, ``chi2``,
        ``reduced_chi2``, ``n_points``, ``solutions`` and more; lengths in Å, what is not determined
        is null.
    """
    pattern = fit.pattern
    return {
        "slxrd": slxrd.__version__,
        "schema": SCHEMA,
        "input": {
            "file": pattern.source,
            "metadata": dict(pattern.metadata),
            "wavelength": pattern.wavelength,
            "history": [str(step) for step in pattern.history],
            "coherent": fit.stack.n_coherent,
            "size_window": fit.stack.size_window,
            "resolution": _resolution(fit.instrument),
            "second_line": list(pattern.second_line) if pattern.second_line is not None else None,
            "zero": fit.instrument.zero,
            "noise": fit.noise,
            "objective": fit.settings.kind,
            "scale": fit.settings.scale,
            "background": fit.settings.background,
            "command": command,
        },
        "parameters": {name: _estimate(estimate) for name, estimate in fit.parameters.items()},
        "derived": {name: _estimate(estimate) for name, estimate in fit.derived.items()},
        "chi2": fit.chi2,
        "reduced_chi2": _number(fit.reduced_chi2),
        "n_points": fit.n_points,
        "solutions": [
            {
                "parameters": dict(solution.values),
                "chi2": solution.chi2,
                "delta_chi2": solution.delta_chi2,
                "probability": solution.probability,
            }
            for solution in fit.solutions
        ],
        "unique": fit.unique,
        "converged": fit.converged,
        "why_stopped": fit.why_stopped,
        "notes": list(fit.notes),
        "refined": list(fit.names),
        "covariance": [[_number(value) for value in row] for row in fit.covariance.tolist()],
        "correlation": [[_number(value) for value in row] for row in fit.correlation.tolist()],
        "regions": [
            {
                "name": fitted.region.name,
                "low": fitted.region.low,
                "high": fitted.region.high,
                "weight": fitted.region.weight,
                "n_points": int(fitted.q.size),
                "scale": fitted.scale,
                "background": list(fitted.background),
            }
            for fitted in fit.regions
        ],
    }


def _resolution(instrument: Instrument) -> float | dict[str, float]:
    if instrument.broadening is None:
        return instrument.sigma_G
    return asdict(instrument.broadening)


def _estimate(estimate: Estimate) -> dict[str, Any]:
    told = {
        "value": estimate.value,
        "error": estimate.error,
        "unit": estimate.unit,
        "status": estimate.status,
        "interval_68": estimate.interval_68,
        "interval_95": estimate.interval_95,
    }
    return {**told, "why": estimate.why} if estimate.why else told


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def result_json(fit: Fit, command: str = "") -> str:
    """Write :func:`result_dictionary` as JSON text."""
    return json.dumps(result_dictionary(fit, command), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def curves_csv(fit: Fit) -> str:
    """Write the curves of all regions as CSV: q (Å⁻¹), measured, sigma, calculated, residual, region."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["q", "measured", "sigma", "calculated", "residual", "region"])
    for fitted in fit.regions:
        columns = (fitted.q, fitted.measured, fitted.sigma, fitted.calculated, fitted.residual)
        for row in zip(*(column.tolist() for column in columns), strict=True):
            table.writerow([*(f"{value:.10g}" for value in row), fitted.region.name])
    return text.getvalue()


def pattern_csv(pattern: Pattern) -> str:
    """Write a pattern as CSV that ``read`` takes back, with what is known of it in front.

    Its metadata and its history go before the columns; a history of nothing but ``simulated`` is left out,
    since the metadata say so.
    """
    told = [f"{key}: {value}" for key, value in pattern.metadata.items()]
    if any(step.name != "simulated" for step in pattern.history):
        told.append(f"file: {pattern.source}")
        if pattern.wavelength is not None:
            told.append(f"wavelength: {pattern.wavelength:.10g} Å")
        told += [f"step {i}: {step}" for i, step in enumerate(pattern.history, start=1)]
    lines = ["# " + " | ".join(text.splitlines()) for text in told]
    axis = "q in 1/Å" if pattern.axis == "q" else "2theta in degrees"
    lines.append(f"# {axis}, intensity" + (", sigma" if pattern.sigma is not None else ""))
    columns = [pattern.x, pattern.intensity] + ([pattern.sigma] if pattern.sigma is not None else [])
    lines += [
        ",".join(f"{value:.10g}" for value in row) for row in zip(*(c.tolist() for c in columns), strict=True)
    ]
    return "\n".join(lines) + "\n"


def save(
    fit: Fit,
    folder: str | Path,
    *,
    force: bool = False,
    command: str = "",
    figure: Callable[[], bytes] | None = None,
) -> list[Path]:
    """Write result.json, fit.csv and, where a drawing is handed over, fit.png into a folder.

    Parameters
    ----------
    fit : Fit
        What to write.
    folder : path-like
        Made if it does not exist.
    force : bool
        Whether existing files may be overwritten.
    command : str
        The command line, for the record.
    figure : callable, optional
        Gives the PNG file's bytes.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    FileError
        If a file exists or cannot be written; then none is.
    """
    paths = result_paths(folder)
    contents: list[bytes | str] = [result_json(fit, command), curves_csv(fit)]
    if figure is not None:
        contents.append(figure())
    written = paths[: len(contents)]
    check_writable(written, force)
    for path, content in zip(written, contents, strict=True):
        write(path, content)
    return written


def result_paths(folder: str | Path) -> list[Path]:
    """The files that :func:`save` writes."""
    return [Path(folder) / name for name in ("result.json", "fit.csv", "fit.png")]


def two_columns(pattern: Pattern) -> str:
    """Write q (Å⁻¹) and intensity of the points that are not masked as two columns without a header."""
    seen = ~pattern.mask
    rows = zip(pattern.q[seen].tolist(), pattern.intensity[seen].tolist(), strict=True)
    return "".join(f"{q:.8g},{intensity:.8g}\n" for q, intensity in rows)
