"""Files of a fitted series that the page offers for download."""

from __future__ import annotations

from collections.abc import Callable

from slxrd.errors import SlxrdError
from slxrd.studies.series.output import joint_csv, series_csv, series_json
from slxrd.ui.app.state.series import FittedSeries


def series_downloads() -> dict[str, tuple[str, Callable[[FittedSeries], bytes | str]]]:
    """Return for each file name the label of its button and the function that makes it."""

    def joint(fitted: FittedSeries) -> str:
        if fitted.fit.joint is None:
            raise SlxrdError("there is no joint fit; name shared or smooth parameters, and fit again")
        return joint_csv(fitted.fit.joint, fitted.fit.series.variable)

    def picture(name: str) -> Callable[[FittedSeries], bytes]:
        return lambda fitted: fitted.pictures[name]

    return {
        "series.csv": ("Table (series.csv)", lambda fitted: series_csv(fitted.fit)),
        "series.json": ("All numbers (series.json)", lambda fitted: series_json(fitted.fit)),
        "parameters.png": ("Parameters (.png)", picture("parameters")),
        "stack.png": ("Stack (.png)", picture("stack")),
        "waterfall.png": ("Waterfall (.png)", picture("waterfall")),
        "heatmap.png": ("Heat map (.png)", picture("heatmap")),
        "joint.csv": ("Joint fit (joint.csv)", joint),
    }
