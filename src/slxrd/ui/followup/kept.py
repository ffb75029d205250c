"""Bootstrap and χ² maps that a session keeps, and their part of the report."""

from __future__ import annotations

from importlib.util import find_spec
from typing import cast

from slxrd.fitting.record.kept_followup import MOST_KEPT, FollowUps, KeptBootstrap, KeptMap, KeptMaps
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress
from slxrd.fitting.uncertainty.bootstrap import bootstrap
from slxrd.fitting.uncertainty.profile.map1d import Map1D, chi2_maps
from slxrd.ui.followup.samples import bootstrap_lines, samples_figure, shown_names


def keep_bootstrap(fit: Fit, count: int, seed: int, report: Progress) -> KeptBootstrap:
    """Bootstrap a fit, and return what a session keeps of it.

    Parameters
    ----------
    fit : Fit
        The fit.
    count, seed
        As for :func:`slxrd.fitting.uncertainty.bootstrap.bootstrap`.
    report : callable
        Progress callback; an interruption keeps the finished replicates.
    """
    done = bootstrap(fit, count, seed=seed, report=report)
    every = -(-done.chi2.size // MOST_KEPT)
    return KeptBootstrap(
        {name: done.all_values[name][::every] for name in shown_names(fit)},
        done.solution[::every],
        seed,
        done.requested,
        done.done,
        every,
        "\n".join(bootstrap_lines(fit, done)),
    )


def keep_maps(fit: Fit, report: Progress) -> KeptMaps:
    """Map χ² along all refined parameters, and return what a session keeps of it.

    Parameters
    ----------
    fit : Fit
        The fit.
    report : callable
        Progress callback; an interruption keeps the finished maps.
    """
    found = chi2_maps(fit, report=report)
    missing = len(fit.names) - len(found)
    return KeptMaps(
        tuple(KeptMap(one.name, one.section, one.profile, one.rises) for one in found),
        f"Interrupted after {len(found)} of {len(fit.names)} parameters." if missing else "",
    )


def report_parts(fit: SavedFit, kept: FollowUps) -> tuple[str, list[tuple[str, bytes]]]:
    """Return the text and the figures, by file name, of the report; without corner, none of the bootstrap.

    Parameters
    ----------
    fit : SavedFit
        The fit.
    kept : FollowUps
        What the session keeps of it.
    """
    from slxrd.ui.plotting.fit import figure_bytes
    from slxrd.ui.plotting.maps import chi2_maps_figure

    texts: list[str] = []
    pictures: list[tuple[str, bytes]] = []
    if kept.bootstrap is not None:
        size = kept.bootstrap.solution.size
        texts.append(kept.bootstrap.text)
        if size > len(kept.bootstrap.all_values) and find_spec("corner") is not None:
            content = samples_figure(fit, kept.bootstrap, f"bootstrap, {size} replicates")[0]
            pictures.append(("bootstrap.png", cast(bytes, content)))
    if kept.maps is not None:
        texts.append(kept.maps.text)
        own = cast(Fit, fit)
        maps = [Map1D(own, one.name, one.section, one.profile, one.rises) for one in kept.maps.maps]
        pictures.append(("chi2maps.png", figure_bytes(chi2_maps_figure(maps))))
    return "\n\n".join(text for text in texts if text), pictures
