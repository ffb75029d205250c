"""The command ``slxrd fit``: fit, bootstrap, posterior and maps of a measured pattern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import slxrd
from slxrd._escape import on_one_line
from slxrd._files import caption_path
from slxrd._version import __version__
from slxrd.errors import SlxrdError
from slxrd.fitting.diagnosis.options import NothingToFitError, diagnosis_for
from slxrd.fitting.diagnosis.text import summary
from slxrd.fitting.result.printed import summarise
from slxrd.ui.cli.frame import INTERRUPTED, command
from slxrd.ui.cli.options import Request
from slxrd.ui.cli.outputs import (
    Force,
    Json,
    Plot,
    Verbose,
    as_json,
    check_outputs,
    folder,
    json_file,
    rendered,
    typed,
    write_all,
    written,
)
from slxrd.ui.cli.terminal import colour_of, columns

if TYPE_CHECKING:
    from slxrd.ui.followup.maps import Pair

#: Heading of the options of what follows the fit.
AFTER = "After the fit"


@command(
    "fit",
    group="Fits",
    example=(
        "slxrd fit scan.xrdml --out results\n"
        "slxrd fit scan.xrdml --region 0.9:1.3 --region 1.95:2.35:0.1 --plot fit.pdf\n"
        "slxrd fit example:cspbbr3-cubes"
    ),
)
def fit_command(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="A file that slxrd reads, or example:NAME; several are scans of one sample, which share "
            "the structure.",
        ),
    ],
    request: Request,
    out: Annotated[Path | None, folder("result.json, fit.csv and fit.png")] = None,
    json: Json = None,
    plot: Plot = None,
    page: Annotated[
        Path | None,
        written("--report", "HTML", "Write the fit as one HTML page, figures in it."),
    ] = None,
    bootstrap: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Repeat the fit on N resampled patterns; needs --out.", rich_help_panel=AFTER
        ),
    ] = None,
    resample: Annotated[
        Literal["noise", "flat", "residual", "block"],
        typer.Option(
            help="Resampling: noise of the fit's σ or of 3 % of the maximum, residuals singly or in blocks.",
            rich_help_panel=AFTER,
        ),
    ] = "noise",
    posterior: Annotated[
        int | None,
        typer.Option(
            metavar="STEPS",
            help="Sample the posterior (MCMC); 1500 are usual. Needs --out.",
            rich_help_panel=AFTER,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of bootstrap and posterior.", rich_help_panel=AFTER)] = 0,
    maps: Annotated[
        bool,
        typer.Option(
            "--maps", help="Draw χ² against each refined parameter; needs --out.", rich_help_panel=AFTER
        ),
    ] = False,
    map_of: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="X,Y",
            help="Map χ² over two parameters, the others refined (see --map-kind): L,N or "
            "L=30:45,N=11:15, also with a number of points, L=30:45:40. May be repeated; needs --out.",
            rich_help_panel=AFTER,
        ),
    ] = None,
    map_kind: Annotated[
        Literal["profile", "section"],
        typer.Option(
            help="In --map: the other parameters refined (profile) or fixed (section).", rich_help_panel=AFTER
        ),
    ] = "profile",
    verbose: Verbose = False,
    force: Force = False,
) -> None:
    """Fit the structure to a measured pattern: d, L, σ_L, N, σ_N and the period Λ."""
    from slxrd.ui.followup.steps import FollowUp
    from slxrd.ui.progress import progress

    after = FollowUp(bootstrap, resample, posterior, seed, maps, _pairs(map_of), map_kind)
    after.check(out)
    json_path = json_file(json)
    in_folder = [] if out is None else [*_in_folder(out), *after.paths(out)]
    measured = [*files, *map(Path, request["further_scans"])]
    check_outputs([*in_folder, plot, json_path, page], force, measured=measured, figure=plot)
    options = request.of_fit()
    pattern, *scans = (request.prepared(file) for file in measured)
    options["further_scans"] = scans
    try:
        with progress("searching") as report:
            result = slxrd.fit(pattern, **options, report=report)
    except NothingToFitError as nothing:
        if nothing.found.proposal.kind == "no structure of this kind":
            raise
        _without_fit(nothing, json)
        if out is not None or plot is not None or page is not None:
            raise SlxrdError(f"{files[0]}: nothing was fitted, so that there is nothing to write") from None
        return
    after.check_fit(result)
    command_line = typed()
    ready: list[tuple[Path, bytes | str]] = []
    if json_path is not None:
        ready.append((json_path, _as_json(result, command_line)))
    if plot is not None:
        ready += _picture(result, plot)
    if out is not None:
        ready += _contents(result, command_line, out)
    done = after.run(result, out or Path(), progress)
    ready += done.files
    if page is not None:
        from slxrd.ui.report.page import FollowUpSection, report_html

        ready.append((page, report_html(result, command_line, FollowUpSection.of(done.text, done.files))))
    text = summarise(result, verbose=verbose, width=columns(), findings=_findings(pattern, options))
    write_all(ready, f"{text}\n{done.text}".rstrip(), quiet=json == "-", colour=colour_of(result))
    if json == "-":
        typer.echo(_as_json(result, command_line), nl=False)
        typer.echo(done.text, nl=bool(done.text), err=True)
    if done.interrupted:
        typer.echo("slxrd: interrupted; the files written hold what was done until then", err=True)
        raise SystemExit(INTERRUPTED)


def _pairs(typed: Sequence[str] | None) -> tuple[Pair, ...]:
    """Return the pairs of parameters of ``--map``."""
    if not typed:
        return ()
    from slxrd.ui.followup.maps import read_map_pair

    return tuple(read_map_pair(text) for text in typed)


def _in_folder(out: Path) -> list[Path]:
    """Return the files that are written in a folder, that of the caption included."""
    from slxrd.fitting.record.write import result_paths

    paths = result_paths(out)
    return [*paths, caption_path(paths[2])]


def _contents(result: slxrd.Fit, command_line: str, out: Path) -> list[tuple[Path, bytes | str]]:
    """Return the files that are written in a folder, with their contents."""
    from slxrd.fitting.record.write import curves_csv, result_paths

    as_json, as_table, as_picture = result_paths(out)
    texts = [(as_json, _as_json(result, command_line)), (as_table, curves_csv(result))]
    return [*texts, *_picture(result, as_picture)]


def _as_json(result: slxrd.Fit, command_line: str) -> str:
    from slxrd.fitting.record.write import result_json

    return result_json(result, command_line)


def _findings(pattern: slxrd.Pattern, options: Mapping[str, Any]) -> list[str]:
    """Return what the pattern shows, in lines; none if it was not diagnosed."""
    found = diagnosis_for(pattern, options)
    return [] if found is None else summary(found).splitlines()


def _without_fit(nothing: NothingToFitError, json: str | None) -> None:
    """Print what a pattern without a superlattice or film shows; with ``--json`` as JSON."""
    found = nothing.found
    document = as_json({"slxrd": __version__, "schema": 1, **found.as_dictionary(), "command": typed()})
    path = json_file(json)
    if json == "-":
        typer.echo(document, nl=False)
        return
    lines = [on_one_line(found.source), str(found), "", _conclusion(found)]
    write_all([] if path is None else [(path, document)], "\n".join(lines))


def _conclusion(found: slxrd.Diagnosis) -> str:
    """Return in a sentence that there is nothing to fit."""
    what = "no superlattice: these are crystals, with the plane distances and sizes above"
    if found.proposal.kind == "no structure of this kind":
        what = "no Bragg peak of a superlattice or film"
    return (
        f"There is {what}. Nothing was fitted, and no figure or folder written. Options that say what the "
        "sample is fit it nevertheless: --coherent 1 for one crystal, --coherent 40 for a stack."
    )


def _picture(result: slxrd.Fit, path: Path) -> list[tuple[Path, bytes | str]]:
    from slxrd.ui.plotting.fit import figure

    return rendered(figure(result), path)
