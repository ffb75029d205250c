"""Files of results: JSON that can be reopened, and CSV."""

from __future__ import annotations

import contextlib
import io
import json
import math
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import slxrd
from slxrd._arguments import check_arguments
from slxrd._escape import CsvWriter
from slxrd._files import check_writable as check_writable
from slxrd._files import write as write
from slxrd._files import write_together
from slxrd.data.pattern import Pattern
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.objective.scans import FurtherScan
from slxrd.fitting.record.command_line import from_command
from slxrd.fitting.record.layout import (
    BudgetDocument,
    ContributionDocument,
    CurvesDocument,
    EstimateDocument,
    FurtherScanDocument,
    ResultDocument,
    StructureDocument,
)
from slxrd.fitting.record.migrations import SCHEMA
from slxrd.fitting.record.request_of_fit import request_of, source_of
from slxrd.fitting.result.assessment import Assessment
from slxrd.fitting.result.error_budget import ErrorBudget
from slxrd.fitting.result.fit import Estimate, Fit
from slxrd.instrument.diffractometer import Instrument
from slxrd.sample.stack import Stack


@check_arguments
def result_dictionary(
    fit: Fit, command: str = "", request: Mapping[str, Any] | None = None
) -> ResultDocument:
    """Convert a fit to plain data for JSON.

    Parameters
    ----------
    fit : Fit
        The fit.
    command : str
        Command line of the fit.
    request : mapping, optional
        Request as :meth:`slxrd.fitting.record.state.State.request` returns it; by default it follows from
        the command or the fit.

    Returns
    -------
    dict
        ``slxrd`` (version), ``schema``, ``asked``, ``input``, ``assessment``, ``parameters``,
        ``derived``, ``budget``, ``chi2``, ``reduced_chi2``, ``n_points``, ``solutions``, ``regions`` with
        their curves, and more; lengths in Å, null for values that are not determined.
    """
    pattern = fit.pattern
    return {
        "slxrd": slxrd.__version__,
        "schema": SCHEMA,
        "versions": _versions(),
        "asked": dict(request) if request is not None else _request(fit, command),
        "input": {
            "file": pattern.source,
            "metadata": dict(pattern.metadata),
            "wavelength": pattern.wavelength,
            "history": [str(step) for step in pattern.history],
            "coherent": fit.stack.coherent,
            "size_window": fit.stack.size_window,
            "structure": _structure(fit.stack),
            "resolution": _resolution(fit.instrument),
            "second_line": list(pattern.second_line) if pattern.second_line is not None else None,
            "zero": fit.instrument.zero,
            "further_scans": [_further_scan(scan) for scan in fit.further_scans],
            "noise": fit.noise,
            "objective": fit.settings.objective,
            "scale": fit.settings.scale,
            "background": fit.settings.background,
            "background_evidence": None if fit.background_choice is None else fit.background_choice.evidence,
            "command": command,
        },
        "assessment": assessment_dictionary(fit.assessment),
        "parameters": {name: _estimate(estimate) for name, estimate in fit.parameters.items()},
        "derived": {name: _estimate(estimate) for name, estimate in fit.derived.items()},
        "budget": budget_dictionary(fit.budget),
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
        "search": None if fit.certificate is None else asdict(fit.certificate),
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
                "curves": _curves(fitted),
            }
            for fitted in fit.regions
        ],
        "printed": str(fit),
    }


def assessment_dictionary(assessment: Assessment | None) -> dict[str, Any] | None:
    """Convert an assessment to plain data for JSON; None where the fit was not assessed."""
    if assessment is None:
        return None
    plain = asdict(assessment)
    plain["rivals"] = [{**rival, "values": dict(rival["values"])} for rival in plain["rivals"]]
    return {**plain, "headline": assessment.headline}


def budget_dictionary(budget: ErrorBudget | None) -> BudgetDocument | None:
    """Convert an error budget to plain data for JSON; None where it was not calculated."""
    if budget is None:
        return None
    parts: list[ContributionDocument] = [
        {
            "name": part.name,
            "label": part.label,
            "prior": _number(part.prior),
            "unit": part.unit,
            "errors": dict(part.errors),
            "without": dict(part.without),
            "remedy": part.remedy,
        }
        for part in budget.contributions
    ]
    return {
        "statistical": dict(budget.statistical),
        "contributions": parts,
        "total": dict(budget.total),
    }


def _versions() -> dict[str, str]:
    """Return the versions of Python and of the packages used."""
    versions = {"python": platform.python_version()}
    for library in ("numpy", "scipy"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[library] = metadata.version(library)
    return versions


def _request(fit: Fit, command: str) -> dict[str, Any] | None:
    state = from_command(command)
    if state is None:
        state = request_of(fit)
        return None if state is None else state.request()
    digest = fit.pattern.metadata.get("sha256")
    return state.changed(
        file=source_of(fit.pattern), sha256=None if digest is None else str(digest)
    ).request()


def _structure(stack: Stack) -> StructureDocument:
    """Return options and description of a structure."""
    return {
        "crystal": None if stack.crystal is None else stack.crystal.ended(),
        "partner": None if stack.partner is None else stack.partner.ended(),
        "slab": stack.slab,
        "stack": stack.stack,
        "weighting": stack.weighting,
        "coherent_spread": stack.coherent_spread,
        "substrate": None
        if stack.substrate is None
        else {"d": stack.substrate.d, "name": stack.substrate.name},
        "text": str(stack),
    }


def _further_scan(scan: FurtherScan) -> FurtherScanDocument:
    pattern = scan.pattern
    return {
        "file": pattern.source,
        "metadata": dict(pattern.metadata),
        "wavelength": pattern.wavelength,
        "history": [str(step) for step in pattern.history],
        "resolution": _resolution(scan.instrument),
        "second_line": list(pattern.second_line) if pattern.second_line is not None else None,
    }


#: The arrays of a region that are written.
CURVES = tuple(CurvesDocument.__annotations__)


def _curves(fitted: Fitted) -> CurvesDocument:
    return {
        "q": fitted.q.tolist(),
        "measured": fitted.measured.tolist(),
        "sigma": fitted.sigma.tolist(),
        "calculated": fitted.calculated.tolist(),
        "residual": fitted.residual.tolist(),
    }


def _resolution(instrument: Instrument) -> float | dict[str, Any]:
    if instrument.broadening is None:
        return instrument.sigma_G
    return instrument.broadening.to_table()


def _estimate(estimate: Estimate) -> EstimateDocument:
    entry: EstimateDocument = {
        "value": estimate.value,
        "error": estimate.error,
        "unit": estimate.unit,
        "status": estimate.status,
        "interval_68": estimate.interval_68,
        "interval_95": estimate.interval_95,
        "statistical": estimate.statistical,
        "systematic": estimate.systematic,
    }
    if estimate.why:
        entry["why"] = estimate.why
    return entry


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def to_json(document: Mapping[str, Any]) -> str:
    """Write plain data as readable JSON: indented, with a row of numbers on one line."""
    return _laid_out(document, "\n") + "\n"


def _laid_out(value: Any, line: str) -> str:
    if isinstance(value, Mapping) and value:
        rows = (f"{_scalar(key)}: {_laid_out(item, line + ' ')}" for key, item in value.items())
        return "{" + ",".join(f"{line} {row}" for row in rows) + line + "}"
    if isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value):
        return "[" + ",".join(f"{line} {_laid_out(item, line + ' ')}" for item in value) + line + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=dict)


def result_json(fit: Fit, command: str = "") -> str:
    """Write :func:`result_dictionary` as JSON text."""
    return to_json(result_dictionary(fit, command))


def curves_csv(fit: Fit) -> str:
    """Write the curves of all regions as CSV: q (Å⁻¹), measured, sigma, calculated, residual, region."""
    text = io.StringIO()
    table = CsvWriter(text)
    table.writerow(["q", "measured", "sigma", "calculated", "residual", "region"])
    for fitted in fit.regions:
        columns = (fitted.q, fitted.measured, fitted.sigma, fitted.calculated, fitted.residual)
        for row in zip(*(column.tolist() for column in columns), strict=True):
            table.writerow([*(f"{value:.10g}" for value in row), fitted.region.name])
    return text.getvalue()


def pattern_csv(pattern: Pattern) -> str:
    """Write a pattern as CSV for ``read``, with its metadata and history before the columns.

    A history that contains only ``simulated`` is left out, since the metadata contain it.
    """
    head = [f"{key}: {value}" for key, value in pattern.metadata.items()]
    if any(step.name != "simulated" for step in pattern.history):
        head.append(f"file: {pattern.source}")
        if pattern.wavelength is not None:
            head.append(f"wavelength: {pattern.wavelength:.10g} Å")
        head += [f"step {i}: {step}" for i, step in enumerate(pattern.history, start=1)]
    lines = ["# " + " | ".join(text.splitlines()) for text in head]
    axis = "q in 1/Å" if pattern.axis == "q" else "2theta in degrees"
    lines.append(f"# {axis}, intensity" + (", sigma" if pattern.sigma is not None else ""))
    columns = [pattern.x, pattern.intensity] + ([pattern.sigma] if pattern.sigma is not None else [])
    lines += [
        ",".join(f"{value:.10g}" for value in row) for row in zip(*(c.tolist() for c in columns), strict=True)
    ]
    return "\n".join(lines) + "\n"


@check_arguments
def save(
    fit: Fit,
    folder: str | Path,
    *,
    force: bool = False,
    command: str = "",
    figure: Callable[[], bytes] | None = None,
) -> list[Path]:
    """Write result.json, fit.csv and, if a figure is given, fit.png into a folder.

    Parameters
    ----------
    fit : Fit
        The fit.
    folder : path-like
        Folder; it is made if it does not exist.
    force : bool
        Whether existing files may be overwritten.
    command : str
        The command line, for the record.
    figure : callable, optional
        Function that returns the bytes of the PNG file.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    FileError
        If a file exists or cannot be written; no file is written then.
    """
    paths = result_paths(folder)
    contents: list[bytes | str] = [result_json(fit, command), curves_csv(fit)]
    if figure is not None:
        contents.append(figure())
    written = paths[: len(contents)]
    check_writable(written, force)
    write_together(zip(written, contents, strict=True))
    return written


def result_paths(folder: str | Path) -> list[Path]:
    """Return the paths of the files that :func:`save` writes."""
    return [Path(folder) / name for name in ("result.json", "fit.csv", "fit.png")]


def two_columns(pattern: Pattern) -> str:
    """Write q (Å⁻¹) and intensity of the points that are not masked as two columns without a header."""
    seen = ~pattern.mask
    rows = zip(pattern.q[seen].tolist(), pattern.intensity[seen].tolist(), strict=True)
    return "".join(f"{q:.8g},{intensity:.8g}\n" for q, intensity in rows)
