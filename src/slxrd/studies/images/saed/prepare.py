"""What is done to an electron diffraction image before it is measured: size, noise, shadow, centre."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import binary_dilation, gaussian_filter, label, median_filter
from scipy.stats import chi2

from slxrd.detector.image import DetectorImage
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Images with longer sides are binned to at most this many pixels.
_LARGEST = 1100
#: Sides of blocks over which neighbours are compared for the noise, and of the tiles of blocks.
_BLOCKS, _TILE = (1, 2), 12
#: Quantile of the tiles that is taken, as others contain rings and spots.
_QUANTILE = 0.25
#: Values of a photon up to this are those of counts.
_COUNTS = 1.25
#: Blocks of a side in which a shadow is searched, and window of the median in blocks.
_COARSE, _WINDOW = 128, 31
#: A shadow is darker than this part of its surroundings, by so many standard deviations.
_DARK, _DARKER = 0.35, 5.0
#: A shadow covers at least this many blocks and at most this part of the image.
_FEWEST, _MOST = 6, 0.2
#: Pixels of a side for the search of the centre.
_SEARCHED = 512
#: Local average that is subtracted, as a part of a side; largest deviation that is used, in σ.
_LOCAL, _CLIPPED = 0.02, 6.0
#: Part of the image that its inversion must cover, and height above which a centre is found.
_OVERLAP, _FOUND = 0.15, 8.0


def binned(image: DetectorImage) -> tuple[DetectorImage, int]:
    """Return an image whose pixels are sums of k × k pixels, and k: 1 unless the image is large."""
    k = -(-max(image.shape) // _LARGEST)
    if k == 1:
        return image, 1
    counts = _sums(np.where(image.mask, 0.0, image.counts), k)
    used = _sums((~image.mask).astype(float), k)
    # A sum without some of its pixels is no sum.
    step = f"sums of {k} × {k} pixels"
    return replace(image, counts=counts, mask=used < k * k, history=(*image.history, step)), k


def _sums(values: FloatArray, k: int) -> FloatArray:
    rows, columns = (size // k for size in values.shape)
    return np.asarray(values[: rows * k, : columns * k].reshape(rows, k, columns, k).sum(axis=(1, 3)))


def photon_of(image: DetectorImage) -> float:
    """Return the value of one photon or electron by the scatter of neighbouring pixels.

    It is the variance over the mean, the larger one of single pixels and of blocks: a camera that spreads an
    electron over several pixels makes single ones scatter less. The lower quartile of tiles of the image is
    used, as others contain rings and spots, and compared with that of noise.
    """
    found = []
    for k in _BLOCKS:
        used = _sums((~image.mask).astype(float), k) == k * k
        values = _sums(np.where(image.mask, 0.0, image.counts), k)
        pairs = values[:, :-2] - 2.0 * values[:, 1:-1] + values[:, 2:]
        there = used[:, :-2] & used[:, 1:-1] & used[:, 2:]
        squares = _sums(np.where(there, pairs**2 / 6.0, 0.0), _TILE)
        means = _sums(np.where(there, values[:, 1:-1], 0.0), _TILE)
        good = (means > 0.0) & (_sums(there.astype(float), _TILE) > 0.5 * _TILE**2)
        if good.any():
            # Degrees of freedom of a mean over second differences that overlap.
            degrees = _TILE**2 * 18.0 / 35.0
            usual = float(chi2.ppf(_QUANTILE, degrees)) / degrees
            found.append(float(np.quantile(squares[good] / means[good], _QUANTILE)) / usual)
    return max(found, default=1.0)


def with_photon(image: DetectorImage) -> tuple[DetectorImage, str]:
    """Return the image with the value of a photon by its scatter, and a note if that is not 1."""
    if image.photon != 1.0:
        return image, ""
    value = photon_of(image)
    counts = image.counts[~image.mask]
    whole = bool(np.all(counts == np.round(counts)))
    if (whole and value < _COUNTS) or not value > 0.0:
        return image, ""
    note = (
        f"pixels scatter as if one electron had the value {value:.3g}: σ is from that (give the value with "
        "--photon if it is known)"
    )
    return replace(image, photon=value, history=(*image.history, f"value of one electron {value:.3g}")), note


def shadow(image: DetectorImage) -> NDArray[np.bool_] | None:
    """Return the pixels in the shadow of a beam stop, True for these; None if there is none."""
    k = max(max(image.shape) // _COARSE, 1)
    used = _sums((~image.mask).astype(float), k)
    sums = _sums(np.where(image.mask, 0.0, image.counts), k)
    mean = np.divide(sums, used, out=np.zeros(sums.shape), where=used > 0.0)
    around = median_filter(mean, _WINDOW, mode="nearest")
    error = np.sqrt(image.photon * np.maximum(around, image.photon) / np.maximum(used, 1.0))
    dark = (mean < _DARK * around) & (around - mean > _DARKER * error) & (used > 0.0)
    regions, count = label(dark, structure=np.ones((3, 3)))
    sizes = np.bincount(regions.ravel(), minlength=count + 1)
    dark = np.isin(regions, [n for n in range(1, count + 1) if sizes[n] >= _FEWEST])
    if not dark.any() or dark.mean() > _MOST:
        return None
    wide = binary_dilation(dark, np.ones((3, 3))).repeat(k, axis=0).repeat(k, axis=1)
    rest = [(0, size - done) for size, done in zip(image.shape, wide.shape, strict=True)]
    return np.asarray(np.pad(wide, rest, mode="edge"))


def find_centre(image: DetectorImage) -> tuple[float, float]:
    """Return the centre about which an image is most nearly its own inversion, in pixels (row, column).

    Raises
    ------
    SlxrdError
        If no centre stands out.
    """
    k = max(-(-max(image.shape) // _SEARCHED), 1)
    used = _sums((~image.mask).astype(float), k) > 0.5 * k * k
    parts = np.maximum(_sums((~image.mask).astype(float), k), 1.0)
    counts = _sums(np.where(image.mask, 0.0, image.counts), k) / parts * k * k
    values = np.where(used, 2.0 * np.sqrt(np.maximum(counts, 0.0) / image.photon), 0.0)
    wide = max(_LOCAL * max(values.shape), 3.0)
    near = gaussian_filter(values, wide)
    share = gaussian_filter(used.astype(float), wide)
    values = np.where(used & (share > 0.5), values - near / np.maximum(share, 1e-9), 0.0)
    values = np.clip(values, -_CLIPPED, _CLIPPED)
    shape = [fft.next_fast_len(2 * size, real=True) for size in values.shape]
    together = fft.irfft2(fft.rfft2(values, shape) ** 2, shape)
    pairs = fft.irfft2(fft.rfft2(used.astype(float), shape) ** 2, shape)
    full = tuple(slice(0, 2 * size - 1) for size in values.shape)
    together, pairs = together[full], np.maximum(pairs[full], 0.0)
    # Every pair is counted twice; far from the centre, few are left.
    spread = np.sqrt(2.0 * np.maximum(pairs, 1.0)) * float(np.mean(values[used] ** 2)) if used.any() else 1.0
    height = np.where(pairs > _OVERLAP * used.sum(), together / np.maximum(spread, 1e-12), -np.inf)
    row, column = np.unravel_index(int(np.argmax(height)), height.shape)
    if not height[row, column] > _FOUND:
        raise SlxrdError(
            f"{image.name}: no centre is found, as no point makes the image its own inversion; type it "
            "(--centre ROW,COLUMN), and leave out the beam stop (--beam-stop)"
        )
    at = [_vertex(height, axis, (int(row), int(column))) for axis in (0, 1)]
    return (0.5 * at[0] + 0.5) * k, (0.5 * at[1] + 0.5) * k


def _vertex(height: FloatArray, axis: int, at: tuple[int, int]) -> float:
    """Maximum of a parabola through the highest point and its neighbours."""
    line = height[:, at[1]] if axis == 0 else height[at[0]]
    n = at[axis]
    if not 0 < n < line.size - 1 or not np.isfinite(line[n - 1 : n + 2]).all():
        return float(n)
    low, top, high = line[n - 1 : n + 2]
    curve = low - 2.0 * top + high
    return float(n + (0.5 * (low - high) / curve if curve < 0.0 else 0.0))
