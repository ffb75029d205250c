"""Stacks on a substrate plane by plane: what the sum of amplitudes must give back.

The substrate is a sum over its planes, the mean amplitude of a stack a sum over its crystals, one by one, and
random stacks are put on it as a whole. No closed sum.
"""

from __future__ import annotations

import brute_cells
import numpy as np
from brute_cells import ComplexArray, FloatArray, Layer, Values, layers, nodes, stack_amplitude

from slxrd.sample.form_factors import scattering
from slxrd.sample.stack import Stack

#: Attenuation of the amplitude per Å, and planes after which nothing remains.
ATTENUATION = 2e-4
PLANES = 120_000


def rod(q: FloatArray, d: float, planes: int = PLANES) -> ComplexArray:
    """Amplitude of a substrate from its highest plane, by the sum over its planes.

    They are summed in equal slabs, each of which is the first one, but deeper.
    """
    decay, thick = 1j * q + ATTENUATION, 400
    slab = np.sum(np.exp(-decay * d * np.arange(thick)[:, None]), axis=0)
    return np.asarray(slab * np.sum(np.exp(-decay * d * np.arange(0, planes, thick)[:, None]), axis=0))


def plane(stack: Stack, q: FloatArray, wavelength: float | None) -> FloatArray:
    """Amplitude of all atoms of a repeat at one height."""
    if stack.crystal is None:
        return np.ones(q.size)
    total = np.zeros(q.size, complex)
    for each in stack.crystal.repeat:
        for site in each.sites:
            damping = np.exp(-site.B * (q / (4.0 * np.pi)) ** 2)
            total += site.count * site.occupancy * damping * scattering(site.species, q, wavelength)
    return np.abs(total)


def amplitude(cells: list[Layer], M: int, q: FloatArray, mixed: bool) -> ComplexArray:
    """Mean amplitude of M times the layers, crystal by crystal."""
    if not mixed:
        (layer,) = cells
        total = np.zeros(q.size, complex)
        for one in layer.bodies:
            alone = brute_cells.Body(1.0, one.amplitude, one.length, one.below, one.above)
            total += one.share * amplitude([Layer((alone,), layer.gap)], M, q, True)
        return total
    total, walked = np.zeros(q.size, complex), np.ones(q.size, complex)
    for j in range(M * len(cells)):
        layer = cells[j % len(cells)]
        f, _, _, _, step = brute_cells._averages(layer, cells[(j + 1) % len(cells)], q)
        total += walked * f
        walked = walked * step
    return total


def mean_amplitude(stack: Stack, values: Values, q: FloatArray, wavelength: float | None) -> ComplexArray:
    """Mean amplitude with several M, displaced crystals, and crystals that stand alone."""
    cells = layers(stack, values, q, wavelength)
    total = np.zeros(q.size, complex)
    for M, share in zip(*stack.numbers(), strict=True):
        total += share * amplitude(cells, int(M), q, stack.mixed)
    away, weights = nodes(0.0, values.get("sigma_u", 0.0))
    displaced = weights @ np.exp(1j * np.multiply.outer(away, q))
    return (1.0 - values.get("unstacked", 0.0)) * displaced * total


def expected(stack: Stack, values: Values, q: FloatArray, wavelength: float | None = None) -> FloatArray:
    """Mean intensity of a stack on its substrate; no resolution."""
    true = q + values["q_zero"]
    below = values["f_S"] * plane(stack, q, wavelength) * rod(true, values["d_S"])
    alone = brute_cells.expected(stack, values, q, wavelength)
    above = mean_amplitude(stack, values, true, wavelength)
    d = values["d_S"]
    bragg = 2.0 * np.pi / d * np.round(true * d / (2.0 * np.pi))
    steps, weights = nodes(0.0, values["sigma_S"])
    rough = (weights @ np.exp(1j * np.multiply.outer(steps, true - bragg))).real
    turned = np.exp(1j * (true * values["L_S"] + values["phase_S"])) * above * rough
    c = values["coherence_S"]
    apart = np.abs(below) ** 2 + alone
    return apart + c * 2.0 * np.real(np.conj(below) * turned)


def random_stacks(
    stack: Stack, values: Values, q: FloatArray, number: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Mean of |A_s + A|² over random stacks of one M, and its standard error."""
    cells = layers(stack, values, q, None)
    below = values["f_S"] * rod(q, values["d_S"])
    sequence = cells * stack.coherent
    gaps = [layer.gap for layer in sequence]
    samples = np.empty((number, q.size))
    drawn = np.stack(
        [rng.choice(len(each.bodies), number, p=[body.share for body in each.bodies]) for each in sequence], 1
    )
    if not stack.mixed:
        drawn[:] = drawn[:, :1]
    widths = np.stack([gap.draw(rng, (number,)) for gap in gaps], axis=1)
    kinds, which = np.unique(drawn, axis=0, return_inverse=True)
    for k, kind in enumerate(kinds.tolist()):
        chosen = [layer.bodies[place] for layer, place in zip(sequence, kind, strict=True)]
        some = which.ravel() == k
        above = stack_amplitude(chosen, gaps, widths[some], np.zeros_like(widths[some]), q)
        samples[some] = np.abs(below + np.exp(1j * q * values["L_S"]) * above) ** 2
    return samples.mean(axis=0), samples.std(axis=0, ddof=1) / np.sqrt(number)
