"""A measured superlattice of two crystals in turn, found from what a user would know; and a single layer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from slxrd.data.corrections import correct_lorentz_polarisation, counting_statistics
from slxrd.fitting.api import fit
from slxrd.fitting.result.fit import Fit
from slxrd.io.registry import read

DATA = Path(__file__).parents[1] / "files"
#: What is known of layers that grow on one another: the gap between two, which does not fluctuate.
EPITAXIAL: dict[str, Any] = {
    "crystal": "InGaAs-001", "partner": "GaAs-001", "coherent": 3, "resolution": 0.0005, "noise": "counting",
    "background": "constant",
    "fix": {"L": 2.87, "sigma_L": 0.0, "q_zero": 0.0, "d_B": 2.8266},
    "bounds": {"sigma_N": (0.2, 3.0), "sigma_N_B": (0.2, 3.0)},
}  # fmt: skip


def period_of(values: Mapping[str, float]) -> float:
    return (values["N"] - 1.0) * values["d"] + (values["N_B"] - 1.0) * values["d_B"] + 2.0 * values["L"]


def measured(name: str, **options: Any) -> Fit:
    pattern = correct_lorentz_polarisation(counting_statistics(read(DATA / name)), 22.65)
    return fit(pattern, **options)


@pytest.mark.slow
def test_the_period_of_the_measured_superlattice() -> None:
    """Owners: 7.41 + 18.05 nm. A model without the substrate may be off by a plane, 2.9 Å."""
    found = measured("InGaAs_SL_68_re_m002.x00", regions=[(4.205, 4.375)], **EPITAXIAL)
    assert period_of(found.solutions[0].values) == pytest.approx(254.6, abs=2.9)
    assert found.reduced_chi2 < 3.0


@pytest.mark.slow
def test_a_single_layer_is_no_superlattice() -> None:
    found = measured(
        "Petri_GaAsP_bulk_003.x00", regions=[(4.5, 4.62)], coherent=10, resolution=0.0005, noise="counting",
        background="constant",
    )  # fmt: skip
    assert found.parameters["L"].status == "undetermined"
    assert any(note.startswith("no fringes") for note in found.notes)
