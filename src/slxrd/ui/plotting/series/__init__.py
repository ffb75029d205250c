"""Figures of a series."""

from slxrd.ui.plotting.series.gaps import gap_figure as gap_figure
from slxrd.ui.plotting.series.parameters import parameters_figure as parameters_figure
from slxrd.ui.plotting.series.patterns import heat_figure as heat_figure
from slxrd.ui.plotting.series.patterns import stacked_figure as stacked_figure
