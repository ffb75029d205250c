"""Simulated micrographs: dark quadrilaterals with rough sides on a bright background, blurred, in counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d

#: Parts of a pixel in each direction, over which edges are averaged.
FINE = 3
#: Distance of the points of a rough outline in pixels.
STEP = 2.0


@dataclass(frozen=True)
class Shape:
    """A quadrilateral by its corners, shape (4, 2), x and y in pixels."""

    corners: np.ndarray

    @property
    def sides(self) -> np.ndarray:
        return np.hypot(*(np.roll(self.corners, -1, axis=0) - self.corners).T)

    @property
    def diagonal(self) -> float:
        a, b, c, d = self.corners
        return max(math.dist(a, c), math.dist(b, d))

    @property
    def side_ratio(self) -> float:
        one, other = self.sides[0] + self.sides[2], self.sides[1] + self.sides[3]
        return float(max(one, other) / min(one, other))

    @property
    def angle_error(self) -> float:
        along = np.roll(self.corners, -1, axis=0) - self.corners
        turn = np.arctan2(along[:, 1], along[:, 0])
        angles = np.angle(np.exp(1j * (np.roll(turn, -1) - turn)))
        return float(np.sqrt(np.mean((np.degrees(angles) - 90.0) ** 2)))


def quadrilateral(
    centre: tuple[float, float],
    length: float,
    width: float,
    turned: float,
    random: np.random.Generator,
    distorted: float,
) -> Shape:
    """A rectangle turned by an angle in degrees, each corner displaced at random by ``distorted`` pixels."""
    at = 0.5 * np.array([[length, -width], [length, width], [-length, width], [-length, -width]])
    c, s = math.cos(math.radians(turned)), math.sin(math.radians(turned))
    corners = at @ np.array([[c, s], [-s, c]]) + centre
    return Shape(corners + random.normal(0.0, distorted, (4, 2)))


def rough(shape: Shape, random: np.random.Generator, roughness: float, correlated: float = 4.0) -> np.ndarray:
    """The outline with displacements across its sides, correlated along them, in pixels."""
    points = []
    for k in range(4):
        begin, end = shape.corners[k], shape.corners[(k + 1) % 4]
        along = (end - begin) / math.dist(begin, end)
        t = np.arange(0.0, math.dist(begin, end), STEP)
        noise = gaussian_filter1d(random.normal(0.0, 1.0, t.size + 100), correlated / STEP)[50:-50]
        noise *= roughness * math.sqrt(2.0 * math.sqrt(math.pi) * correlated / STEP)
        points.append(begin + t[:, None] * along + noise[:, None] * np.array([along[1], -along[0]]))
    return np.concatenate(points)


def micrograph(
    shapes: list[Shape],
    size: tuple[int, int],
    random: np.random.Generator,
    *,
    roughness: float = 0.3,
    blur: float = 1.0,
    counts: tuple[float, float] = (60.0, 160.0),
) -> np.ndarray:
    """Counts of a picture of (rows, columns), of the first level in the objects, of the second around."""
    from skimage.draw import polygon2mask

    rows, columns = size
    covered = np.zeros(size)
    for shape in shapes:
        outline = rough(shape, random, roughness)
        left, top = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 2, 0)
        right, bottom = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 3, (columns, rows))
        # Centres of pixels are whole numbers; those of their parts are not.
        fine = (outline[:, ::-1] - (top, left) + 0.5) * FINE - 0.5
        mask = polygon2mask(((bottom - top) * FINE, (right - left) * FINE), fine)
        part = mask.reshape(bottom - top, FINE, right - left, FINE).mean(axis=(1, 3))
        covered[top:bottom, left:right] = np.maximum(covered[top:bottom, left:right], part)
    inside, outside = counts
    expected = outside + (inside - outside) * gaussian_filter(covered, blur)
    return random.poisson(expected).astype(float)


def grid(
    seed: int, *, cell: int = 120, across: int = 6, down: int = 4
) -> tuple[list[Shape], tuple[int, int]]:
    """Superlattices of many sizes, one in each cell of a grid; the smaller, the more distorted."""
    random = np.random.default_rng(seed)
    shapes = []
    for i in range(down):
        for k in range(across):
            side = random.uniform(30.0, 75.0)
            centre = (
                (k + 0.5) * cell + random.uniform(-5.0, 5.0),
                (i + 0.5) * cell + random.uniform(-5.0, 5.0),
            )
            ratio, turned = random.uniform(1.0, 1.2), random.uniform(0.0, 90.0)
            shapes.append(quadrilateral(centre, side * ratio, side, turned, random, 80.0 / side))
    return shapes, (down * cell, across * cell)


def write_png(path: Path, counts: np.ndarray) -> Path:
    """Write counts as grey levels; the text in the file states that they are simulated."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_text("Description", "simulated micrograph")
    Image.fromarray(np.clip(counts, 0, 255).astype(np.uint8)).save(path, pnginfo=texts)
    return path
