"""Picture of a pattern and its fits before and after the Lorentz-polarisation correction (as Fig. S14)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from slxrd.lp_comparison import LpComparison
from slxrd.summary import format_estimate, is_simulated

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MEASURED, _FITTED = "#4d4d4d", "#d55e00"


def lp_figure(found: LpComparison) -> Figure:
    """Draw both fits, one above the other, with their values beside them.

    Parameters
    ----------
    found : LpComparison
        What to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Not bound to any window; ``savefig`` writes it.
    """
    from matplotlib.figure import Figure

    n = len(found.after.regions)
    widths = [fitted.q[-1] - fitted.q[0] for fitted in found.after.regions]
    picture = Figure(figsize=(max(7.4, 3.4 * n + 2.0), 6.2), layout="constrained")
    axes = picture.subplots(2, n, squeeze=False, width_ratios=widths)
    simulated = is_simulated(found.after.pattern)
    for row, (title, fit) in enumerate((("before LP", found.before), ("after LP", found.after))):
        for panel, fitted in zip(axes[row], fit.regions, strict=True):
            label = "simulated" if simulated else "measured"
            panel.vlines(
                fitted.q,
                fitted.measured - fitted.sigma,
                fitted.measured + fitted.sigma,
                color=_MEASURED,
                alpha=0.25,
            )
            panel.plot(fitted.q, fitted.measured, ".", color=_MEASURED, markersize=3.0, label=label)
            panel.plot(fitted.q, fitted.calculated, color=_FITTED, linewidth=1.4, label="fitted")
            panel.set_xlabel("q (Å⁻¹)")
        axes[row, 0].set_ylabel(f"intensity {title}")
        lines = [
            title,
            *(
                f"{r.symbol:<8} {format_estimate(r.before if row == 0 else r.after)}"
                for r in found.rows
                if r.shift is not None
            ),
        ]
        picture.text(
            1.0,
            0.72 - 0.45 * row,
            "\n".join(lines),
            fontsize=9,
            family="DejaVu Sans Mono",
            va="center",
            linespacing=1.6,
        )
    axes[0, -1].legend(frameon=False, fontsize=9)
    name = Path(found.after.pattern.source).name + (" (simulated)" if simulated else "")
    picture.suptitle(f"{name}: Lorentz-polarisation correction", x=0.01, ha="left", fontsize=11)
    return picture
