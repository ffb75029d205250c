"""All regions of a fit as arrays for the native refinement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slxrd._cached import cached_property
from slxrd.model.kernel.arrays import IntArray
from slxrd.units import FloatArray


@dataclass(frozen=True, eq=False)
class Layout:
    """All regions one after another.

    Attributes
    ----------
    grid : ndarray, shape (m,)
        Auxiliary scattering vectors in Å⁻¹.
    shift : ndarray, shape (m,)
        Derivative of each with respect to q_zero.
    first, band : ndarray, shapes (n,) and (n, width)
        First auxiliary point and weights of each measured point, as for ``dispatch.smear``.
    root : ndarray, shape (n,)
        Square root of the region's weight over σ.
    basis : ndarray, shape (b, n)
        Orthonormal background shapes of each region, each times ``root``; b may be 0.
    bounded : ndarray, shape (b, n)
        Shapes of the same span, times ``root``, whose coefficients may be bounded.
    inverse : ndarray, shape (regions, b, b)
        Matrix from coefficients of ``basis`` to those of ``bounded``.
    positive : bool
        Whether the coefficients of ``bounded`` may not be negative.
    ends : ndarray of int64, shape (regions + 1,)
        Index of the first point of each region, and the number of points.
    prior_mean, prior_weight : ndarray, shape (p,)
        Means of the Gaussian priors, and inverse variances; 0 without a prior.
    whitening : ndarray, shape (w, n)
        Orthogonal rows V that make correlated errors independent by 1 − VᵀV; w may be 0.
    """

    grid: FloatArray
    shift: FloatArray
    first: IntArray
    band: FloatArray
    root: FloatArray
    basis: FloatArray
    bounded: FloatArray
    inverse: FloatArray
    positive: bool
    ends: IntArray
    prior_mean: FloatArray
    prior_weight: FloatArray
    whitening: FloatArray

    @cached_property
    def native(self) -> Any:
        """The layout as a structure of the native core.

        Raises
        ------
        ValueError
            If an array has a wrong shape, or an index is beyond its array.
        """
        from slxrd.model.kernel.native.conversion import integers, reals
        from slxrd.model.kernel.native.structures import NativeLayout

        m, (n, width), b = self.grid.size, self.band.shape, self.basis.shape[0]
        regions, w, k = self.ends.size - 1, self.whitening.shape[0], self.prior_mean.size
        ends = integers(self.ends, regions + 1, below=n + 1)
        if ends[0] != 0 or ends[-1] != n or (ends[1:] < ends[:-1]).any():
            raise ValueError(f"ends of regions {ends} for {n} points")
        return NativeLayout.of(
            {
                "grid_points": m,
                "points": n,
                "width": width,
                "shapes": b,
                "regions": regions,
                "correlated": w,
                "parameters": k,
                "grid": reals(self.grid, m),
                "shift": reals(self.shift, m),
                "first": integers(self.first, n, below=m - width + 1),
                "band": reals(self.band, n, width),
                "root": reals(self.root, n),
                "basis": reals(self.basis, b, n),
                "bounded": reals(self.bounded, b, n),
                "inverse": reals(self.inverse, regions, b, b),
                "positive": int(self.positive),
                "ends": ends,
                "prior_mean": reals(self.prior_mean, k),
                "prior_weight": reals(self.prior_weight, k),
                "whitening": reals(self.whitening, w, n),
            }
        )
