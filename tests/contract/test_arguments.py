"""Wrong arguments of public functions end in one sentence; arrays of all kinds are accepted."""

import contextlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from right_arguments import TRUTH, Base
from tests.helpers import misuse

import slxrd
from slxrd._arguments import check_arguments, real_array
from slxrd.fitting.request.declaration import checked, fit_options

Q = np.array([1.0, 1.1, 1.2])

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, 1 + 2j, b"film", object(), len, int, Path("film.csv"), np.array(["a", "b"])])
    | st.floats()
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(name=st.sampled_from(sorted(fit_options())), value=VALUES)
def test_options_of_a_fit_are_accepted_or_refused_in_a_sentence(name: str, value: Any) -> None:
    """The one record of the options checks every value."""
    with contextlib.suppress(slxrd.SlxrdError):
        checked(fit_options()[name], value)


@pytest.fixture(scope="module")
def all_calls(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    base = Base(tmp_path_factory.mktemp("misuse"), fitted=False)
    slow = ("fit_map", "plan", "subtract_background", "disorder_from_fringes", "decompose")
    return [call for call in misuse.calls(base) if call[0] not in slow]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@settings(deadline=None, max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_public_function_ends_in_a_bare_exception(data: st.DataObject, all_calls: list[Any]) -> None:
    name, key, what, call = all_calls[data.draw(st.integers(0, len(all_calls) - 1))]
    assert misuse.outcome(call) in ("answer", "SlxrdError"), f"{name}({key} = {what})"


def assert_makes_the_pattern(column: Any) -> None:
    assert slxrd.Pattern(Q, column).intensity.tolist() == [3.0, 2.0, 1.0]
    assert real_array(column, "values").ravel().tolist() == [3.0, 2.0, 1.0]


@pytest.mark.parametrize(
    "column", [np.array([3, 2, 1], dtype=object), np.ma.masked_array([3.0, 2.0, 1.0]), [3, 2, 1]]
)
def test_arrays_of_all_kinds_make_the_same_pattern(column: Any) -> None:
    assert_makes_the_pattern(column)


@pytest.mark.parametrize(
    ("kind", "content", "options"),
    [
        ("Series", [3.0, 2.0, 1.0], {}),
        ("Series", [3, 2, 1], {"dtype": "Int64"}),
        ("DataFrame", {"intensity": [3.0, 2.0, 1.0]}, {}),
    ],
)
def test_columns_of_pandas_make_the_same_pattern(kind: str, content: Any, options: dict[str, str]) -> None:
    pandas = pytest.importorskip("pandas")
    assert_makes_the_pattern(getattr(pandas, kind)(content, **options))


@pytest.mark.parametrize("which", ["x", "intensity", "sigma"])
def test_masked_points_are_left_out(which: str) -> None:
    columns: dict[str, Any] = {"x": Q, "intensity": np.ones(3), "sigma": np.ones(3)}
    columns[which] = np.ma.masked_array(columns[which], [False, True, False])
    assert slxrd.Pattern(**columns).mask.tolist() == [False, True, False]
    assert slxrd.Pattern(**columns, mask=[True, False, False]).mask.tolist() == [True, True, False]


def test_a_masked_point_needs_a_finite_value() -> None:
    with pytest.raises(slxrd.SlxrdError, match="intensity is not finite at point 2; remove"):
        slxrd.Pattern(Q, np.ma.masked_invalid([1.0, np.nan, 1.0]))


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (np.array([1.0, 2.0j]), "complex numbers"),
        (np.array(["1", "2"]), "texts"),
        ([["1"], ["2"]], "texts"),
        ([True, False], "truth values"),
        ([[1.0], [1.0, 2.0]], "rows of one length"),
        (np.ma.masked_array([1.0, 2.0], [True, False]), "are masked"),
    ],
)
def test_other_arrays_are_refused(values: Any, what: str) -> None:
    with pytest.raises(slxrd.SlxrdError, match=what):
        slxrd.simulate(values, {})


def test_a_file_instead_of_a_pattern_is_refused_with_the_way_to_read_it() -> None:
    with pytest.raises(slxrd.SlxrdError, match=r"slxrd\.fit\(slxrd\.read\('film\.csv'\)\)"):
        slxrd.fit("film.csv")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: slxrd.read("a\0b"), "path: is not a valid path"),
        (lambda: slxrd.read_resolution(Path("a\0b")), "path: is not a valid path"),
        (lambda: slxrd.fit_directions([()]), "cuts: expected a list"),  # type: ignore[list-item]
        (lambda: slxrd.fit_map(Q, [[1.0], [1.0, 2.0]]), "intensity: expected real numbers, in rows"),
        (lambda: slxrd.MaskCircle(1.0, 1.0, "wide"), "radius: expected a number"),  # type: ignore[arg-type]
        (lambda: slxrd.MaskCircle(float("nan"), 1.0, 2.0), "the centre must be finite"),
        (lambda: slxrd.MaskRectangle(None, 1.0, 2.0, 3.0), "row_min: expected"),  # type: ignore[arg-type]
        (lambda: slxrd.simulate(Q, TRUTH, resolution=5e-324), "auxiliary points"),
        (lambda: slxrd.simulate(Q, {**TRUTH, "sigma_L": 1e308}), "too long to calculate with"),
        (
            lambda: slxrd.fringe_visibility(
                slxrd.Pattern(Q, Q, sigma=Q), slxrd.Region(1.0, 1.2), slxrd.Instrument(), 0
            ),
            "M must be a whole number",
        ),
        (lambda: slxrd.histogram_matrix({"L": np.array([0.0, 1.0, 1e308])}), "too large to be drawn"),
        (lambda: slxrd.histogram_matrix({"L": Q}, truth={"L": float("nan")}), "L = nan is not finite"),
    ],
)
def test_values_from_which_nothing_can_be_calculated_are_refused(
    call: Callable[[], object], why: str
) -> None:
    with pytest.raises(slxrd.SlxrdError, match=why):
        call()


def test_a_message_is_one_line_whatever_a_name_contains() -> None:
    with pytest.raises(slxrd.SlxrdError, match=r"a\\u000ab: "):
        slxrd.Pattern(Q, [1.0], source="a\nb")


@pytest.mark.parametrize(
    ("value", "accepted"),
    [(3, True), (3.0, True), (np.int64(3), True), (3.5, False), (True, False), ("3", False)],
)
def test_whole_numbers(value: Any, accepted: bool) -> None:
    @check_arguments
    def called(n: int) -> int:
        return n

    if accepted:
        assert json.dumps(called(value)) == "3"
    else:
        with pytest.raises(slxrd.SlxrdError, match="n: expected a whole number, got"):
            called(value)


def test_a_mapping_is_a_list_of_its_names_only_where_anything_can_be_iterated() -> None:
    """As the temperatures of a series, for which its patterns are given by temperature."""

    def iterated(values: Iterable[float]) -> list[float]:
        return list(values)

    def listed(values: Sequence[float]) -> list[float]:
        return list(values)

    assert check_arguments(iterated)({25.0: "a", 50.0: "b"}) == [25.0, 50.0]
    with pytest.raises(slxrd.SlxrdError, match="values: expected a list, each a number, got dict"):
        check_arguments(listed)({25.0: "a"})
