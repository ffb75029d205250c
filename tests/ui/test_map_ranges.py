"""The ranges that a map of χ² prints are those of its contours."""

import numpy as np

from slxrd.ui.followup.maps import _runs

X = np.linspace(-2.0, 2.0, 9)


def test_ends_are_where_the_contour_crosses() -> None:
    assert _runs(X, np.abs(X) * 4.0, 3.0) == "-0.75 to 0.75"


def test_a_range_that_reaches_the_end_of_the_map_says_so() -> None:
    assert _runs(X, X + 2.0, 1.25) == "≤ -2.00 to -0.75"
    missing = np.where(X > 1.0, np.inf, 0.0)
    assert _runs(X, missing, 1.0) == "≤ -2.00 to ≥ 1.50"


def test_several_ranges() -> None:
    assert _runs(X, np.abs(np.abs(X) - 1.0), 0.25) == "-1.250 to -0.750 or 0.750 to 1.250"
