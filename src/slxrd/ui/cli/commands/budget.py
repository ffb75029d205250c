"""The command ``slxrd budget``: what noise and systematic effects contribute to the errors of a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from slxrd.errors import SlxrdError
from slxrd.ui.cli.commands.report import PASSED_ON, fitted, result_or_pattern
from slxrd.ui.cli.frame import command
from slxrd.ui.cli.outputs import Force, Json, Outputs, Plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@command("budget", group="Fits", example="slxrd budget results --plot budget.pdf", context_settings=PASSED_ON)
def budget_command(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="RESULT|FILE [OPTIONS]",
            help="A result.json or its folder; or a pattern, fitted with these options of slxrd fit.",
        ),
    ],
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Print how much noise and each systematic effect contribute to the errors of a fit."""
    from slxrd.fitting.record.saved_fit import load
    from slxrd.fitting.record.write import budget_dictionary
    from slxrd.fitting.result.budget_table import budget_lines, describe_budget, remedies

    state, path = result_or_pattern(words)
    outputs = Outputs(json, plot, force, file=path if path.is_file() else None)
    fit = load(path) if state is None else fitted(state)
    if fit.rejected:
        raise SlxrdError(
            f"{path}: the model does not describe the data, so that there are no errors to divide"
        )
    if not budget_lines(fit):
        raise SlxrdError(
            f"{path}: the errors of this fit contain no systematic effects; fit it again with this version, "
            "without --systematics none"
        )
    document = {"budget": budget_dictionary(fit.budget), "remedies": remedies(fit)}

    def figure() -> Figure:
        from slxrd.ui.plotting.budget import budget_figure

        return budget_figure(fit)

    outputs.finish(describe_budget(fit), document, figure)
