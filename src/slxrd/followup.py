"""What may come after a fit on the command line: a bootstrap, and maps of χ²."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from slxrd.errors import SlxrdError
from slxrd.result import Fit
from slxrd.scan import Progress
from slxrd.summary import format_estimate, is_simulated
from slxrd.table import TABLE
from slxrd.uncertainty.bootstrap import KINDS, QUANTILES, Bootstrap, Kind, bootstrap
from slxrd.uncertainty.chi2map import chi2_maps

Bar = Callable[[str], AbstractContextManager[Progress]]


def bootstrap_paths(folder: Path) -> list[Path]:
    """Return the files that a bootstrap writes into a folder."""
    return [folder / "bootstrap.csv", folder / "bootstrap.png"]


def maps_paths(folder: Path) -> list[Path]:
    """Return the files that maps of χ² write into a folder."""
    return [folder / "chi2maps.png"]


def check_bootstrap(count: int | None, kind: str) -> None:
    """See beforehand that a bootstrap can be made as it was asked for.

    Parameters
    ----------
    count : int or None
        Replicates; None for no bootstrap.
    kind : str
        How they are made.

    Raises
    ------
    SlxrdError
        If there are fewer than two, the kind is unknown, or the library that draws them is missing.
    """
    if count is None:
        return
    if count < 2:
        raise SlxrdError(f"--bootstrap {count}: at least 2 replicates are needed for a spread")
    if kind not in KINDS:
        raise SlxrdError(f"--resample {kind}: must be one of {', '.join(KINDS)}")
    try:
        import corner  # noqa: F401
    except ImportError:
        raise SlxrdError('--bootstrap draws with corner: python -m pip install "slxrd[posterior]"') from None


def run_bootstrap(fit: Fit, count: int, kind: Kind, seed: int, bar: Bar) -> tuple[str, list[bytes | str]]:
    """Bootstrap a fit.

    Parameters
    ----------
    fit : Fit
        The fit.
    count, kind, seed
        As for :func:`slxrd.uncertainty.bootstrap.bootstrap`.
    bar : callable
        Makes a progress bar.

    Returns
    -------
    text : str
        For people.
    contents : list
        Of the files in :func:`bootstrap_paths`; without the picture where there is too little to draw.
    """
    from slxrd.plotting import figure_bytes
    from slxrd.plotting_samples import histogram_matrix

    with bar("bootstrap") as report:
        done = bootstrap(fit, count, kind=kind, seed=seed, report=report)
    if len(done.chi2) <= len(fit.names) + 1:
        return f"{_told(fit, done)}\n  too few replicates to draw", [_table(done)]
    shown = {name: done.all_values[name] for name in (*fit.names, "period")}
    title = f"{Path(fit.pattern.source).name}{' (simulated)' if is_simulated(fit.pattern) else ''}: "
    picture = histogram_matrix(shown, f"{title}bootstrap, {len(done.chi2)} replicates")
    return _told(fit, done), [_table(done), figure_bytes(picture)]


def run_maps(fit: Fit, bar: Bar) -> list[bytes | str]:
    """Draw the χ² maps of all refined parameters, sections and profiles; contents of :func:`maps_paths`."""
    from slxrd.plotting import figure_bytes
    from slxrd.plotting_maps import chi2_maps_figure

    with bar("χ² maps") as report:
        maps = chi2_maps(fit, report=report)
    return [figure_bytes(chi2_maps_figure(maps))]


def _told(fit: Fit, done: Bootstrap) -> str:
    failed = f", {done.failed} failed" if done.failed else ""
    lines = [f"bootstrap ({done.kind}, seed {done.seed}): {done.done} of {done.asked} replicates{failed}"]
    lines.append("       mean       std        2.5 %      median     97.5 %     from the covariance")
    for name in (*fit.names, "period"):
        symbol = TABLE[name].symbol if name in TABLE else "Λ"
        low, _, middle, _, high = (done.quantile(name, share) for share in QUANTILES)
        numbers = (done.mean(name), done.std(name), low, middle, high)
        quoted = fit.parameters.get(name) or fit.derived[name]
        lines.append(
            f"  {symbol:<4} " + " ".join(f"{v:<10.5g}" for v in numbers) + " " + format_estimate(quoted)
        )
    if len(fit.solutions) > 1:
        shares = [float((done.solution == k).mean()) for k in range(len(fit.solutions))]
        moved = ", ".join(f"{share:.0%} to {k + 1}" for k, share in enumerate(shares) if share > 0.0)
        lines.append(f"  solutions that the replicates came to: {moved}")
    return "\n".join(lines)


def _table(done: Bootstrap) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*done.all_values, "chi2", "solution"])
    columns = [*done.all_values.values(), done.chi2, done.solution + 1]
    table.writerows([f"{value:.10g}" for value in row] for row in zip(*columns, strict=True))
    return text.getvalue()
