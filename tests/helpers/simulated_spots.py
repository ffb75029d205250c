"""Simulated images at grazing incidence: spots of a lattice with refraction and a reflected beam."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from simulated_images import simulated_image

from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage

#: A detector of 240 × 280 pixels for periods near 100 Å.
SHAPE = (150, 240)
GEOMETRY = Geometry(
    distance=500.0, centre_row=140.3, centre_column=120.2, pixel_row=200.0, pixel_column=200.0,
    wavelength=1.5406, incidence=0.4, source="simulated",
)  # fmt: skip


def exits(c: float, order: int, geometry: Geometry, critical: float) -> list[float]:
    """sin(exit) of a reflection from both beams, after Tate et al., J. Phys. Chem. B 2006, 110, 9882."""
    sin_c2 = (critical * geometry.wavelength / (4.0 * np.pi)) ** 2
    inside = np.sqrt(max(np.sin(np.deg2rad(geometry.incidence or 0.0)) ** 2 - sin_c2, 0.0))
    found = []
    for sign in (-1.0, 1.0):
        along = order * geometry.wavelength / c + sign * inside
        if along > 0.0:
            found.append(float(np.sqrt(sin_c2 + along**2)))
    return found


def gisaxs(
    seed: int,
    *,
    a: float = 104.0,
    c: float = 102.0,
    hexagonal: bool = False,
    body_centred: bool = False,
    critical: float = 0.035,
    height: float = 200.0,
    width: float = 0.003,
    growth: float = 0.0,
    displaced: float = 0.0,
    reflected: float = 2.5,
    background: float = 2.0,
    largest: int = 2,
    geometry: Geometry = GEOMETRY,
    errors: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
) -> DetectorImage:
    """An image; ``errors`` of the centre (row, column), relative distance and incidence are in it.

    ``c`` is the distance of layers. ``growth`` is ln of the width at 0.17 Å⁻¹ over that at 0, ``displaced``
    the standard deviation of shifts of spots in widths, ``reflected`` the mean ratio of the two beams,
    ``largest`` the largest index in plane.
    """
    random = np.random.default_rng(seed + 10_000)
    true = replace(
        geometry,
        centre_row=geometry.centre_row + errors[0],
        centre_column=geometry.centre_column + errors[1],
        distance=geometry.distance * (1.0 + errors[2]),
        incidence=(geometry.incidence or 0.0) + errors[3],
    )
    k = 2.0 * np.pi / true.wavelength
    incident = k * np.sin(np.deg2rad(true.incidence or 0.0))
    listed = []
    up_shifts = random.normal(0.0, displaced, (9, 2))
    for h in range(1, largest + 1):
        for second in range(h + 1):
            square = h * h + second * second + (h * second if hexagonal else 0)
            q_xy = 2.0 * np.pi / a * np.sqrt(square * (4.0 / 3.0 if hexagonal else 1.0))
            wide_xy = width * np.exp(growth * (q_xy / 0.17) ** 2)
            at_xy = q_xy + random.normal(0.0, displaced) * wide_xy
            for order in range(8 if body_centred else 4):
                if body_centred and (h + second + order) % 2:
                    continue
                period = 2.0 * c if body_centred else c
                strong = height * np.exp(-30.0 * (q_xy**2 + (2.0 * np.pi * order / period) ** 2))
                strong *= random.lognormal(0.0, 0.3)
                share = reflected / (1.0 + reflected) * random.uniform(0.7, 1.0)
                both = exits(period, order, true, critical)
                for i, each in enumerate(reversed(both)):
                    wide = width * np.exp(growth * (k * each / 0.17) ** 2)
                    at_z = k * each + incident + up_shifts[order, i] * wide
                    listed.append((at_xy, at_z, wide_xy, wide, strong * (1.0 - share if i else share)))

    def pattern(x: np.ndarray, z: np.ndarray) -> np.ndarray:
        total = np.full(x.shape, background)
        for at_x, at_z, wide_x, wide_z, strength in listed:
            u, v = (np.abs(x) - at_x) / wide_x, (z - at_z) / wide_z
            total += strength * np.exp(-0.5 * (u**2 + v**2))
        return total

    return simulated_image(true, SHAPE, pattern, seed)


def drawn(seed: int, *, overlapping: bool) -> tuple[DetectorImage, Geometry, float, float, str]:
    """A random image with errors of its geometry, the geometry as it is taken, both periods, and the lattice.

    ``overlapping``: the spots of the two beams are closer together than 1.5 of their widths.
    """
    random = np.random.default_rng(seed)
    a = random.uniform(90.0, 110.0)
    c = a * random.uniform(0.9, 1.1)
    width, critical = random.uniform(0.002, 0.005), random.uniform(0.025, 0.045)
    k = 2.0 * np.pi / GEOMETRY.wavelength
    if overlapping:
        inside = random.uniform(0.0, 0.75) * width
        sine = np.hypot(critical / 2.0, inside) / k
        geometry = GEOMETRY.with_incidence(round(float(np.rad2deg(np.arcsin(sine))), 3))
    else:
        geometry = GEOMETRY.with_incidence(round(float(random.uniform(0.35, 0.6)), 3))
    lattice = str(random.choice(["primitive", "primitive", "hexagonal", "body-centred"]))
    errors = random.normal(0.0, (0.5, 0.5, 0.001, 0.02))
    image = gisaxs(
        seed, a=a, c=c, hexagonal=lattice == "hexagonal", body_centred=lattice == "body-centred",
        critical=critical, height=float(np.exp(random.uniform(np.log(20.0), np.log(300.0)))), width=width,
        growth=random.uniform(0.0, 0.3), displaced=random.choice([0.0, 0.1]),
        reflected=float(np.exp(random.uniform(-1.2, 1.2))), background=random.uniform(0.5, 4.0),
        geometry=geometry, errors=(errors[0], errors[1], errors[2], errors[3]),
    )  # fmt: skip
    return image, geometry, a, c, lattice


def write_edf(path: Path, image: DetectorImage, geometry: Geometry = GEOMETRY) -> Path:
    """Write an image with its geometry in the header, and that it is simulated."""
    from fabio.edfimage import EdfImage

    header = {"simulated": "yes", **geometry.as_header()}
    EdfImage(data=image.counts.astype("int32"), header=header).write(str(path))
    return path
