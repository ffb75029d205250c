"""Simulation of patterns of a known structure; their metadata contain the mark "simulated"."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from slxrd import units
from slxrd._arguments import check_arguments, check_seed, real_array
from slxrd.data.correction_factors import lorentz_polarisation
from slxrd.data.pattern import Pattern, Step
from slxrd.errors import SlxrdError
from slxrd.instrument.broadening import ResolutionShape
from slxrd.instrument.diffractometer import Instrument, Zero
from slxrd.model.intensity import Model
from slxrd.sample.specification import CrystalLike, SubstrateLike, as_stack
from slxrd.sample.stack import Stack, StackKind, Weighting
from slxrd.units import FloatArray


def as_instrument(pattern: Pattern, resolution: float | ResolutionShape | None, zero: Zero) -> Instrument:
    """Return the instrument that a pattern was measured with.

    Parameters
    ----------
    pattern : Pattern
        Pattern, whose wavelengths are used.
    resolution : float, ResolutionShape or None
        σ_G in Å⁻¹, or a measured line shape; None: the usual σ_G.
    zero : {"q", "angle", "displacement"}
        Meaning of q_zero.

    Raises
    ------
    SlxrdError
        If the resolution was measured with another radiation.
    """
    sigma_G, broadening = Instrument.sigma_G, None
    if isinstance(resolution, ResolutionShape):
        broadening, known, own = resolution, pattern.wavelength, resolution.wavelength
        if known is not None and own is not None and abs(own / known - 1.0) > 0.01:
            raise SlxrdError(
                f"the resolution was measured at {own:g} Å and {pattern.source} at "
                f"{known:g} Å; measure a standard with the same radiation"
            )
    elif resolution is not None:
        sigma_G = resolution
    return Instrument(sigma_G, broadening, pattern.wavelength, pattern.second_line, zero)


@check_arguments
def simulate(
    q: ArrayLike,
    values: Mapping[str, float],
    *,
    coherent: int = Stack.coherent,
    size_window: float = Stack.size_window,
    crystal: CrystalLike | None = None,
    partner: CrystalLike | None = None,
    slab: float | str | None = None,
    stack: StackKind = "pure",
    weighting: Weighting = "number",
    coherent_spread: float = 0.0,
    substrate: SubstrateLike | None = None,
    resolution: float | ResolutionShape = Instrument.sigma_G,
    zero: Zero = "q",
    wavelength: float | str | None = None,
    peak: float = 1000.0,
    background: float = 0.0,
    raw: bool = False,
    noise: float | str | None = None,
    seed: int | np.random.Generator | None = None,
) -> Pattern:
    """Simulate a pattern.

    Parameters
    ----------
    q : array_like, shape (n,)
        Scattering vectors in Å⁻¹, increasing.
    values : mapping of str to float
        d, L, sigma_L (Å), N, sigma_N (planes), and q_zero (Å⁻¹, 0 if left out). A single crystal
        needs no L and sigma_L. Further parameters of the structure have their default values if left out.
    coherent, size_window, crystal, partner, slab, stack, weighting, coherent_spread, substrate, resolution
        As in :func:`slxrd.fit`.
    zero : {"q", "angle", "displacement"}
        As in :func:`slxrd.fit`.
    wavelength : float or str, optional
        Å, or a name: ``"CuKa"`` simulates the doublet.
    peak : float
        Intensity of the highest point, before noise and background.
    background : float
        Constant, added to the intensity.
    raw : bool
        As a diffractometer without a monochromator measures it: over 2θ, times the Lorentz-polarisation
        factor, before the background is added. Needs the wavelength.
    noise : float, "counting" or None
        Gaussian noise as a fraction of the highest point, Poisson noise, or none.
    seed : int or numpy.random.Generator, optional
        Seed of the noise; required if there is noise.

    Returns
    -------
    Pattern
        Simulated pattern, with σ if there is noise (raw counts have none). Its metadata state that it is
        simulated.

    Raises
    ------
    SlxrdError
        If a value is missing or impossible.
    """
    structure = as_stack(
        coherent=coherent, size_window=size_window, crystal=crystal, partner=partner, slab=slab, stack=stack,
        weighting=weighting, coherent_spread=coherent_spread, substrate=substrate, naming=values,
    )  # fmt: skip
    usual = {name: row.default for name, row in structure.table.items() if row.default is not None}
    given = {**usual, **({"L": 0.0, "sigma_L": 0.0} if coherent == 1 else {}), **values}
    missing = [name for name in structure.names if name not in given]
    if missing:
        raise SlxrdError(f"no value for {', '.join(missing)}; give a value for each")
    structure.check_gap(given)
    for what, number, least in (("peak", peak, 0.0), ("background", background, -math.inf)):
        if not (math.isfinite(number) and number > least):
            raise SlxrdError(f"{what} {number!r}: must be a {'positive ' if least == 0.0 else ''}number")
    dark = Pattern(real_array(q, "q"), np.zeros(np.shape(q)), source="simulation")
    if wavelength is not None:
        used = units.radiation(wavelength)
        dark = replace(dark, wavelength=used.wavelength, second_line=used.second)
    instrument = as_instrument(dark, resolution, zero)
    intensity = Model(structure, instrument).intensity(dark.q, given)
    if raw:
        dark = replace(dark, x=dark.two_theta, axis="2theta")
        intensity = intensity * lorentz_polarisation(dark.two_theta)
    lit = replace(dark, intensity=peak * intensity / intensity.max() + background)
    text = ", ".join(f"{name} = {given[name]:g}" for name in structure.names)
    return replace(
        lit if noise is None else _noisy(lit, noise, seed, peak),
        metadata={"simulated": f"{text}, {structure}, {_instrument_text(instrument)}"},
        history=(Step("simulated"),),
    )


def _instrument_text(instrument: Instrument) -> str:
    plain = instrument.broadening is None and instrument.second_line is None and instrument.zero == "q"
    return f"resolution = {instrument.sigma_G:g}" if plain else str(instrument)


def _noisy(
    pattern: Pattern, noise: float | str, seed: int | np.random.Generator | None, peak: float
) -> Pattern:
    if seed is None:
        raise SlxrdError("noise needs a seed, so that the pattern can be made again (--seed 1)")
    if isinstance(seed, int):
        check_seed(seed)
    random = np.random.default_rng(seed)
    if noise == "counting":
        expected = np.maximum(pattern.intensity, 0.0)
        counts: FloatArray = random.poisson(expected).astype(np.float64)
        sigma = np.sqrt(np.maximum(expected, 1.0)) if pattern.axis == "q" else None
        return replace(pattern, intensity=counts, sigma=sigma, per_count=np.ones(counts.size))
    if isinstance(noise, str) or not (math.isfinite(noise) and noise > 0.0):
        raise SlxrdError(f"noise {noise!r}: must be a positive fraction of the maximum, or counting")
    sigma = np.full(len(pattern), noise * peak)
    return replace(pattern, intensity=pattern.intensity + random.normal(0.0, sigma), sigma=sigma)
