"""The core alone: whichever kernel there is fits the examples; needs nothing but pytest."""

import os
from pathlib import Path

import pytest

import slxrd
from slxrd.model.kernel.dispatch import kernels
from slxrd.model.kernel.native import library
from slxrd.model.kernel.native.library import native_core

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}


def test_kernel_in_use() -> None:
    native = native_core() is not None
    assert native == kernels().COMPILED
    assert native == (
        Path(library.__file__).with_name(library.FILE).is_file() and os.environ.get(library.SWITCH) != "0"
    )


@pytest.mark.slow
def test_superlattice() -> None:
    pattern = slxrd.example("cspbbr3-cubes").pattern()
    result = slxrd.fit(pattern, regions=[(0.9, 1.25)], start=TRUTH)
    for name, truth in TRUTH.items():
        estimate = result.parameters[name]
        assert estimate.status == "determined"
        assert estimate.value == pytest.approx(truth, abs=4.0 * estimate.error), name
    assert 0.7 < result.reduced_chi2 < 1.3
    stated = any(note.startswith("calculated with NumPy") for note in result.notes)
    assert stated == (native_core() is None)


@pytest.mark.slow
def test_film() -> None:
    example = slxrd.example("cumnsb-film")
    result = slxrd.fit(example.pattern(), substrate="none", **example.options)
    fringes = slxrd.laue_fringes(example.pattern(), 1.94, 2.15)
    thickness = result.derived["thickness_with_surface"].value
    assert thickness == pytest.approx(fringes.thickness, abs=3.0)
