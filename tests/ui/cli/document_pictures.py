"""The pictures of the documents: ``python tests/ui/cli/document_pictures.py`` draws all, with their captions.

The caption of each is kept beside it, so that a test notices one that the program would draw otherwise.
Those of the page (``app-…``) are photographs of a browser.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from documented import PAGES, blocks, platelets
from example_fits import example_fit

import slxrd
from slxrd.model.simulation import simulate
from slxrd.ui.plotting.budget import budget_figure
from slxrd.ui.plotting.fit import with_caption

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "images"
Q = np.round(np.arange(0.6, 2.8, 0.002), 6)


def cubes() -> slxrd.Fit:
    """The fit of the README."""
    return example_fit("cspbbr3-cubes")


def _with_halo() -> slxrd.Pattern:
    """Cubes on a broad halo, in counts."""
    clean = simulate(Q, dict(slxrd.example("cspbbr3-cubes").truth), peak=1500.0, raw=True, wavelength="CuKa1")
    halo = 240.0 * np.exp(-0.5 * ((Q - 1.9) / 0.45) ** 2) + 60.0
    counts = np.random.default_rng(5).poisson(clean.intensity + halo).astype(float)
    measured = replace(clean, intensity=counts, source="film.xrdml", metadata={"note": "simulated"})
    return slxrd.correct_lorentz_polarisation(slxrd.counting_statistics(measured))


def _background() -> Figure:
    return slxrd.background_figure(slxrd.subtract_background(_with_halo()))


def _peaks() -> Figure:
    """Two stray peaks among the fringes of platelets."""
    pattern = replace(platelets(Q), source="platelets.xrdml", metadata={"note": "simulated"})
    parts = slxrd.decompose(slxrd.correct_lorentz_polarisation(pattern), 1.75, 2.75)
    return slxrd.decomposition_figure(parts, parts.suggested("spurious"))


def _outlines() -> Figure:
    """The micrograph that docs/micrographs.md simulates."""
    (page,) = [each for each in PAGES if each.name == "micrographs.md"]
    making = next(blocks(page)).text
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        exec(making, {})
        return slxrd.outlines_figure(slxrd.find_outlines("tem.png", 500 / 212, pixel_error=0.0046))


def _image() -> Figure:
    """The image that the page on images simulates, and its cuts."""
    script = next(blocks(FOLDER.parent / "images.md"))
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        exec(compile(script.text, str(script), "exec"), {})
        image = slxrd.mask_pixels(slxrd.read_image("film.edf"))
    geometry = slxrd.Geometry.from_header(image, incidence=0.3)
    chosen = [slxrd.Cut("in-plane", (0.04, 0.14)), slxrd.Cut("sector", (5.0, 12.0))]
    cuts = [(cut, slxrd.cut_image(image, geometry, cut)) for cut in chosen]
    return slxrd.image_figure(slxrd.cartesian_map(image, geometry), geometry, cuts, image.name)


def _orientation() -> Figure:
    """The image that the page on orientation simulates."""
    script = next(blocks(FOLDER.parent / "orientation.md"))
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        exec(compile(script.text, str(script), "exec"), {})
        image = slxrd.mask_pixels(slxrd.read_image("giwaxs.edf"))
    geometry = slxrd.Geometry.from_header(image, incidence=0.3)
    return slxrd.orientation_figure(slxrd.measure_orientation(image, geometry, "CsPbBr3"))


def _saed() -> Figure:
    """The image that the page on electron diffraction simulates."""
    script = next(blocks(FOLDER.parent / "saed.md"))
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        exec(compile(script.text, str(script), "exec"), {})
        image = slxrd.mask_pixels(slxrd.read_image("saed.edf"))
    return slxrd.saed_figure(slxrd.measure_saed(image, 720.0, "CsPbBr3", camera_error=7.0))


def _periods() -> Figure:
    """The image that the page on periods simulates, with its spots."""
    script = next(blocks(FOLDER.parent / "periods.md"))
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        exec(compile(script.text, str(script), "exec"), {})
        image = slxrd.mask_pixels(slxrd.read_image("gisaxs.edf"))
    geometry = slxrd.Geometry.from_header(image, incidence=0.4)
    return slxrd.periods_figure(slxrd.measure_periods(image, geometry))


PICTURES: dict[str, Callable[[], Figure]] = {
    "cspbbr3-cubes-simulated": lambda: slxrd.plot(cubes()),
    "budget-simulated": lambda: budget_figure(cubes()),
    "background-simulated": _background,
    "peaks-simulated": _peaks,
    "outlines-simulated": _outlines,
    "image-simulated": _image,
    "orientation-simulated": _orientation,
    "saed-simulated": _saed,
    "periods-simulated": _periods,
}


def main() -> None:
    """Draw all."""
    for name, draw in PICTURES.items():
        for path, content in with_caption(draw(), FOLDER / f"{name}.png"):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            print(path)


if __name__ == "__main__":
    main()
