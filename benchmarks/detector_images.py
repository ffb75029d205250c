"""Time and memory for a simulated detector image: ``python benchmarks/detector_images.py [MEGAPIXELS]``."""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

import slxrd

CUTS = (slxrd.Cut("in-plane", (0.1, 0.2)), slxrd.Cut("out-of-plane", (0.1, 0.2)))


def main() -> None:
    """Remap and cut an image twice: the first time libraries are loaded and coordinates calculated."""
    side = round((1e6 * float(sys.argv[1] if len(sys.argv) > 1 else 2.0)) ** 0.5)
    image = slxrd.DetectorImage(np.random.default_rng(0).poisson(5.0, (side, side)).astype(np.float64))
    geometry = slxrd.Geometry(250.0, 0.8 * side, 0.5 * side, 172.0, 172.0, 1.0, incidence=0.2)
    for name in ("first", "warm"):
        began = time.perf_counter(), time.process_time()
        slxrd.cartesian_map(image, geometry)
        mapped = time.perf_counter()
        for cut in CUTS:
            slxrd.cut_image(image, geometry, cut)
        ended = time.perf_counter(), time.process_time()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"{side} × {side} pixels, {name}: map {mapped - began[0]:.2f} s, {len(CUTS)} cuts "
            f"{ended[0] - mapped:.2f} s, processor {ended[1] - began[1]:.2f} s, highest memory "
            f"{memory:.2f} GB",
            flush=True,
        )


if __name__ == "__main__":
    main()
