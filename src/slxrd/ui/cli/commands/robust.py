"""The command ``slxrd robust``: whether few outlying points decide a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from slxrd.errors import FileError
from slxrd.ui.cli.commands.report import PASSED_ON, fitted, result_or_pattern
from slxrd.ui.cli.frame import command
from slxrd.ui.cli.outputs import Force, Json, Outputs, Plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@command(
    "robust",
    group="Fits",
    example="slxrd robust film.csv --region 0.88:1.28 --plot robust.pdf",
    context_settings=PASSED_ON,
)
def robust_command(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="RESULT|FILE [OPTIONS]",
            help="A result.json or its folder, which is fitted again; or a pattern and options of slxrd fit.",
        ),
    ],
    degrees_of_freedom: Annotated[
        float,
        typer.Option(
            "--degrees-of-freedom",
            metavar="ν",
            help="Of the Student-t distribution; the smaller, the less outlying points count.",
        ),
    ] = 4.0,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Refine a fit again with Student-t residuals, and print what changes and which points are outlying."""
    from slxrd.fitting.record.saved_fit import load
    from slxrd.studies.robust import compare_robust

    state, path = result_or_pattern(words)
    outputs = Outputs(json, plot, force, file=path if path.is_file() else None)
    if state is None:
        state = load(path).request
        if state is None or state.file is None:
            raise FileError(
                path, "is a fit of a pattern that no file holds; give the pattern and its options"
            )
    found = compare_robust(fitted(state), degrees_of_freedom)

    def figure() -> Figure:
        from slxrd.ui.plotting.robust import robust_figure

        return robust_figure(found)

    outputs.finish(str(found), found.as_dictionary(), figure)
