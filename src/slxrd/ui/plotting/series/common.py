"""Titles, axis labels and colours that the figures of a series share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slxrd._escape import figure_text
from slxrd.fitting.result.summary import is_simulated
from slxrd.studies.series.result import SeriesFit
from slxrd.ui.plotting import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CALCULATED, JOINT, OWN, FAINT = style.VERMILION, style.BLUE, style.POINTS, "#b8b8b8"
#: Largest number of patterns that are stacked; of more, only some are drawn, at equal steps.
MAX_STACKED = 40


def axis_label(fit: SeriesFit) -> str:
    """Return the label of the axis of the variable, with its unit."""
    return figure_text(fit.series.variable + (f" ({fit.series.unit})" if fit.series.unit else ""))


def has_simulated(fit: SeriesFit) -> bool:
    """Return whether any pattern of the series is simulated."""
    return any(is_simulated(pattern) for pattern in fit.series.patterns)


def describe(figure: Figure, fit: SeriesFit, *sentences: str) -> None:
    """Set the caption: the number of patterns and what is drawn; write above it if patterns are simulated."""
    simulated = has_simulated(fit)
    style.mark_simulated(figure, simulated)
    style.set_caption(figure, f"{len(fit.members)} {'simulated ' if simulated else ''}patterns.", *sentences)
