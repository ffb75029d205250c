"""Write the files of the paper into a folder; those that exist stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from slxrd._files import check_writable, write
from slxrd._output_lock import locked
from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit
from slxrd.fitting.record.write import curves_csv
from slxrd.fitting.result.summary import is_simulated
from slxrd.fitting.search.scan import Progress
from slxrd.io.registry import read
from slxrd.ui.paper.notebook import notebook
from slxrd.ui.paper.page import page
from slxrd.ui.paper.samples import SAMPLES, PaperSample

Bar = Callable[[str], AbstractContextManager[Progress]]


def paper(
    folder: Path, only: Sequence[str], quick: bool, force: bool, echo: Callable[[str], None], bar: Bar
) -> tuple[str, ...]:
    """Write the simulated patterns, notebooks, page and fits that are missing.

    A pattern of the authors, NAME.csv, is fitted in place of the simulated one, and is never written.

    Parameters
    ----------
    folder : Path
        Output folder.
    only : sequence of str
        Names of samples, such as ``"anneal_RT"``; all if empty.
    quick : bool
        Whether the notebooks are quick ones: few replicates, maps with the other parameters fixed.
    force : bool
        Whether files that exist are written again.
    echo : callable
        Function that prints text.
    bar : callable
        Makes a progress bar.

    Returns
    -------
    tuple of str
        Samples that could not be fitted.

    Raises
    ------
    SlxrdError
        If a sample is unknown, or the folder cannot be written to.
    """
    samples = _selected(only)
    with locked(folder):
        _write_new(folder / "README.md", page(), force, echo)
        for sample in samples:
            _write_new(folder / f"{sample.simulated}.csv", sample.content(), force, echo)
            _write_new(folder / f"{sample.name}.ipynb", notebook(sample, quick), force, echo)
        return tuple(sample.name for sample in samples if not _fitted(sample, folder, force, echo, bar))


def _selected(only: Sequence[str]) -> list[PaperSample]:
    for name in only:
        if name not in SAMPLES:
            raise SlxrdError(f"--only {name}: unknown sample; the samples are {', '.join(SAMPLES)}")
    return [sample for name, sample in SAMPLES.items() if not only or name in only]


def _write_new(path: Path, content: str, force: bool, echo: Callable[[str], None]) -> None:
    """Write a file, or leave one that exists."""
    if path.exists() and not force:
        echo(f"{path} exists and stays")
        return
    check_writable([path], force)
    write(path, content)
    echo(f"wrote {path}")


def _fitted(sample: PaperSample, folder: Path, force: bool, echo: Callable[[str], None], bar: Bar) -> bool:
    """Fit a pattern and write the curves; return whether the fit is there."""
    data = sample.data(folder)
    path = folder / f"FIT_{data.name}"
    if path.exists() and not force:
        if path.stat().st_mtime_ns < data.stat().st_mtime_ns:
            echo(f"! {path} is older than {data}; it stays (--force fits again)")
        else:
            echo(f"{path} exists and stays")
        return True
    check_writable([path], force)
    try:
        pattern = read(data, axis="q")
        with bar(sample.name) as report:
            result = fit(pattern, **sample.options, report=report)
    except SlxrdError as error:
        echo(f"! {sample.name} is not fitted: {error}")
        return False
    write(path, curves_csv(result))
    kind = "simulated" if is_simulated(pattern) else "measured"
    echo(f"wrote {path}: {kind} pattern, reduced χ² {result.reduced_chi2:.3g}")
    return True
