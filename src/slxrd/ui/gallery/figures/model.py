"""Images of the model in the gallery; each function returns the bytes of a PNG file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from slxrd.ui.plotting import style
from slxrd.ui.plotting.fit import figure_bytes
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (style.BLUE, style.VERMILION, style.GREEN, style.PURPLE, style.BLACK)
_GREY = style.POINTS


def two_panels(height: float = 2.7) -> tuple[Figure, Sequence[Axes]]:
    """Return a figure with two panels, (a) and (b), that is marked as simulated."""
    shape = (2, 1) if style.is_narrow() else (1, 2)
    figure = style.new_figure(height * shape[0])
    panels = figure.subplots(*shape).tolist()
    style.letter_panels(panels)
    style.mark_simulated(figure, True)
    return figure, panels


@style.styled
def low_angles(
    d: float,
    L: float,
    N: float,
    q: FloatArray,
    envelope: FloatArray,
    paper: FloatArray,
    stack: FloatArray,
    real: FloatArray,
) -> bytes:
    """Draw density and its power spectrum; curves over q (Å⁻¹), lengths in Å."""
    figure, (left, right) = two_panels(3.0)
    width, period = L - d, (N - 1.0) * d + L
    for i in range(3):
        bottom = i * period
        left.fill_between(
            [bottom - d / 2, bottom + (N - 0.5) * d], 0.0, 1.0, color=COLOURS[0], alpha=0.2, linewidth=0.0
        )
        left.vlines(bottom + d * np.arange(N), 0.0, 1.0, color=COLOURS[0], linewidth=0.8)
        gap = bottom + (N - 1.0) * d + d * np.arange(1.0, L / d - 0.5)
        left.vlines(gap, 0.0, 1.0, color=COLOURS[1], linewidth=0.8, linestyle="--")
    arrow: dict[str, Any] = {
        "arrowprops": {"arrowstyle": "<->", "shrinkA": 0, "shrinkB": 0},
        "annotation_clip": False,
    }
    for at, low, high, text in (
        (1.07, (N - 1.0) * d, period, f"$L$ = {L:g} Å"),
        (1.22, (N - 0.5) * d, period - d / 2, f"$w = L - d$ = {width:.1f} Å"),
        (1.37, 0.0, period, rf"$\Lambda$ = {period:.1f} Å"),
    ):
        left.annotate("", (low, at), (high, at), **arrow)
        left.text(0.5 * (low + high), at + 0.015, text, ha="center", va="bottom")
    left.set(
        xlim=(-10.0, 2.45 * period),
        ylim=(0.0, 1.55),
        xlabel="height (Å)",
        ylabel="density (arb. units)",
        yticks=[],
    )
    left.plot([], [], color=COLOURS[0], label="planes of the crystals")
    left.plot([], [], color=COLOURS[1], linestyle="--", label="planes the gap has room for")
    left.legend(loc="lower right", frameon=True, framealpha=1.0)
    at = int(np.argmin(np.abs(q - 3.0 * np.pi / width)))
    near = np.abs(q - q[at]) < 0.04
    right.semilogy(
        q, stack / stack[near].max(), color="0.7", linewidth=0.7, label="stack, one size, resolved"
    )
    right.semilogy(
        q,
        real / real[near].max(),
        color=COLOURS[0],
        linewidth=1.0,
        label="sample and instrument of the paper",
    )
    right.semilogy(
        q, envelope / envelope[at], color=COLOURS[2], linewidth=1.0, label="sin²($qw$/2)/sin²($qd$/2)"
    )
    right.semilogy(
        q, paper / paper[at], color=COLOURS[1], linewidth=1.0, linestyle="--", label="sinc²($qw$/2), Eq. S1"
    )
    for k in (1, 2):
        right.axvline(2.0 * np.pi * k / width, color=_GREY, linewidth=0.8, linestyle=":")
    right.set(xlabel=style.Q, ylabel=style.INTENSITY, xlim=(q[0], q[-1]), ylim=(1e-4, 200.0))
    right.legend(loc="upper right")
    return figure_bytes(figure)


@style.styled
def form_factor(
    q: FloatArray, single: Mapping[int, FloatArray], mixed: FloatArray, fringes: FloatArray, alone: FloatArray
) -> bytes:
    """Draw form factors of single crystals, and fringes under one; curves of height 1 over q (Å⁻¹)."""
    figure, (left, right) = two_panels()
    for (N, curve), colour in zip(single.items(), COLOURS, strict=False):
        left.plot(q, curve, color=colour, linewidth=1.0, label=f"$N$ = {N}")
    left.plot(q, mixed, color="black", linewidth=1.0, linestyle="--", label=r"$N$ = 13, $\sigma_N$ = 1.55")
    right.fill_between(q, fringes, color=COLOURS[0], alpha=0.35, linewidth=0.0)
    right.plot(q, fringes, color=COLOURS[0], linewidth=0.9, label=r"fringes of a stack, $\sigma_L$ = 0.3 Å")
    right.plot(q, alone, color=COLOURS[1], linewidth=1.0, label="form factor of its crystals, $N$ = 13")
    for panel in (left, right):
        panel.set(xlabel=style.Q, ylabel=style.INTENSITY, xlim=(q[0], q[-1]), ylim=(0.0, 1.4))
        panel.legend(loc="upper right")
    return figure_bytes(figure)


@style.styled
def thickness(
    planes: Sequence[tuple[float, str]], N: int, d: float, L: float, overhang: tuple[float, float]
) -> bytes:
    """Draw the planes of two neighbours; heights and lengths in Å."""
    figure = style.new_figure(2.4)
    panel = figure.subplots()
    looks = {"PbBr2": (COLOURS[0], 3.0), "CsBr": (COLOURS[2], 1.5), "Br": (COLOURS[1], 1.5)}
    top = (N - 1.0) * d
    for bottom in (0.0, top + L):
        panel.axvspan(bottom - overhang[0], bottom + top + overhang[1], color="0.94", linewidth=0.0)
        for height, name in planes:
            colour, width = looks[name]
            panel.vlines(bottom + height, 0.0, 1.0, color=colour, linewidth=width)
    arrows: dict[str, Any] = {"arrowstyle": "<->", "shrinkA": 0, "shrinkB": 0}
    for at, low, high, text in (
        (1.08, 0.0, top, r"$(N-1)\cdot d$"),
        (1.26, -overhang[0], top + overhang[1], r"thickness $N\cdot d$"),
        (1.08, top, top + L, "$L$"),
        (1.26, top + overhang[1], top + L - overhang[0], "free gap $L - d$"),
        (1.44, 0.0, top + L, r"$\Lambda = (N-1)\cdot d + L$"),
    ):
        panel.annotate("", (low, at), (high, at), arrowprops=arrows)
        panel.text(0.5 * (low + high), at + 0.02, text, ha="center", va="bottom")
    for name, (colour, width) in looks.items():
        panel.plot(
            [], [], color=colour, linewidth=width, label={"PbBr2": "PbBr₂, counted by $N$"}.get(name, name)
        )
    panel.set(xlabel="height (Å)", yticks=[], ylim=(0.0, 1.62), xlim=(-8.0, 2.0 * top + L + 8.0))
    panel.legend(loc="center", framealpha=1.0, bbox_to_anchor=(0.5, 0.3))
    panel.spines[["left", "right", "top"]].set_visible(False)
    return figure_bytes(figure)


@style.styled
def slits(
    q: FloatArray, curves: Mapping[float, tuple[float, FloatArray]], coherent: Mapping[str, FloatArray]
) -> bytes:
    """Draw one Bragg peak at several slit widths (mm: σ_G in Å⁻¹ and curve), and with less coherence."""
    figure, (left, right) = two_panels()
    # Each is shifted upwards, as the first two nearly coincide.
    for i, ((slit, (sigma, curve)), colour) in enumerate(zip(curves.items(), COLOURS, strict=False)):
        label = rf"{slit:g} mm, $\sigma_\mathrm{{G}}$ = {sigma:.4f} Å⁻¹"
        left.plot(q, curve + 0.2 * i, color=colour, label=label)
    for (text, curve), colour in zip(coherent.items(), COLOURS, strict=True):
        right.plot(
            q, curve, color=colour, linewidth=1.0, linestyle="--" if "slit" in text else "-", label=text
        )
    for panel in (left, right):
        panel.set(xlabel=style.Q, ylabel=style.INTENSITY, xlim=(q[0], q[-1]))
        panel.set_ylim(0.0, 1.55 * panel.get_ylim()[1])  # the legend is above the curves
        panel.legend(loc="upper left")
    return figure_bytes(figure)
