"""Two layers in turn on a substrate, in both orders, and the satellites beside its peak."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import pytest
from films_on_substrates import superlattice

import slxrd
from slxrd.fitting.api import setup
from slxrd.fitting.diagnosis import alternatives
from slxrd.fitting.diagnosis.alternatives import _with_wider_mask
from slxrd.fitting.diagnosis.beside_substrate import mask_satellite
from slxrd.fitting.fit_options import prepare_objective
from slxrd.fitting.request.declaration import collect
from slxrd.fitting.search.satellites.trials import structures_to_try

FILE = Path(__file__).parents[1] / "files" / "InGaAs_SL_68_re_m002.x00"
#: Planes, plane distance and amplitude of a layer of the substrate's lattice and of another one.
MATCHED, OTHER = (40, 1.4133, 0.9), (18, 1.4626, 1.0)
PERIOD = 40 * 1.4133 + 18 * 1.4626
BOUNDS = {"matched": (1.3963, 1.4302), "other": (1.3959, 1.4853)}


@pytest.fixture(scope="module")
def measured() -> slxrd.Pattern:
    return slxrd.read(FILE)


@pytest.mark.slow
def test_the_other_layer_at_the_bottom() -> None:
    """The pattern alone shows which of the layers is next to the substrate, given their number."""
    pattern = superlattice(4, (OTHER, MATCHED), substrate=1.4133, peak=3e4)
    fit = slxrd.fit(pattern, budget=60.0, noise="counting")
    assert fit.stack.stack == "alternating"
    assert fit.stack.coherent == 4
    assert fit.assessment is not None
    assert fit.assessment.grade == "describes"
    assert [rival.name for rival in fit.assessment.rivals if rival.log_odds > 10.0] == [
        "the layers in the other order"
    ]
    period = fit.derived["period"]
    assert period.error is not None
    assert period.error < 0.5
    assert period.value == pytest.approx(PERIOD, abs=2.0 * period.error)
    for name, (N, d, _) in zip(("", "_B"), (OTHER, MATCHED), strict=True):
        assert fit.minima[0].values[f"d{name}"] == pytest.approx(d, abs=0.004)
        assert fit.minima[0].values[f"N{name}"] == pytest.approx(N, abs=1.5)


@pytest.mark.parametrize(("d", "d_B"), [("matched", "other"), ("other", "matched")])
def test_structures_of_both_orders_are_tried(measured: slxrd.Pattern, d: str, d_B: str) -> None:
    """The owners of the file found layers of 74 and 181 Å, from which one of the trials differs little."""
    options = {
        "coherent": 3, "stack": "alternating", "substrate": 1.4133, "regions": [(4.2302, 4.5011)],
        "mask": [(4.4355, 4.456)], "tie": {"L": "0.5*(d + d_B)"}, "fix": {"sigma_L": 0.0},
        "bounds": {"d": BOUNDS[d], "d_B": BOUNDS[d_B]}, "resolution": 0.0002,
    }  # fmt: skip
    pattern, chosen = setup(measured, collect(options))
    objective, _ = prepare_objective(pattern, chosen)
    tried = structures_to_try(objective, chosen.parameters.within(objective.model.stack.table)).values
    first, second = (tried["N"] - 1) * tried["d"], (tried["N_B"] - 1) * tried["d_B"]
    thin, thick = (first, second) if d == "other" else (second, first)
    near = (abs(thin - 74.0) < 5.0) & (abs(thin + thick + 2 * 1.438 - 255.0) < 2.5)
    other = tried["d"] if d == "other" else tried["d_B"]
    assert np.any(near & (abs(other - 1.4626) < 0.01))
    for name, kind in (("d", d), ("d_B", d_B)):
        assert np.all((tried[name] >= BOUNDS[kind][0]) & (tried[name] <= BOUNDS[kind][1]))


def rejected(low: float = 4.218, high: float = 4.501, period: float | None = 255.0) -> Any:
    """What is needed of a fit of the measured pattern over a region."""
    return SimpleNamespace(
        stack=SimpleNamespace(coherent=3),
        derived={"period": SimpleNamespace(value=period)},
        regions=[SimpleNamespace(region=SimpleNamespace(low=low, high=high))],
    )


def test_the_range_beside_the_substrate_ends_between_satellites(measured: slxrd.Pattern) -> None:
    """Satellites at 4.4253 and 4.4499 Å⁻¹ are nearer to the peak at 4.4458 Å⁻¹ than the next ones."""
    found = mask_satellite(measured, collect({}), rejected())
    assert found == pytest.approx((4.413, 4.4622), abs=2e-3)


@pytest.mark.parametrize(
    ("options", "fit"),
    [
        pytest.param({"mask": [(4.43, 4.46)]}, rejected(), id="a mask is given"),
        pytest.param({}, rejected(low=4.36), id="too few satellites are left"),
        pytest.param({}, rejected(period=None), id="no period"),
    ],
)
def test_no_range_beside_the_substrate(measured: slxrd.Pattern, options: Any, fit: Any) -> None:
    assert mask_satellite(measured, collect(options), fit) is None


def test_what_was_masked_stays_masked(measured: slxrd.Pattern) -> None:
    """Masks that overlap the range beside the substrate are joined with it, also if the fit fails."""
    request = {"mask": [(4.4, 4.42), (4.3, 4.301)]}
    first: Any = SimpleNamespace(
        options=SimpleNamespace(request=request, notes=()),
        assessment=SimpleNamespace(reduced_chi2=3.0),
        minima=(),
    )
    given = []

    def setup_nothing(_: slxrd.Pattern, options: Any) -> NoReturn:
        given.append(options["mask"])
        raise slxrd.SlxrdError("the region contains no points")

    assert _with_wider_mask(measured, (4.413, 4.462), setup_nothing, first, None) is first
    assert given == [((4.3, 4.301), (4.4, 4.462))]


def fitted(*, rejected: bool, period: float | None = 43.8) -> Any:
    """A fit of crystals as far as it is compared."""
    estimates = {name: SimpleNamespace(value=value) for name, value in (("L", 9.6), ("N", None))}
    return SimpleNamespace(
        rejected=rejected,
        assessment=None,
        parameters=estimates,
        derived={"period": SimpleNamespace(value=period)},
        minima=[SimpleNamespace(names=("N",))],
    )


@pytest.mark.parametrize(
    ("crystals", "excluded", "masked"),
    [
        pytest.param(fitted(rejected=False), False, False, id="crystals describe the pattern"),
        pytest.param(fitted(rejected=True), False, True, id="they do not"),
        pytest.param(fitted(rejected=False, period=None), False, True, id="nothing of them is determined"),
        pytest.param(fitted(rejected=False), True, True, id="they were excluded before"),
    ],
)
def test_crystals_are_fitted_before_satellites_are_left_out(
    monkeypatch: pytest.MonkeyPatch, crystals: Any, excluded: bool, masked: bool
) -> None:
    """L is no result of a fit in which it was not refined."""
    layers, without_satellites = fitted(rejected=True), fitted(rejected=False)
    options = SimpleNamespace(regions=())
    reading = SimpleNamespace(pattern=None, options=options, crystals_excluded=excluded, other_order=None)
    monkeypatch.setattr(alternatives, "best_reading", lambda *_: reading)
    monkeypatch.setattr(alternatives, "fit_pattern", lambda *_: layers)
    monkeypatch.setattr(alternatives, "search_pattern", lambda *_: None)
    monkeypatch.setattr(alternatives, "assess_searched", lambda _: crystals)
    monkeypatch.setattr(alternatives, "setup_other", lambda *_: (None, options))
    monkeypatch.setattr(alternatives, "mask_satellite", lambda *_: (1.0, 2.0))
    monkeypatch.setattr(alternatives, "_with_wider_mask", lambda *_: without_satellites)
    for other_resolution in ("best_resolution", "excluded_resolution"):
        monkeypatch.setattr(alternatives, other_resolution, lambda *_: None)
    pattern: Any = None
    found = alternatives.fit_best(pattern, {}, setup)
    assert found is (without_satellites if masked else crystals)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"fix": {"f_B": 0.9}}, {"bounds": {"N_B": (100.0, 140.0)}}])
def test_options_may_name_parameters_of_layers(measured: slxrd.Pattern, options: Any) -> None:
    """Equal crystals and films, which do not have them, are not compared then."""
    fit = slxrd.fit(measured, budget=1.0, **options)
    assert fit.stack.stack == "alternating"
    for name, given in options.get("fix", {}).items():
        assert fit.minima[0].values[name] == given
    for name, (low, high) in options.get("bounds", {}).items():
        assert low <= fit.minima[0].values[name] <= high


def test_without_a_substrate_the_gap_has_a_value() -> None:
    """The search without a substrate needs it, and has no order of layers."""
    options = slxrd.diagnose(superlattice(5, seed=1)).proposal.options
    assert options["stack"] == "alternating"
    assert set(options["fix"]) == {"L", "sigma_L"}
    assert "tie" not in options


@pytest.mark.slow
def test_a_measured_superlattice(measured: slxrd.Pattern) -> None:
    """The owners found layers of 74.1 and 180.5 Å; the thickness is that between the outer planes."""
    fit = slxrd.fit(measured, budget=120.0)
    assert fit.assessment is not None
    assert fit.assessment.grade == "systematic"
    assert "beside the peak of the substrate is rejected" in fit.assessment.replaced
    assert "Changed: the fit with the satellites" in str(fit)
    for name, value, largest in (("period", 254.6, 4.0), ("thickness", 74.1 - 1.46, 8.0)):
        estimate = fit.derived[name]
        assert estimate.error is not None
        assert estimate.error < largest
        assert estimate.value == pytest.approx(value, abs=2.0 * estimate.error)
