"""What may come after a fit on the command line: bootstrap, posterior, and maps of χ²."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress
from slxrd.fitting.uncertainty.bootstrap import KINDS, Kind
from slxrd.fitting.uncertainty.posterior.mcmc import FEWEST_STEPS
from slxrd.fitting.uncertainty.profile.map2d import Kind as MapKind
from slxrd.ui.followup.maps import Pair, draw_maps, draw_pair, pair_axes
from slxrd.ui.followup.maps import as_pair as as_pair
from slxrd.ui.followup.samples import draw_bootstrap, draw_posterior

Bar = Callable[[str], AbstractContextManager[Progress]]
#: One step: its text for people, the contents of its files, and whether it was cut short.
Told = tuple[str, list[bytes | str], bool]
#: Libraries that come with the extra "posterior".
_NEEDED = {"--bootstrap": ("corner",), "--posterior": ("emcee", "corner")}


@dataclass(frozen=True)
class Followed:
    """What came of it.

    Parameters
    ----------
    text : str
        For people.
    files : tuple of (Path, bytes or str)
        To be written.
    interrupted : bool
        Whether not all was done.
    """

    text: str
    files: tuple[tuple[Path, bytes | str], ...]
    interrupted: bool


@dataclass(frozen=True)
class FollowUp:
    """What is wanted after a fit.

    Parameters
    ----------
    bootstrap : int or None
        Replicates.
    resample : str
        How they are made.
    posterior : int or None
        Steps of the chain.
    seed : int
        Of bootstrap and posterior.
    maps : bool
        Whether χ² is mapped along every parameter.
    pairs : tuple of Pair
        Over which two parameters it is mapped.
    map_kind : {"profile", "section"}
        Whether the others are refined in these.
    """

    bootstrap: int | None = None
    resample: Kind = "noise"
    posterior: int | None = None
    seed: int = 0
    maps: bool = False
    pairs: tuple[Pair, ...] = ()
    map_kind: MapKind = "profile"

    def check(self, folder: Path | None) -> None:
        """See before the fit that all can be done as it is asked for.

        Parameters
        ----------
        folder : Path or None
            Where the files go.

        Raises
        ------
        SlxrdError
            If there is no folder, something is too few, or a library that is needed is missing.
        """
        asked = [option.split()[0] for option, _, _ in self._steps()]
        if asked and folder is None:
            raise SlxrdError(f"{asked[0]} writes files; give a folder with --out DIR")
        if self.seed < 0:
            raise SlxrdError(f"--seed {self.seed}: must be 0 or more")
        if self.bootstrap is not None and self.bootstrap < 2:
            raise SlxrdError(f"--bootstrap {self.bootstrap}: at least 2 replicates are needed for a spread")
        if self.resample not in KINDS:
            raise SlxrdError(f"--resample {self.resample}: must be one of {', '.join(KINDS)}")
        if self.posterior is not None and self.posterior < FEWEST_STEPS:
            raise SlxrdError(
                f"--posterior {self.posterior}: at least {FEWEST_STEPS} steps are needed, 1500 are usual"
            )
        self.check_libraries()

    def check_libraries(self) -> None:
        """See that what it needs is installed.

        Raises
        ------
        SlxrdError
            If a library is missing.
        """
        for option in (option.split()[0] for option, _, _ in self._steps()):
            for library in _NEEDED.get(option, ()):
                if importlib.util.find_spec(library) is None:
                    raise SlxrdError(f'{option} needs {library}: python -m pip install "slxrd[posterior]"')

    def paths(self, folder: Path) -> list[Path]:
        """Return the files that will be written into a folder."""
        return [folder / name for _, names, _ in self._steps() for name in names]

    def check_fit(self, fit: Fit) -> None:
        """See after the fit, before anything long, that its parameters are such as can be mapped.

        Raises
        ------
        SlxrdError
            If one was not refined, or a map leaves its bounds.
        """
        for pair in self.pairs:
            pair_axes(fit, pair)

    def run(self, fit: Fit, folder: Path, bar: Bar) -> Followed:
        """Do it; an interruption keeps what was done and leaves out what would come after.

        Parameters
        ----------
        fit : Fit
            The fit.
        folder : Path
            Where the files are to be written.
        bar : callable
            Makes a progress bar.
        """
        texts: list[str] = []
        files: list[tuple[Path, bytes | str]] = []
        interrupted = False
        for option, names, step in self._steps():
            if interrupted:
                texts.append(f"! {option}: not begun, because of the interruption")
                continue
            try:
                text, contents, interrupted = step(fit, bar)
            except KeyboardInterrupt:
                text, contents, interrupted = f"! {option}: interrupted before anything was done", [], True
            texts.append(text)
            files += zip((folder / name for name in names), contents, strict=False)
        return Followed("\n".join(text for text in texts if text), tuple(files), interrupted)

    def _steps(self) -> Iterator[tuple[str, list[str], Callable[[Fit, Bar], Told]]]:
        """Yield option, names of the files, and what makes them."""
        if self.bootstrap is not None:
            count = self.bootstrap
            yield (
                f"--bootstrap {count}",
                ["bootstrap.csv", "bootstrap.json", "bootstrap.png"],
                lambda fit, bar: draw_bootstrap(fit, count, self.resample, self.seed, bar),
            )
        if self.posterior is not None:
            steps = self.posterior
            yield (
                f"--posterior {steps}",
                ["posterior.csv", "posterior.json", "corner.png"],
                lambda fit, bar: draw_posterior(fit, steps, self.seed, bar),
            )
        if self.maps:
            yield "--maps", ["chi2maps.png"], draw_maps
        for pair in self.pairs:
            yield (
                f"--map {pair}",
                [f"map-{pair.x.name}-{pair.y.name}.csv", f"map-{pair.x.name}-{pair.y.name}.png"],
                lambda fit, bar, pair=pair: draw_pair(fit, pair, self.map_kind, bar),  # type: ignore[misc]
            )
