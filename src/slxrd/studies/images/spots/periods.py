"""Periods of a superlattice from an image at grazing incidence (GISAXS), as section S.l of the 2021 paper."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._frozen import FrozenDict
from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.errors import SlxrdError
from slxrd.studies.images.spots.estimates import estimates
from slxrd.studies.images.spots.find import find_spots
from slxrd.studies.images.spots.index import Assignment, index
from slxrd.studies.images.spots.lattices import LATTICES
from slxrd.studies.images.spots.profiles import cut_profiles
from slxrd.studies.images.spots.result import Periods, RankedLattice
from slxrd.studies.images.spots.scattering import GeometryErrors, Positions, Vectors, positions
from slxrd.studies.images.spots.teeth import Knowledge

#: Least number of spots, and of those that the lattice explains.
LEAST = 4
#: Most pixels that are used as they are; of larger images, blocks of pixels are summed.
MOST_PIXELS = 4_000_000
#: Prior mean and standard deviation of q_c² in Å⁻², q_c from about 0.02 to 0.05 Å⁻¹, where q_c is not given.
CRITICAL2 = (0.0012, 0.0008)
#: Distance of the two beams in widths of a spot below which they overlap, and of a spot from its reflection.
OVERLAP, NEAR = 2.5, 3.0
#: Noise of the profiles, relative to that of counting, from which a note is made.
NOISY = 1.5


@check_arguments
def measure_periods(
    image: DetectorImage,
    geometry: Geometry,
    *,
    critical: float | None = None,
    critical_error: float = 0.0,
    errors: GeometryErrors | None = None,
) -> Periods:
    """Find and index the spots of a superlattice, and measure its periods in and out of plane.

    Lattices have layers parallel to the substrate, turned at random about its normal. Refraction at the
    surface of the film and the beam that the substrate reflects are accounted for.

    Parameters
    ----------
    image : DetectorImage
        The image; the direct and the specular beam should be masked.
    geometry : Geometry
        Where the detector stands, with the angle of incidence.
    critical, critical_error : float, optional
        Critical q of the film in Å⁻¹ (4π sin α_c/λ), and its standard deviation; by default refined, with
        0.02 to 0.05 Å⁻¹ as prior knowledge.
    errors : GeometryErrors, optional
        Standard deviations of the geometry, which are part of the errors of the periods; by default those of
        a geometry that was calibrated with a standard.

    Returns
    -------
    Periods
        Print it for a table.

    Raises
    ------
    SlxrdError
        If there is no angle of incidence, or there are too few spots.
    """
    incidence = geometry.incidence
    if not incidence:
        raise SlxrdError(
            f"{image.name}: periods out of plane need the angle of incidence, above 0; give it with the "
            "geometry"
        )
    for name, value in (("critical", critical), ("critical_error", critical_error)):
        if value is not None and not (math.isfinite(value) and 0.0 <= value < 1.0):
            raise SlxrdError(f"{name} {value:g}: must be from 0 to 1 Å⁻¹")
    if critical is None and critical_error:
        raise SlxrdError("critical_error: is the error of critical, which is not given")
    geometry.check(image)
    image.check_counts()
    image, geometry, block = _with_fewer_pixels(image, geometry)
    spots = find_spots(image)
    if len(spots) < LEAST:
        raise SlxrdError(
            f"{image.name}: {len(spots)} spots were found, fewer than {LEAST}; an image of rings or "
            "streaks has no periods to measure, a weak one needs longer counting"
        )
    vectors = Vectors(geometry, image.shape)
    at = positions(spots, vectors, ("q_xy", "q_z"))
    k, incident = 2.0 * math.pi / geometry.wavelength, math.radians(incidence)
    horizon = k * math.sin(incident)
    above = at.values[:, 1] > horizon
    if above.sum() < LEAST:
        raise SlxrdError(
            f"{image.name}: fewer than {LEAST} spots lie above the horizon of the film; check the "
            "centre, the angle of incidence and the side to which the normal points"
        )
    spots = tuple(spot for spot, kept in zip(spots, above.tolist(), strict=True) if kept)
    q = _of_film(at, above, horizon)
    slope = k * math.cos(incident) * math.pi / 180.0
    profiles = cut_profiles(image, vectors, q, horizon, slope)
    if not (profiles.sides and profiles.rods):
        raise SlxrdError(
            f"{image.name}: no spots beside the normal of the film; a period in plane needs some, so check "
            "the centre, and the masks"
        )
    given = errors or GeometryErrors()
    of_geometry = np.array([given.centre / block, given.centre / block, given.distance, given.incidence])
    critical2, error2 = CRITICAL2 if critical is None else (critical**2, 2.0 * critical * critical_error)
    found = index(
        profiles,
        Knowledge(profiles.width_in_plane, of_geometry),
        Knowledge(profiles.width_out_of_plane, of_geometry, horizon, slope, critical2, error2),
    )
    labels = [_labels(each, q, profiles.rods_at) for each in found]
    if not found or np.isfinite(labels[0][0][:, 0]).sum() < LEAST:
        raise SlxrdError(
            f"{image.name}: none of the lattices explains {LEAST} of the {len(spots)} spots, in and out of "
            "plane; mask stray spots, or check the geometry"
        )
    indices, beams = labels[0]
    names = {each.lattice.name for each in found}
    return Periods(
        image,
        geometry,
        given,
        _is_simulated(image),
        found[0].lattice.name,
        FrozenDict(estimates(found, given.distance)),
        spots,
        np.stack([at.values[above, 0], at.values[above, 1]], axis=1),
        indices,
        beams,
        tuple(
            RankedLattice(
                each.lattice.name,
                each.in_plane.mean,
                each.out_of_plane.mean,
                each.lattice.layers,
                int(np.isfinite(label[0][:, 0]).sum()),
                each.probability,
            )
            for each, label in zip(found, labels, strict=True)
        ),
        tuple(each.name for each in LATTICES if each.name not in names),
        tuple(_notes(found[0], indices, critical is None, errors is None, given, block)),
    )


def _with_fewer_pixels(image: DetectorImage, geometry: Geometry) -> tuple[DetectorImage, Geometry, int]:
    """Sum blocks of pixels of a large image; a block is left out if one of its pixels is."""
    block = math.ceil(math.sqrt(image.counts.size / MOST_PIXELS))
    if block == 1:
        return image, geometry, 1
    rows, columns = (n // block for n in image.shape)
    kept = (slice(rows * block), slice(columns * block))
    blocks = (rows, block, columns, block)
    smaller = replace(
        image,
        counts=np.where(image.mask, 0.0, image.counts)[kept].reshape(blocks).sum(axis=(1, 3)),
        mask=np.asarray(image.mask[kept].reshape(blocks).any(axis=(1, 3))),
        history=(*image.history, f"summed in blocks of {block} × {block} pixels"),
    )
    # Detectors that count from the other side lose their first pixels there.
    lost_rows, lost_columns = (n - size.stop for n, size in zip(image.shape, kept, strict=True))
    row = geometry.centre_row - (lost_rows if geometry.orientation in (1, 2) else 0)
    column = geometry.centre_column - (lost_columns if geometry.orientation in (1, 4) else 0)
    coarser = replace(
        geometry, centre_row=row / block, centre_column=column / block, shape=None, detector="",
        pixel_row=geometry.pixel_row * block, pixel_column=geometry.pixel_column * block,
    )  # fmt: skip
    return smaller, coarser, block


def _is_simulated(image: DetectorImage) -> bool:
    texts = [image.name, *image.history, *(f"{name} {value}" for name, value in image.header.items())]
    return any("simulated" in text.lower() for text in texts)


def _of_film(at: Positions, above: np.ndarray, horizon: float) -> Positions:
    """Return |q_xy| and k·sin(exit) = q_z − k·sin(incidence) of the spots above the horizon."""
    factor = np.stack([np.sign(at.values[above, 0]), np.ones(int(above.sum()))], axis=1)
    return Positions(
        np.stack([np.abs(at.values[above, 0]), at.values[above, 1] - horizon], axis=1),
        at.covariance[above] * factor[:, :, None] * factor[:, None, :],
        at.widths[above],
    )


def _labels(found: Assignment, q: Positions, rods_at: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Indices and beam of each spot; NaN and an empty text for spots that are not of the lattice."""
    indices, beams = np.full((len(q.values), 3), np.nan), []
    fit, teeth = found.out_of_plane.fit, found.out_of_plane.comb.teeth
    width = float(np.median(q.widths[:, 1]))
    for place, (q_xy, z) in enumerate(q.values):
        rod = int(np.argmin(np.abs(rods_at - q_xy)))
        line, comb = found.lines[rod], teeth[rod]
        beam = ""
        if line >= 0 and comb.factor.size and abs(rods_at[rod] - q_xy) < NEAR * q.widths[place, 0]:
            at = fit.centres[rod][: comb.factor.size]
            distance = np.where(fit.heights[rod][: comb.factor.size] > 0.0, np.abs(at - z), np.inf)
            nearest = int(np.argmin(distance))
            if distance[nearest] < NEAR * width:
                order = round(float(comb.factor[nearest]) / (2.0 * math.pi))
                h, k = found.lattice.with_order(line, order)
                indices[place] = h, k, order
                same = (comb.factor == comb.factor[nearest]) & (np.abs(at - at[nearest]) < OVERLAP * width)
                beam = "transmitted" if comb.beam[nearest] < 0.0 else "reflected"
                beam = "both" if same.sum() > 1 else beam
        beams.append(beam)
    return indices, tuple(beams)


def _notes(
    best: Assignment,
    indices: np.ndarray,
    refined: bool,
    assumed: bool,
    errors: GeometryErrors,
    block: int,
) -> list[str]:
    notes = []
    if len({line for line in best.lines if line >= 0}) < 2:
        notes.append("only one order in plane: square and hexagonal layers cannot be distinguished")
    if best.out_of_plane.overlap < OVERLAP:
        notes.append(
            f"the spots of the transmitted and the reflected beam are {best.out_of_plane.overlap:.1f} of "
            "their widths apart: their shares are free in the fit, and part of the error"
        )
    if best.out_of_plane.orders < 2:
        notes.append(
            "only one order out of plane: the period depends on the geometry and on the critical angle"
        )
    if refined:
        notes.append("the critical angle of the film is not given; its uncertainty is part of the errors")
    how = "assumed; give those of your calibration" if assumed else "as given"
    notes.append(f"errors of the geometry, part of the errors: {errors} ({how})")
    if best.larger > 1.0:
        notes.append(
            f"the spots deviate from the geometry by {best.larger:.1f} of these errors, which are "
            "multiplied by this: check the angle of incidence and the centre"
        )
    for name, mode in (("in plane", best.in_plane), ("out of plane", best.out_of_plane)):
        if mode.noise > NOISY:
            notes.append(
                f"profiles {name} deviate from the spots by {mode.noise:.1f} times the counting noise; the "
                "errors are multiplied by this"
            )
    stray = int((~np.isfinite(indices[:, 0])).sum())
    if stray:
        notes.append(f"{stray} of {len(indices)} spots are not of the lattice")
    if block > 1:
        notes.append(f"spots are in pixels of {block} × {block} pixels of the image")
    return notes
