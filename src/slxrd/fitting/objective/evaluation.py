"""The objective at given parameters: residuals, derivatives, curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from slxrd._cached import cached_property
from slxrd._frozen import Sealed
from slxrd._short_repr import short_repr
from slxrd.data.regions import Region
from slxrd.units import FloatArray


@short_repr
@dataclass(frozen=True)
class Fitted(Sealed):
    """Measured and calculated points of one region at given parameters.

    Parameters
    ----------
    region : Region
        The region.
    q, measured, sigma, calculated, residual : ndarray, shape (n,)
        In Å⁻¹, in the measured unit, and the residual (measured − calculated)/σ (of the logarithms
        for logarithmic residuals), without the region's weight.
    scale : float
        Factor of the calculated intensity.
    background : tuple of float
        Coefficients of the columns of the background, in the order of the columns.
    """

    region: Region
    q: FloatArray
    measured: FloatArray
    sigma: FloatArray
    calculated: FloatArray
    residual: FloatArray
    scale: float
    background: tuple[float, ...]


@dataclass(frozen=True)
class Part:
    """Contribution of one region to an evaluation.

    Parameters
    ----------
    fitted : Fitted
        The curves.
    residual, jacobian, nuisance
        As in :class:`Evaluation`, of this region.
    respond : callable
        Calculate the response of the residuals to the noise, needed only at the end of a fit.
    """

    fitted: Fitted
    residual: FloatArray
    jacobian: FloatArray
    nuisance: FloatArray
    respond: Callable[[], FloatArray]


@dataclass(frozen=True)
class Joint:
    """What residuals with correlated errors have in common.

    Parameters
    ----------
    nuisance : ndarray, shape (r, k)
        As in :class:`Evaluation`.
    respond : callable
        Calculate the response of the residuals to independent standard errors.
    """

    nuisance: FloatArray
    respond: Callable[[], FloatArray]


@dataclass(frozen=True)
class Evaluation:
    """The objective at given parameters.

    Parameters
    ----------
    residual : ndarray, shape (r,)
        Weighted residuals of all regions; χ² is the sum of their squares.
    jacobian : ndarray, shape (r, p)
        Exact derivatives with respect to ``model.names``.
    parts : tuple of Part
        The regions; with correlated errors, only their curves apply.
    joint : Joint, optional
        What the regions have in common where their errors are correlated.
    """

    residual: FloatArray
    jacobian: FloatArray
    parts: tuple[Part, ...]
    joint: Joint | None = None

    @property
    def chi2(self) -> float:
        """Weighted sum of squared residuals."""
        return float(self.residual @ self.residual)

    @property
    def regions(self) -> tuple[Fitted, ...]:
        """The curves of the regions."""
        return tuple(part.fitted for part in self.parts)

    @property
    def chi2_of_curves(self) -> float:
        """Weighted sum of squared differences between data and curves over the σ of the points alone."""
        return sum(each.region.weight * float(each.residual @ each.residual) for each in self.regions)

    @cached_property
    def nuisance(self) -> FloatArray:
        """Derivatives of the residuals with respect to the linear coefficients, shape (r, k)."""
        if self.joint is not None:
            return self.joint.nuisance
        return _block_diagonal([part.nuisance for part in self.parts])

    @cached_property
    def noise(self) -> FloatArray:
        """Response of the residuals to one σ of each measured point, shape (r, m); (r,) if diagonal."""
        if self.joint is not None:
            return self.joint.respond()
        blocks = [part.respond() for part in self.parts]
        if all(block.ndim == 1 for block in blocks):
            return np.concatenate(blocks)
        return _block_diagonal(blocks)


def _block_diagonal(blocks: list[FloatArray]) -> FloatArray:
    out = np.zeros((sum(b.shape[0] for b in blocks), sum(b.shape[1] for b in blocks)))
    row = column = 0
    for block in blocks:
        out[row : row + block.shape[0], column : column + block.shape[1]] = block
        row, column = row + block.shape[0], column + block.shape[1]
    return out
