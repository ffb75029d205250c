"""A simulated film of CsPbBr₃ superlattices: ``python simulated_film.py`` writes a scan, cuts and images.

Nothing here was measured. Atomic planes are 5.84 Å apart, crystals have 13 planes, and gaps are 36.9 Å along
the normal of the film and 39.5 Å in the plane, so that the periods are 106.98 and 109.58 Å. Crystals are
tilted by 2°, and a fifth of them is oriented at random. All counts have Poisson noise.
"""

from pathlib import Path

import numpy as np
from fabio.edfimage import EdfImage
from scipy.special import i0e

import slxrd
from slxrd.model.directions.axes import Axes
from slxrd.model.directions.direction import Direction
from slxrd.model.directions.model import DirectionsModel

D, N, SIGMA_N = 5.84, 13.0, 1.3
GAPS = {"L_z": 36.9, "L_xy": 39.5}
DISORDER = {"sigma_L_z": 1.2, "sigma_L_xy": 1.4, "sigma_T_z": 0.8, "sigma_T_xy": 0.9}
#: Periods along the normal and in the plane.
C, A = ((N - 1.0) * D + GAPS[name] for name in ("L_z", "L_xy"))
TILT, RANDOM = 2.0, 0.2
#: Crystals that scatter coherently along each axis.
COHERENT = 20
CUTS = {"scan": (0.88, 1.28), "100": (0.88, 1.28), "110": (1.32, 1.74)}
noise = np.random.default_rng(5)


def write_cuts() -> None:
    """Write the θ:2θ scan, and cuts through the plane along 100 and 110."""
    axes = Axes(share=("d", "N", "sigma_N"), coherent=(COHERENT,) * 3)
    directions = tuple(map(Direction.parse, CUTS))
    model = DirectionsModel(further=(slxrd.Instrument(),) * 2, directions=directions, axes=axes)
    known = {"d": D, "N": N, "sigma_N": SIGMA_N, **GAPS, **DISORDER}
    values = {name: known.get(name, 0.0) for name in model.names}
    for number, (name, (low, high)) in enumerate(CUTS.items()):
        q = np.arange(low, high, 0.0025)
        intensity = model.region(q, number).evaluate(values, derivatives=False)[0]
        counts = noise.poisson(1500.0 * intensity / intensity.max() + 20.0)
        columns = np.column_stack([q, counts, np.sqrt(np.maximum(counts, 1.0))])
        header = "simulated, M = 20\nq in 1/Å, intensity, sigma"
        np.savetxt(f"film-{name}.csv", columns, "%.6g", ",", header=header, encoding="utf-8")


def write_image(name: str, geometry: slxrd.Geometry, expected: np.ndarray) -> None:
    """Write an image with its geometry in the header."""
    header = {"simulated": "yes", **geometry.as_header()}
    EdfImage(data=noise.poisson(expected).astype("int32"), header=header).write(name)


def write_gisaxs() -> None:
    """Write spots of the superlattice, with refraction and the beam that the substrate reflects."""
    incidence, critical = np.radians(0.4), 0.035
    geometry = slxrd.Geometry(
        distance=500.0, centre_row=140.3, centre_column=120.2, pixel_row=200.0, pixel_column=200.0,
        wavelength=1.5406, incidence=0.4,
    )  # fmt: skip
    q_xy, q_z = slxrd.scattering_vectors(geometry, (150, 240))
    k, sine = 2 * np.pi / geometry.wavelength, np.sin(incidence)
    critical_sine = critical / (2 * k)
    inside = np.sqrt(sine**2 - critical_sine**2)
    expected = np.full(q_xy.shape, 2.0)
    for h in (1, 2**0.5, 2, 5**0.5):
        for order in range(3):
            for beam, strength in ((-1, 70), (1, 150)):  # transmitted, and reflected by the substrate
                along = order * geometry.wavelength / C + beam * inside
                if along > 0:
                    z = k * (np.sqrt(critical_sine**2 + along**2) + sine)
                    distance = (np.abs(q_xy) - 2 * np.pi * h / A) ** 2 + (q_z - z) ** 2
                    expected += strength * np.exp(-0.5 * distance / 0.003**2)
    write_image("film-gisaxs.edf", geometry, expected)


def write_giwaxs() -> None:
    """Write rings of the atomic planes, {100} parallel to the substrate, and the arc of an impurity."""
    geometry = slxrd.Geometry(
        distance=90.0, centre_row=155.0, centre_column=120.0, pixel_row=344.0, pixel_column=344.0,
        wavelength=1.0, incidence=0.3,
    )  # fmt: skip
    q_xy, q_z = slxrd.scattering_vectors(geometry, (170, 240))
    q, chi = np.hypot(q_xy, q_z), np.arctan2(np.abs(q_xy), q_z)
    expected, width = 3.0 + 2.0 / q, 0.04
    for order, angles, height in ((1, (0, 90, 90), 30), (2, (45, 45, 90), 24), (4, (0, 90, 90), 36)):
        centre = 2 * np.pi / D * np.sqrt(order)
        kappa = 1 / (np.radians(TILT) ** 2 + (width / centre) ** 2)
        density = np.full(q.shape, RANDOM)
        for angle in np.radians(angles):
            sines = kappa * np.sin(chi) * np.sin(angle)
            spot = np.exp(kappa * (np.cos(chi - angle) - 1)) * i0e(sines)
            turned = np.exp(kappa * (np.cos(chi - np.pi + angle) - 1)) * i0e(sines)
            density += (1 - RANDOM) * kappa * (spot + turned) / 3
        expected += height * density * np.exp(-0.5 * ((q - centre) / width) ** 2)
    expected += 10 * np.exp(-0.5 * ((q - 0.9) / 0.025) ** 2)
    expected[q_z < 2 * np.pi * np.sin(np.radians(0.3))] = 0.2  # below the horizon of the film
    write_image("film-giwaxs.edf", geometry, expected)


if __name__ == "__main__":
    write_cuts()
    write_gisaxs()
    write_giwaxs()
    print("wrote", *sorted(path.name for path in Path().glob("film-*")))
