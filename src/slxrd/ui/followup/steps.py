"""Steps after a fit on the command line: bootstrap, posterior, and χ² maps."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress

# The steps themselves are imported where they are requested.
if TYPE_CHECKING:
    from slxrd.fitting.uncertainty.bootstrap import Kind
    from slxrd.fitting.uncertainty.profile.map2d import Kind as MapKind
    from slxrd.ui.followup.maps import Pair

Bar = Callable[[str], AbstractContextManager[Progress]]
#: Result of one step: printed text, contents of its files, and whether it was interrupted.
StepResult = tuple[str, list[bytes | str], bool]
#: File, in the folder of the results, of the replicates of a bootstrap that is not finished.
KEPT = ".bootstrap.slxrd-kept"
#: Libraries of the extra "posterior" that each option needs.
_LIBRARIES = {"--bootstrap": ("corner",), "--posterior": ("emcee", "corner")}


@dataclass(frozen=True)
class FollowUpResult:
    """Results of the steps.

    Parameters
    ----------
    text : str
        Printed text.
    files : tuple of (Path, bytes or str)
        Files to write, with their contents.
    interrupted : bool
        Whether the run was interrupted.
    """

    text: str
    files: tuple[tuple[Path, bytes | str], ...]
    interrupted: bool


@dataclass(frozen=True)
class FollowUp:
    """Steps requested after a fit.

    Parameters
    ----------
    bootstrap : int or None
        Number of replicates.
    resample : str
        How the replicates are made.
    posterior : int or None
        Number of steps of the chain.
    seed : int
        Seed of bootstrap and posterior.
    maps : bool
        Whether to map χ² along every parameter.
    pairs : tuple of Pair
        Pairs of parameters over which to map χ².
    map_kind : {"profile", "section"}
        Whether the other parameters are refined or fixed in these maps.
    """

    bootstrap: int | None = None
    resample: Kind = "noise"
    posterior: int | None = None
    seed: int = 0
    maps: bool = False
    pairs: tuple[Pair, ...] = ()
    map_kind: MapKind = "profile"

    def check(self, folder: Path | None) -> None:
        """Check the request before the fit.

        Parameters
        ----------
        folder : Path or None
            Folder of the output files.

        Raises
        ------
        SlxrdError
            If there is no folder, a number is too small, or a required library is missing.
        """
        requested = [option.split()[0] for option, _, _ in self._steps()]
        if requested and folder is None:
            raise SlxrdError(f"{requested[0]} writes files; give a folder with --out DIR")
        if self.seed < 0:
            raise SlxrdError(f"--seed {self.seed}: must be 0 or more")
        if self.bootstrap is not None or self.resample != FollowUp.resample:
            _check_bootstrap(self.bootstrap, self.resample)
        if self.posterior is not None:
            _check_posterior(self.posterior)
        self.check_libraries()

    def check_libraries(self) -> None:
        """Check that the required libraries are installed.

        Raises
        ------
        SlxrdError
            If a library is missing.
        """
        for option in (option.split()[0] for option, _, _ in self._steps()):
            for library in _LIBRARIES.get(option, ()):
                if importlib.util.find_spec(library) is None:
                    raise SlxrdError(f'{option} needs {library}: python -m pip install "slxrd[posterior]"')

    def paths(self, folder: Path) -> list[Path]:
        """Return the paths of the output files in a folder."""
        return [folder / name for _, names, _ in self._steps() for name in names]

    def check_fit(self, fit: Fit) -> None:
        """Check after the fit, before the first step, that the requested maps are possible.

        Raises
        ------
        SlxrdError
            If a parameter was not refined, or a map exceeds its bounds.
        """
        if self.pairs:
            from slxrd.ui.followup.maps import map_axes

            for pair in self.pairs:
                map_axes(fit, pair)

    def run(self, fit: Fit, folder: Path, bar: Bar) -> FollowUpResult:
        """Run all steps; after an interruption, return the completed results and skip the rest.

        Parameters
        ----------
        fit : Fit
            The fit.
        folder : Path
            Folder of the output files.
        bar : callable
            Makes a progress bar.

        Returns
        -------
        FollowUpResult
            Text and files; nothing is written.
        """
        texts: list[str] = []
        files: list[tuple[Path, bytes | str]] = []
        interrupted = False
        for option, names, step in self._steps(folder):
            if interrupted:
                texts.append(f"! {option}: not started because of the interruption")
                continue
            try:
                text, contents, interrupted = step(fit, bar)
            except KeyboardInterrupt:
                text, contents, interrupted = f"! {option}: interrupted before the first result", [], True
            texts.append(text)
            files += zip((folder / name for name in names), contents, strict=False)
        return FollowUpResult("\n".join(text for text in texts if text), tuple(files), interrupted)

    def _steps(
        self, folder: Path | None = None
    ) -> Iterator[tuple[str, list[str], Callable[[Fit, Bar], StepResult]]]:
        """Yield the option, the names of the files, and the function of each step."""
        if self.bootstrap is not None:
            from slxrd.ui.followup.samples import run_bootstrap

            count, keep = self.bootstrap, None if folder is None else folder / KEPT
            yield (
                f"--bootstrap {count}",
                ["bootstrap.csv", "bootstrap.json", "bootstrap.png", "bootstrap.caption.txt"],
                lambda fit, bar: run_bootstrap(fit, count, self.resample, self.seed, bar, keep),
            )
        if self.posterior is not None:
            from slxrd.ui.followup.samples import run_posterior

            steps = self.posterior
            yield (
                f"--posterior {steps}",
                ["posterior.csv", "posterior.json", "corner.png", "corner.caption.txt"],
                lambda fit, bar: run_posterior(fit, steps, self.seed, bar),
            )
        if self.maps or self.pairs:
            from slxrd.ui.followup.maps import run_map, run_maps
        if self.maps:
            yield "--maps", ["chi2maps.png", "chi2maps.caption.txt"], run_maps
        for pair in self.pairs:
            yield (
                f"--map {pair}",
                [f"map-{pair.x.name}-{pair.y.name}{end}" for end in (".csv", ".png", ".caption.txt")],
                lambda fit, bar, pair=pair: run_map(fit, pair, self.map_kind, bar),  # type: ignore[misc]
            )


def _check_bootstrap(replicates: int | None, resample: str) -> None:
    from slxrd.fitting.uncertainty.bootstrap import KINDS, MOST_REPLICATES

    if replicates is not None and replicates < 2:
        raise SlxrdError(f"--bootstrap {replicates}: at least 2 replicates are needed for a spread")
    if replicates is not None and replicates > MOST_REPLICATES:
        raise SlxrdError(f"--bootstrap {replicates}: at most {MOST_REPLICATES}; 500 are usual")
    if resample not in KINDS:
        raise SlxrdError(f"--resample {resample}: must be one of {', '.join(KINDS)}")


def _check_posterior(steps: int) -> None:
    from slxrd.fitting.uncertainty.posterior.mcmc import FEWEST_STEPS, MOST_STEPS

    if steps > MOST_STEPS:
        raise SlxrdError(f"--posterior {steps}: at most {MOST_STEPS} steps; 1500 are usual")
    if steps < FEWEST_STEPS:
        raise SlxrdError(f"--posterior {steps}: at least {FEWEST_STEPS} steps are needed, 1500 are usual")
