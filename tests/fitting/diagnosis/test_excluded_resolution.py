"""A given resolution that the sharpest peak of a pattern excludes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from films_on_substrates import film

import slxrd
from slxrd.data.pattern import Pattern
from slxrd.fitting.diagnosis.alternatives import _describes_better
from slxrd.fitting.diagnosis.options import excluded_resolution
from slxrd.fitting.record.read import read_assessment
from slxrd.fitting.record.write import assessment_dictionary
from slxrd.fitting.request.declaration import collect
from slxrd.fitting.result.assessment import Assessment, Misfit

TRUE, GIVEN = 0.00105, 0.0021
MISFIT = Misfit(1.6, 1.7, 9.0, "peak at 1.6–1.7 Å⁻¹ is of another shape than in the model")
SYSTEMATIC = Assessment("systematic", misfit=MISFIT, reduced_chi2=5.0)


def thick_film() -> Pattern:
    """A film whose fringes a resolution of twice the true one would hide."""
    return film(100, 3.77, substrate=3.9013, peak=3e4, sigma=TRUE, half=0.17)


@pytest.mark.parametrize(
    ("before", "after", "better"),
    [
        (Assessment("rejected", misfit=MISFIT, reduced_chi2=179.0), SYSTEMATIC, True),
        (Assessment("systematic", misfit=MISFIT, reduced_chi2=8.7), SYSTEMATIC, True),
        (Assessment("systematic", misfit=MISFIT, reduced_chi2=6.0), SYSTEMATIC, False),
        (Assessment("rejected", reduced_chi2=900.0), Assessment("rejected", reduced_chi2=90.0), False),
    ],
)
def test_the_limit_is_used_where_it_describes_the_pattern_clearly_better(
    before: Assessment, after: Assessment, better: bool
) -> None:
    assert _describes_better(after, before) is better


def test_what_was_replaced_is_in_the_headline_and_is_saved() -> None:
    assessment = replace(SYSTEMATIC, replaced="σ_G = 0.0021 Å⁻¹ was replaced by σ_G = 0.0012 Å⁻¹")
    assert assessment.headline.endswith(f" Changed: {assessment.replaced}.")
    assert assessment.lines[0] == assessment.headline
    plain = assessment_dictionary(assessment)
    assert plain is not None
    assert read_assessment(plain) == assessment
    del plain["replaced"]  # as in files of earlier versions
    assert read_assessment(plain) == SYSTEMATIC


@pytest.mark.slow
def test_the_limit_of_the_sharpest_peak_describes_a_thick_film() -> None:
    """With gaps of one plane distance all planes are on one lattice: a film, no stack of films."""
    pattern = thick_film()
    assert slxrd.diagnose(pattern).proposal.kind == "multilayer"
    limit = excluded_resolution(pattern, collect({"resolution": GIVEN}))
    assert limit is not None
    assert TRUE < limit.sigma < 1.3 * TRUE
    found = slxrd.fit(pattern, resolution=GIVEN, systematics="none", budget=200.0)
    assert found.assessment is not None
    assert found.instrument.sigma_G == pytest.approx(limit.sigma, rel=5e-3)
    assert found.stack.coherent == 1
    assert not any("equal crystals with gaps" in note for note in found.notes)
    first, _, rest = str(found).partition("\n\n")
    said = " ".join(first.split())
    assert f"Changed: σ_G = {GIVEN} Å⁻¹ (--resolution)" in said
    assert f"was replaced by σ_G = {limit.sigma:.3g} Å⁻¹" in said
    assert "larger than the sharpest peak" not in rest
    thickness = found.derived["thickness"]
    assert thickness.value is not None
    assert thickness.error is not None
    assert abs(thickness.value - 99 * 3.77) < 2.0 * thickness.error


@pytest.mark.slow
def test_a_resolution_with_which_the_fit_describes_the_pattern_is_kept() -> None:
    """The fringes of a thin film are the same with both."""
    pattern = film(40, 3.77, substrate=3.9013, peak=3e4, sigma=TRUE, half=0.17)
    assert excluded_resolution(pattern, collect({"resolution": GIVEN})) is not None
    found = slxrd.fit(pattern, resolution=GIVEN, systematics="none")
    assert found.instrument.sigma_G == GIVEN
    assert found.assessment is not None
    assert not found.assessment.replaced
    assert any("larger than the sharpest peak" in note for note in found.notes)
