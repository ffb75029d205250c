"""An image over q and azimuth in logarithmic colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from slxrd.detector.maps import PolarMap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Grey of pixels that are not measured.
_NOT_MEASURED = "#bdbdbd"
#: Percentiles above zero from which colours begin, and at which they end.
_PERCENTILES = (1.0, 99.9)


def draw_polar(panel: Axes, polar: PolarMap, azimuths: tuple[float, float]) -> None:
    """Draw an image over q and azimuth; NaN is not measured.

    Parameters
    ----------
    panel : matplotlib.axes.Axes
        To draw in.
    polar : PolarMap
        The image.
    azimuths : (float, float)
        Lowest and highest azimuth in degrees.
    """
    from matplotlib.colors import LogNorm

    positive = polar.intensity[polar.intensity > 0.0]
    low, high = np.percentile(positive, _PERCENTILES) if positive.size else (1.0, 10.0)
    panel.set_facecolor(_NOT_MEASURED)
    panel.imshow(
        np.ma.masked_invalid(np.maximum(polar.intensity, low)), origin="lower", aspect="auto",
        extent=(polar.q[0], polar.q[-1], *azimuths), cmap="viridis",
        interpolation="nearest", norm=LogNorm(low, max(high, low * 1.001)),
    )  # fmt: skip
    panel.set_xlabel("$q$ (Å$^{-1}$)")
    panel.set_ylabel("azimuth (°)")
