"""Fit and draw every packaged example, and compare the results with known values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from slxrd._files import caption_path, write
from slxrd.fitting.diagnosis.laue import laue_fringes
from slxrd.fitting.examples import EXAMPLES, Example
from slxrd.fitting.record import write as output
from slxrd.fitting.result.fit import Fit
from slxrd.parameters.definitions import TABLE
from slxrd.ui.plotting import fit as plotting
from slxrd.ui.plotting.style import caption


def demo(folder: Path | None, force: bool, echo: Callable[[str], None]) -> None:
    """Fit the examples and write their results.

    Parameters
    ----------
    folder : Path or None
        Folder for the results; None for the first of slxrd-demo, slxrd-demo-2, ... that does not exist.
    force : bool
        Whether existing files may be overwritten.
    echo : callable
        Function that prints text.

    Raises
    ------
    SlxrdError
        If the folder cannot be written to.
    """
    folder = folder or _unused(Path("slxrd-demo"))
    for example in EXAMPLES.values():
        output.check_writable(output.result_paths(folder / example.name), force)
    for example in EXAMPLES.values():
        echo(f"\n── {example.title} " + "─" * max(4, 90 - len(example.title)))
        echo(f"   {example.source}")
        echo(f"   slxrd fit {example.file} {example.command}\n")
        result = example.fit()
        echo(str(result))
        echo("")
        echo(
            "\n".join(_against_truth(example, result) if example.truth else _against_fringes(example, result))
        )
        picture = plotting.figure(result)
        paths = output.save(
            result,
            folder / example.name,
            force=force,
            command=f"slxrd fit {example.file} {example.command}",
            figure=partial(plotting.figure_bytes, picture),
        )
        words = caption_path(paths[-1])
        write(words, f"{caption(picture)}\n")
        echo("   wrote " + ", ".join(str(path) for path in [*paths, words]))


def _unused(folder: Path) -> Path:
    candidate, number = folder, 1
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def _against_truth(example: Example, result: Fit) -> list[str]:
    lines = ["   simulated values, and deviation of the fit:"]
    for name, truth in example.truth.items():
        estimate = result.parameters[name]
        if estimate.value is None:
            deviation = "not determined"
        elif estimate.status in ("lower bound", "upper bound"):
            deviation = (
                "within the limit"
                if (truth > estimate.value) == (estimate.status == "lower bound")
                else "outside the limit"
            )
        elif estimate.status == "ambiguous":
            inside = any(low <= truth <= high for low, high in estimate.interval_95)
            deviation = f"ambiguous; {'inside' if inside else 'outside'} the 95 % interval"
        elif estimate.error:
            deviation = f"{(estimate.value - truth) / estimate.error:+.1f} standard errors"
        else:
            deviation = estimate.status
        lines.append(f"     {TABLE[name].symbol:<4} {truth:<9g} {deviation}")
    return lines


def _against_fringes(example: Example, result: Fit) -> list[str]:
    (low, high) = example.options["regions"][0]
    fringes = laue_fringes(result.pattern, low, high)
    thickness = result.derived["thickness_with_surface"].value
    return [
        f"   thickness N·d from the fit: {thickness:.1f} Å; from the spacing of {fringes.minima.size} Laue "
        f"minima: {fringes.thickness:.1f} ± {fringes.error:.1f} Å"
    ]
