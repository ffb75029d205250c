"""The figure of the paper: ``python paper/figure.py`` fits two packaged examples and draws them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import slxrd

EXAMPLES = {
    "cspbbr3-cubes": "Simulated: CsPbBr₃ nanocubes, Cu Kα₁",
    "cumnsb-film": "Measured: epitaxial film with Laue fringes",
}


def figure() -> Figure:
    """Points, curve and residuals of the first region of each example."""
    drawn = Figure(figsize=(7.0, 3.4), dpi=200, layout="constrained")
    FigureCanvasAgg(drawn)
    axes = drawn.subplots(2, 2, sharex="col", gridspec_kw={"height_ratios": (3, 1)})
    for (curve, residual), (name, title) in zip(axes.T, EXAMPLES.items(), strict=True):
        fitted = slxrd.example(name).fit().regions[0]
        curve.semilogy(fitted.q, fitted.measured, ".", color="0.55", markersize=2.5, label="points")
        steps = np.diff(fitted.q)
        gaps = np.flatnonzero(steps > 3.0 * np.median(steps)) + 1  # points that are masked
        places, calculated = (np.insert(each, gaps, np.nan) for each in (fitted.q, fitted.calculated))
        curve.semilogy(places, calculated, color="C3", linewidth=1.0, label="slxrd")
        residual.plot(fitted.q, fitted.residual, ".", color="0.35", markersize=2.0)
        residual.axhline(0.0, color="C3", linewidth=0.8)
        residual.set_xlabel("q (Å⁻¹)")
        curve.set_title(title, fontsize=8)
    axes[0, 0].set_ylabel("intensity")
    axes[1, 0].set_ylabel("residual / σ")
    axes[0, 0].legend(fontsize=7, frameon=False)
    return drawn


if __name__ == "__main__":
    figure().savefig(Path(__file__).parent / "figure.png")
