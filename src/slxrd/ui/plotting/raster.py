"""Figure of a fitted map: each parameter and its error, the solutions that compete, and the assessment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd.errors import SlxrdError
from slxrd.studies.maps.result import GRADES, MapFit
from slxrd.ui.plotting import style
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours of patterns without a value, and of the classes of the assessment (Okabe and Ito).
_MASKED = "#bdbdbd"
_CLASSES = {
    GRADES[0]: "#56b4e9", GRADES[1]: "#f0e442", GRADES[2]: "#d55e00", GRADES[3]: "#000000",
    GRADES[4]: "#bdbdbd",
}  # fmt: skip
#: Colours of a map from its 2nd to its 98th percentile.
_PERCENTILES = (2.0, 98.0)


@style.styled
@check_arguments
def map_figure(found: MapFit) -> Figure:
    """Draw the parameters of a map with their errors, reduced χ², competing solutions and the assessment.

    Patterns without a value are grey and hatched. Of a map of more than two dimensions, the first ones are
    drawn below one another.

    Parameters
    ----------
    found : MapFit
        The map.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to a window; write it with ``savefig``.

    Raises
    ------
    SlxrdError
        If the map has no patterns.
    """
    if not found.grade.size:
        raise SlxrdError(f"{found.source}: no pattern to draw")
    count = len(found.free) + 2
    columns = min(count, 2 if style.is_narrow() else 4)
    line = _is_line(found)
    across = 1 if line else 2
    rows = -(-count // columns) * across
    height, width = _plane(found.grade).shape
    tall = 2.2 if line else float(np.clip(3.0 * height / max(width, 1), 1.3, 4.5))
    figure = style.new_figure((0.5 * tall + 0.5) * rows + 0.5)
    axes = figure.subplots(rows, columns, squeeze=False)
    for panel in axes.flat:
        panel.set_visible(False)
    for k, name in enumerate(found.free):
        row, column = divmod(k, columns)
        label = style.label(name)
        if line:
            _draw_line(axes[row, column], found, name)
            continue
        _draw_plane(axes[2 * row, column], found.value(name), label)
        _draw_plane(axes[2 * row + 1, column], found.error(name), f"error of {label}", "cividis")
    _draw_rest(axes, found, columns, across)
    grid = " × ".join(map(str, found.shape))
    style.mark_simulated(figure, found.simulated)
    style.set_caption(
        figure,
        f"{on_one_line(found.source)}{' (simulated)' if found.simulated else ''}: {grid} patterns. Grey, "
        "hatched: no "
        "value. Colours from the 2nd to the 98th percentile.",
    )
    return figure


def _draw_rest(axes: Any, found: MapFit, columns: int, across: int) -> None:
    """Draw reduced χ² and number of solutions, and the assessment, in the places after the parameters."""
    row, column = divmod(len(found.free), columns)
    after_row, after = divmod(len(found.free) + 1, columns)
    reduced = np.where(found.grade < 4, found.reduced_chi2, np.nan)
    if across == 1:
        axes[row, column].set_visible(True)
        axes[row, column].plot(reduced.ravel(), ".", markersize=3, color="#0072b2")
        axes[row, column].set_title("reduced χ²")
        axes[row, column].set_yscale("log")
        axes[row, column].set_xlabel("pattern")
        _draw_classes(axes[after_row, after], found)
        return
    _draw_plane(axes[2 * row, column], reduced, "reduced χ²", "viridis")
    competing = np.where(found.grade < 2, found.competing.astype(float), np.nan)
    _draw_plane(axes[2 * row + 1, column], competing, "other solutions that compete", "cividis", whole=True)
    _draw_classes(axes[2 * after_row, after], found)


def _is_line(found: MapFit) -> bool:
    return len(found.shape) == 1 or min(_plane(found.grade).shape) == 1


def _plane(values: NDArray[Any]) -> NDArray[Any]:
    """Reshape a map to two dimensions."""
    return values.reshape(-1, values.shape[-1])


def _draw_plane(
    panel: Axes, values: FloatArray, title: str, colours: str = "viridis", *, whole: bool = False
) -> None:
    plane = _plane(values)
    panel.set_visible(True)
    _hatch(panel, plane.shape)
    kept = plane[np.isfinite(plane)]
    panel.set_title(title if kept.size else f"{title}: no value")
    _ticks(panel, plane.shape)
    if not kept.size:
        return
    low, high = np.percentile(kept, _PERCENTILES) if not whole else (0.0, max(float(kept.max()), 1.0))
    outside = (bool(kept.min() < low), bool(kept.max() > high))
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get(outside, "neither")
    image = panel.imshow(
        np.ma.masked_invalid(plane), cmap=colours, vmin=low, vmax=high if high > low else low + 1e-12,
        interpolation="nearest", aspect="equal", zorder=2,
    )  # fmt: skip
    bar = panel.figure.colorbar(image, ax=panel, extend=extend, fraction=0.05, pad=0.02)
    if whole:
        from matplotlib.ticker import MaxNLocator

        bar.locator = MaxNLocator(integer=True)
        bar.update_ticks()


def _hatch(panel: Axes, shape: tuple[int, ...]) -> None:
    """Grey, hatched background, which is visible where an image is masked."""
    from matplotlib.patches import Rectangle

    panel.add_patch(
        Rectangle((-0.5, -0.5), shape[1], shape[0], facecolor=_MASKED, edgecolor="#7f7f7f", hatch="////",
                  linewidth=0.0, zorder=1)
    )  # fmt: skip
    panel.set_xlim(-0.5, shape[1] - 0.5)
    panel.set_ylim(shape[0] - 0.5, -0.5)


def _ticks(panel: Axes, shape: tuple[int, ...]) -> None:
    from matplotlib.ticker import MaxNLocator

    panel.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    panel.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    panel.set_aspect("equal" if max(shape) < 20 * min(shape) else "auto")


def _draw_classes(panel: Axes, found: MapFit) -> None:
    """Draw the grade of each pattern, with the numbers of patterns."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    plane = _plane(found.grade)
    panel.set_visible(True)
    panel.imshow(
        plane, cmap=ListedColormap(list(_CLASSES.values())), vmin=-0.5, vmax=len(_CLASSES) - 0.5,
        interpolation="nearest", aspect="auto" if _is_line(found) else "equal",
    )  # fmt: skip
    panel.set_title("does the model describe it?")
    if not _is_line(found):
        _ticks(panel, plane.shape)
    doubtful = _plane(found.doubtful)
    if doubtful.any():
        panel.contourf(
            np.where(doubtful, 1.0, np.nan), levels=[0.5, 1.5], colors="none", hatches=["xxx"], zorder=3
        )
    counts = [int(np.count_nonzero(plane == code)) for code in range(len(_CLASSES))]
    handles: list[Any] = [
        Patch(facecolor=colour, edgecolor="#555555", label=f"{name}: {number}")
        for (name, colour), number in zip(_CLASSES.items(), counts, strict=True)
        if number
    ]
    if doubtful.any():
        handles.append(Patch(facecolor="none", edgecolor="#000000", hatch="xxx", label="doubtful"))
    panel.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, -0.12))


def _draw_line(panel: Axes, found: MapFit, name: str) -> None:
    """Draw a parameter of a series of patterns with its error bars."""
    values, errors = found.value(name).ravel(), found.error(name).ravel()
    panel.set_visible(True)
    panel.errorbar(
        np.arange(values.size), values, np.nan_to_num(errors), fmt=".", markersize=3, linewidth=0.8,
        color="#0072b2", ecolor="#7fb8d9",
    )  # fmt: skip
    for place in np.flatnonzero(~np.isfinite(values)) if values.size <= 2000 else ():
        panel.axvspan(
            place - 0.5, place + 0.5, facecolor=_MASKED, edgecolor="#7f7f7f", hatch="////", linewidth=0.0
        )
    panel.set_title(style.label(name))
    panel.set_xlabel("pattern")
