"""The figures and tables of the 2021 paper's supporting information, made anew from simulated patterns.

Toso, Baranov et al., ACS Nano 2021, 15, 6243. Each figure is written as soon as it is drawn, so that an
interrupted run goes on where it stopped. S9 is a set of electron micrographs and has no equivalent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path

from slxrd.errors import SlxrdError
from slxrd.fitting.search.scan import Progress
from slxrd.ui.gallery import fits as gallery_fits
from slxrd.ui.gallery import model as gallery_model
from slxrd.ui.gallery import series as gallery_series
from slxrd.ui.gallery.page import Page
from slxrd.ui.gallery.samples import Drawn, Figure, Samples

#: In the order of the supporting information.
FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in sorted(
        (*gallery_model.FIGURES, *gallery_fits.FIGURES, *gallery_series.FIGURES), key=lambda f: f.order
    )
}

Bar = Callable[[str], AbstractContextManager[Progress]]


def gallery(
    folder: Path, only: Sequence[str], force: bool, say: Callable[[str], None], bar: Bar
) -> tuple[str, ...]:
    """Draw the figures that are not there yet, and the page that shows them.

    Parameters
    ----------
    folder : Path
        Where to; ``gallery.html`` in it shows everything.
    only : sequence of str
        Names of figures, such as ``"S6"``; all where none is given.
    force : bool
        Whether figures that are there are drawn anew.
    say : callable
        Takes the text for people.
    bar : callable
        Makes a progress bar.

    Returns
    -------
    tuple of str
        The figures that could not be drawn because a library is missing.

    Raises
    ------
    SlxrdError
        If a figure is unknown, or a file is in the way.
    """
    chosen = _chosen(only)
    page = Page.open(folder, force)
    waiting = [figure for figure in chosen if force or not page.holds(figure.name)]
    page.check(waiting, force)
    if len(waiting) < len(chosen):
        say(f"{len(chosen) - len(waiting)} of {len(chosen)} are there already (--force draws them anew)")
    samples, missing = Samples(), []
    for figure in waiting:
        absent = [name for name in figure.needs if find_spec(name) is None]
        if absent:
            missing.append(figure.name)
            say(f'! {figure.name} needs {", ".join(absent)}: pip install "slxrd[posterior]"')
            continue
        with bar(figure.name) as report:
            drawn: Drawn = figure.draw(samples, report)
        for path in page.add(figure, drawn):
            say(f"{figure.name:<8} {figure.title}: {path}")
    if page.figures:
        say(f"look at {page.path}")
    return tuple(missing)


def _chosen(only: Sequence[str]) -> list[Figure]:
    for name in only:
        if name not in FIGURES:
            raise SlxrdError(f"--only {name}: there is no such figure; there are {', '.join(FIGURES)}")
    return [figure for name, figure in FIGURES.items() if not only or name in only]
