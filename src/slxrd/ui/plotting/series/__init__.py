"""Figures of a series."""

from slxrd.ui.plotting.series.gaps import series_gap_figure as series_gap_figure
from slxrd.ui.plotting.series.parameters import series_parameters_figure as series_parameters_figure
from slxrd.ui.plotting.series.patterns import series_heat_figure as series_heat_figure
from slxrd.ui.plotting.series.patterns import series_stack_figure as series_stack_figure
