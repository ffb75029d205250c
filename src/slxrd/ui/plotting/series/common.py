"""Titles, axis labels and colours that the figures of a series share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slxrd._escape import figure_text
from slxrd.fitting.result.summary import is_simulated
from slxrd.studies.series.result import SeriesFit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CALCULATED, JOINT, OWN, FAINT = "#d55e00", "#0072b2", "#4d4d4d", "#b8b8b8"
#: Largest number of patterns that are stacked; of more, only some are drawn, at equal steps.
MAX_STACKED = 40


def axis_label(fit: SeriesFit) -> str:
    """Return the label of the axis of the variable, with its unit."""
    return figure_text(fit.series.variable + (f" ({fit.series.unit})" if fit.series.unit else ""))


def has_simulated(fit: SeriesFit) -> bool:
    """Return whether any pattern of the series is simulated."""
    return any(is_simulated(pattern) for pattern in fit.series.patterns)


def set_title(figure: Figure, fit: SeriesFit, description: str) -> None:
    """Write the number of patterns and a description above a figure."""
    text = f"{len(fit.members)} patterns" + (f", {description}" if description else "")
    figure.suptitle(text, x=0.01, ha="left", fontsize=10)
