"""The pictures of the documents: ``python tests/ui/cli/document_pictures.py`` draws all, with their captions.

The caption of each is kept beside it, so that a test notices one that the program would draw otherwise.
Those in `TYPED` are written by a command of a page that shows its output. Those of the page in the browser
(``app-…``) are photographs of it.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from documented import PAGES, blocks, platelets, printed_by, shown
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


PICTURES: dict[str, Callable[[], Figure]] = {
    "cspbbr3-cubes-simulated": lambda: slxrd.plot(cubes()),
    "budget-simulated": lambda: budget_figure(cubes()),
    "background-simulated": _background,
    "peaks-simulated": _peaks,
    "image-simulated": _image,
}

#: Pages with a command that writes a picture, and the name of its file.
TYPED = {
    "micrographs.md": "outlines",
    "orientation.md": "orientation",
    "saed.md": "saed",
    "periods.md": "periods",
}


def typed(page: Path, folder: Path) -> dict[str, bytes]:
    """Return picture and caption that the command of a page wrote, by the ends of their names."""
    name = TYPED[page.name]
    return {end: (folder / f"{name}{end}").read_bytes() for end in (".png", ".caption.txt")}


def main() -> None:
    """Draw all."""
    for page in [each for each in PAGES if each.name in TYPED]:
        (block,) = filter(shown, blocks(page))
        with tempfile.TemporaryDirectory() as folder:
            printed_by(block, Path(folder))
            for end, content in typed(page, Path(folder)).items():
                path = FOLDER / f"{TYPED[page.name]}-simulated{end}"
                path.write_bytes(content)
                print(path)
    for name, draw in PICTURES.items():
        for path, content in with_caption(draw(), FOLDER / f"{name}.png"):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            print(path)


if __name__ == "__main__":
    main()
