"""One simulated film for the page: a θ:2θ scan, two images at grazing incidence, and a cut along 110.

The scan, the cut and the GISAXS image are those of the tutorial (``docs/tutorials/simulated_film.py``). The
GIWAXS image also has fringes: along each ring of {100} the intensity over |q| is that of the cut along 100.
"""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import i0e

import slxrd
from slxrd.model.directions.axes import Axes
from slxrd.model.directions.direction import Direction
from slxrd.model.directions.model import DirectionsModel
from slxrd.units import FloatArray

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "tutorials" / "simulated_film.py"
#: Values that the film is simulated with.
TRUE = {
    "Λ out of plane": 106.98, "Λ in plane": 109.58, "L out of plane": 36.9, "L in plane": 39.5,
    "σ_L out of plane": 1.2, "σ_L in plane": 1.4, "σ_T out of plane": 0.8, "σ_T in plane": 0.9,
    "tilt {100}": 2.0,
}  # fmt: skip
#: Fine enough for the fringes: 0.005 Å⁻¹ a pixel.
GEOMETRY = slxrd.Geometry(
    distance=90.0, centre_row=320.0, centre_column=310.0, pixel_row=75.0, pixel_column=75.0, wavelength=1.0,
    incidence=0.3,
)  # fmt: skip
SHAPE = (340, 620)


def write_film(folder: Path) -> dict[str, Path]:
    """Write the files, and return them by what they are: scan, gisaxs, giwaxs, 110."""
    script: Any = runpy.run_path(str(SCRIPT))
    before = Path.cwd()
    os.chdir(folder)
    try:
        script["write_cuts"]()
        script["write_gisaxs"]()
        _write_giwaxs(script)
    finally:
        os.chdir(before)
    return {
        "scan": folder / "film-scan.csv",
        "110": folder / "film-110.csv",
        "gisaxs": folder / "film-gisaxs.edf",
        "giwaxs": folder / "film-giwaxs.edf",
    }


def _write_giwaxs(script: Any) -> None:
    """Write rings with {100} parallel to the substrate; that of {100} has fringes along |q|."""
    q_xy, q_z = slxrd.scattering_vectors(GEOMETRY, SHAPE)
    q, chi = np.hypot(q_xy, q_z), np.arctan2(np.abs(q_xy), q_z)
    width, expected = 0.03, 3.0 + 2.0 / q
    for order, angles, height in ((1, (0, 90, 90), 12.0), (2, (45, 45, 90), 8.0)):
        centre = 2 * np.pi / script["D"] * np.sqrt(order)
        kappa = 1 / (np.radians(script["TILT"]) ** 2 + (width / centre) ** 2)
        density = np.full(q.shape, script["RANDOM"])
        for angle in np.radians(angles):
            sines = kappa * np.sin(chi) * np.sin(angle)
            spot = np.exp(kappa * (np.cos(chi - angle) - 1)) * i0e(sines)
            turned = np.exp(kappa * (np.cos(chi - np.pi + angle) - 1)) * i0e(sines)
            density += (1 - script["RANDOM"]) * kappa * (spot + turned) / 3
        profile = _fringes(script, q) if order == 1 else np.exp(-0.5 * ((q - centre) / width) ** 2)
        expected += height * density * profile
    expected[q_z < 2 * np.pi * np.sin(np.radians(0.3))] = 0.2  # below the horizon of the film
    script["write_image"]("film-giwaxs.edf", GEOMETRY, expected)


def _fringes(script: Any, q: FloatArray) -> FloatArray:
    """Intensity of the cut along 100, with 1 at its highest point."""
    axes = Axes(share=("d", "N", "sigma_N"), coherent=(script["COHERENT"],) * 3)
    model = DirectionsModel(directions=(Direction.parse("100"),), axes=axes)
    known = {
        "d": script["D"],
        "N": script["N"],
        "sigma_N": script["SIGMA_N"],
        **script["GAPS"],
        **script["DISORDER"],
    }
    points = np.arange(0.7, 1.5, 0.001)
    values = {name: known.get(name, 0.0) for name in model.names}
    found = model.region(points, 0).evaluate(values, derivatives=False)[0]
    return np.interp(q, points, found / found.max(), left=0.0, right=0.0)
