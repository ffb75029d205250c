"""Draw the figures and tables of the supporting information of the 2021 paper from simulated patterns.

Toso, Baranov et al., ACS Nano 2021, 15, 6243. Each figure is written as soon as it is drawn, so that an
interrupted run can be resumed. S9 shows electron micrographs and has no equivalent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path

from slxrd._output_lock import locked
from slxrd.errors import SlxrdError
from slxrd.fitting.search.scan import Progress
from slxrd.ui.gallery import fits as gallery_fits
from slxrd.ui.gallery import model as gallery_model
from slxrd.ui.gallery import series as gallery_series
from slxrd.ui.gallery.page import GalleryPage
from slxrd.ui.gallery.samples import DrawnFigure, Figure, Samples

#: All figures, in the order of the supporting information.
FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in sorted(
        (*gallery_model.FIGURES, *gallery_fits.FIGURES, *gallery_series.FIGURES), key=lambda f: f.order
    )
}

Bar = Callable[[str], AbstractContextManager[Progress]]


def gallery(
    folder: Path, only: Sequence[str], force: bool, echo: Callable[[str], None], bar: Bar
) -> tuple[str, ...]:
    """Draw the missing figures, and the page that shows all.

    Parameters
    ----------
    folder : Path
        Output folder; its ``gallery.html`` shows all figures.
    only : sequence of str
        Names of figures, such as ``"S6"``; all if empty.
    force : bool
        Whether to draw existing figures again.
    echo : callable
        Function that prints text.
    bar : callable
        Makes a progress bar.

    Returns
    -------
    tuple of str
        Figures that could not be drawn because a library is missing.

    Raises
    ------
    SlxrdError
        If a figure is unknown, or a file exists and may not be overwritten.
    """
    selected = _select(only)
    with locked(folder):
        return _drawn(selected, folder, force, echo, bar)


def _drawn(
    selected: Sequence[Figure], folder: Path, force: bool, echo: Callable[[str], None], bar: Bar
) -> tuple[str, ...]:
    page = GalleryPage.open(folder, force)
    waiting = [figure for figure in selected if force or not page.has(figure.name)]
    page.check(waiting, force)
    if len(waiting) < len(selected):
        echo(f"{len(selected) - len(waiting)} of {len(selected)} exist already (--force draws them again)")
    samples, missing = Samples(), []
    for figure in waiting:
        absent = [name for name in figure.needs if find_spec(name) is None]
        if absent:
            missing.append(figure.name)
            echo(f'! {figure.name} needs {", ".join(absent)}: pip install "slxrd[posterior]"')
            continue
        with bar(figure.name) as report:
            drawn: DrawnFigure = figure.draw(samples, report)
        for path in page.add(figure, drawn):
            echo(f"{figure.name:<8} {figure.title}: {path}")
    if page.figures:
        echo(f"open {page.path}")
    return tuple(missing)


def _select(only: Sequence[str]) -> list[Figure]:
    for name in only:
        if name not in FIGURES:
            raise SlxrdError(f"--only {name}: unknown figure; the figures are {', '.join(FIGURES)}")
    return [figure for name, figure in FIGURES.items() if not only or name in only]
