"""Report of a fit as one self-contained HTML page."""

from __future__ import annotations

import base64
import math
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np

from slxrd._documents import read_bytes, read_json
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.record.command_line import command_line, script
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.record.write import result_dictionary
from slxrd.fitting.result import budget_table
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.result.summary import is_simulated
from slxrd.parameters.definitions import symbol_of
from slxrd.ui.report import text as report_text
from slxrd.ui.symbols_html import symbol_html, text_html

#: Captions of the figures of follow-up steps.
CAPTIONS = {
    "bootstrap.png": "Bootstrap: distributions of the replicates in one and two dimensions.",
    "corner.png": "Posterior: samples in one and two dimensions, with contours of 1 and 2 σ (39 and 86 %).",
    "chi2maps.png": "χ² above its minimum against each refined parameter, the others fixed and refined.",
    "periods.png": "GISAXS: spots of the superlattice, with their indices.",
    "orientation.png": "GIWAXS: rings of the atomic planes, and intensity along them.",
    "directions.png": "Scan and cuts in other directions, fitted together, with residuals in units of σ.",
}
#: Option that makes each figure.
OPTIONS = {"bootstrap.png": "--bootstrap", "corner.png": "--posterior", "chi2maps.png": "--maps"}


#: Largest picture beside a result, in bytes, and most maps of two parameters.
PICTURE_LIMIT, MOST_MAPS = 20_000_000, 40


@dataclass(frozen=True)
class FollowUpSection:
    """Printed text and figures of follow-up steps, or of other methods.

    Parameters
    ----------
    text : str
        Printed text.
    pictures : sequence of (str, bytes)
        Names and contents of PNG files.
    title : str
        Heading.
    """

    text: str = ""
    pictures: Sequence[tuple[str, bytes]] = ()
    title: str = "After the fit"

    @classmethod
    def of(cls, text: str, files: Iterable[tuple[Path, bytes | str]]) -> FollowUpSection:
        """Select the figures from the output files of the steps."""
        drawn = [(path.name, content) for path, content in files if path.suffix == ".png"]
        return cls(text, [(name, content) for name, content in drawn if isinstance(content, bytes)])


def report_html(
    fit: Fit | SavedFit,
    command: str = "",
    followed: FollowUpSection | None = None,
    sample: FollowUpSection | None = None,
) -> str:
    """Return the report of a fit as HTML.

    Parameters
    ----------
    fit : Fit or SavedFit
        Fit to report.
    command : str
        Command line of the fit, if the fit does not contain it.
    followed : FollowUpSection, optional
        Text and figures of bootstrap, posterior and maps.
    sample : FollowUpSection, optional
        Table and figures of the sample by other methods.

    Returns
    -------
    str
        The page with its figures embedded; it loads no other resources. The same fit gives the same text.
    """
    saved = SavedFit.from_dictionary(result_dictionary(fit, command)) if isinstance(fit, Fit) else fit
    rows = report_text.rows(saved)
    names, loose = report_text.solution_names(saved), report_text.without_value(saved)
    picture, caption = _picture(saved)
    page: str = _template().render(
        name=Path(saved.pattern.source).name or saved.pattern.source,
        simulated=is_simulated(cast(Any, saved.pattern)),
        lead=report_text.lead(saved),
        assessed=[] if saved.assessment is None else [line.strip() for line in saved.assessment.lines],
        grade="" if saved.assessment is None else saved.assessment.grade,
        rows=rows,
        shaded=any(row.open for row in rows),
        budget=_budget(saved),
        picture=picture,
        caption=caption,
        regions=_regions(saved),
        quality=report_text.quality(saved),
        sentences=report_text.sentences(saved),
        notes=saved.notes,
        loose=bool(loose.intersection(names)),
        about_solutions=report_text.about_solutions(saved),
        solution_symbols=[symbol_of(name) for name in names],
        solutions=[
            {
                "numbers": report_text.solution_numbers(saved, s.values, loose),
                "chi2": f"{s.chi2:.2f}",
                "delta": f"{s.delta_chi2:.2f}",
                "probability": "–" if saved.rejected else f"{s.probability:.2g}",
            }
            for s in saved.solutions
        ],
        correlation=_correlation(saved),
        further=[*_further(followed), *_further(sample)],
        input=report_text.fitted_input(saved),
        conventions=list(report_text.conventions(saved)),
        versions=_versions(saved),
        **_reproduction(saved),
    )
    return page


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader("slxrd.ui.report", "templates"), autoescape=True, undefined=StrictUndefined
    )
    pages.filters |= {"symbol": symbol_html, "symbols": text_html}  # both escape
    return pages.get_template("report.html")


def saved_followup(saved: SavedFit, folder: Path) -> FollowUpSection:
    """Load the text and figures of follow-up steps from the folder of a saved result.

    Parameters
    ----------
    saved : SavedFit
        Saved fit; only files of options in its command are loaded.
    folder : Path
        Folder of the result.
    """
    try:
        typed = shlex.split(saved.command)
    except ValueError:
        typed = []
    given = {word.partition("=")[0] for word in typed}
    names = [name for name, option in OPTIONS.items() if option in given]
    if "--map" in given:
        names += sorted(path.name for path in folder.glob("map-*.png"))[:MOST_MAPS]
    pictures, texts = [], []
    for name in names:
        try:
            pictures.append((name, read_bytes(folder / name, PICTURE_LIMIT)))
        except FileError:
            continue
    for option, table in (("--bootstrap", "bootstrap"), ("--posterior", "posterior")):
        if option in given and (text := _samples_text(table, folder / f"{table}.json")):
            texts.append(text)
    return FollowUpSection("\n".join(texts), pictures)


def _samples_text(label: str, path: Path) -> str:
    """Return means and standard deviations of a saved bootstrap or posterior as text."""
    try:
        data = read_json(path, "is no bootstrap or posterior")
        lines = [
            f"{label} (seed {data['seed']}): {data['done']} of {data['asked']}, mean and standard deviation"
        ]
        for name, item in data["quantities"].items():
            if item["std"] == 0.0:
                continue  # fixed
            lines.append(f"  {symbol_of(name):<12} {item['mean']:<12.6g} {item['std']:.2g}")
        if data.get("converged") is False:
            lines.insert(1, f"  not converged: {data.get('why', '')}")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return "\n".join(lines)


def _further(followed: FollowUpSection | None) -> list[dict[str, Any]]:
    if followed is None or not (followed.text or followed.pictures):
        return []
    figures = []
    for name, content in followed.pictures:
        pair = name.removesuffix(".png").split("-")[1:] if name.startswith("map-") else []
        axes = " and ".join(symbol_of(axis) for axis in pair)
        default = (
            f"χ² over {axes}, with joint contours of 68 and 95 %; + is the most probable solution, × are the "
            "others."
        )
        figures.append({"source": _inline(content), "caption": CAPTIONS.get(name, default)})
    return [{"title": followed.title, "text": followed.text, "figures": figures}]


def _inline(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


def _picture(saved: SavedFit) -> tuple[str, str]:
    """Return the figure of the fit and its caption, or empty texts if the curves are not saved."""
    if len(saved.regions) < len(saved.document["regions"]):
        return "", ""
    from slxrd.ui.plotting import fit as plotting
    from slxrd.ui.plotting.style import caption

    picture = plotting.figure(cast(Fit, saved))
    return _inline(plotting.figure_bytes(picture)), caption(picture)


def _budget(saved: SavedFit) -> dict[str, Any] | None:
    """Return the table of the error budget, and what would reduce the errors."""
    names, rows = budget_table.budget_rows(saved)
    if saved.rejected or saved.budget is None or not saved.budget.contributions or not names:
        return None
    units = {**saved.parameters, **saved.derived}
    return {
        "heads": [f"{budget_table.symbol(name)} {units[name].unit}".rstrip() for name in names],
        "rows": [
            {"label": label, "cells": [budget_table.format_error(error) for error in errors]}
            for label, errors in rows
        ],
        "remedies": budget_table.remedies(saved),
    }


def _regions(saved: SavedFit) -> list[dict[str, str]]:
    curves = {fitted.region.name: fitted for fitted in saved.regions}
    rows = []
    for region in saved.document["regions"]:
        fitted = curves.get(str(region["name"]))
        mean = "–" if fitted is None else f"{float(fitted.residual @ fitted.residual) / fitted.q.size:.3g}"
        rows.append(
            {
                "name": region["name"],
                "weight": f"{region['weight']:g}",
                "points": str(region["n_points"]),
                "mean_square": mean,
                "scale": f"{region['scale']:.4g}",
                "background": ", ".join(f"{value:.4g}" for value in region["background"]) or "none",
            }
        )
    return rows


def _correlation(saved: SavedFit) -> dict[str, Any] | None:
    if len(saved.names) < 2:
        return None
    symbols = [symbol_of(name) for name in saved.names]
    known = np.array([name not in report_text.without_value(saved) for name in saved.names])
    matrix = np.where(np.outer(known, known), saved.correlation, np.nan)
    rows = [
        {"symbol": symbol, "cells": [_cell(value) for value in row]}
        for symbol, row in zip(symbols, matrix.tolist(), strict=True)
    ]
    return {"symbols": symbols, "rows": rows}


def _cell(value: float) -> dict[str, str]:
    if math.isnan(value):
        return {"text": "–", "colour": "#f2f2f2"}
    red, green, blue = (213, 94, 0) if value > 0.0 else (0, 114, 178)
    strength = 0.45 * min(abs(value), 1.0)
    return {
        "text": f"{value:+.2f}".replace("-", "−"),
        "colour": f"rgba({red}, {green}, {blue}, {strength:.2f})",
    }


def _reproduction(saved: SavedFit) -> dict[str, str]:
    request = saved.request
    if request is None or request.file is None:
        return {
            "again": "This fit was made in Python from a pattern that is in no file: "
            "no command reproduces it.",
            "command": saved.command,
            "script": "",
        }
    try:
        command = saved.command or command_line(request)
    except SlxrdError:
        command = ""
    return {
        "again": "With the same file and versions this gives the same numbers:",
        "command": command,
        "script": script(request),
    }


def _versions(saved: SavedFit) -> list[tuple[str, str]]:
    seed = "the search and the intervals of a fit use fixed seeds; the same fit gives the same numbers"
    arguments = saved.command.split()
    if "--seed" in arguments[:-1]:
        seed = f"{arguments[arguments.index('--seed') + 1]} (bootstrap and posterior); {seed}"
    return [
        ("slxrd", saved.version),
        *saved.versions.items(),
        ("layout of the result", str(saved.document["schema"])),
        ("seeds", seed),
    ]
