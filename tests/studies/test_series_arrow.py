"""Normal equations in the shape of an arrow, against the same written out as dense matrices."""

import numpy as np
import pytest

from slxrd.studies.series.joint.arrowhead import Arrow

N, COMMON = 11, 3


def given(seed: int) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Columns, H and S of four patterns with two unknowns each and one, two or three of the common ones."""
    random = np.random.default_rng(seed)
    columns = [
        np.array(sorted([*range(k % COMMON + 1), COMMON + 2 * k, COMMON + 2 * k + 1]), dtype=np.int64)[::-1]
        for k in range(4)
    ]
    H, S = [], []
    for places in columns:
        for out in (H, S):
            half = random.normal(size=(9, places.size)) * 10.0 ** random.uniform(-3, 3, places.size)
            out.append(half.T @ half)
    return columns, H, S


def dense(columns: list[np.ndarray], blocks: list[np.ndarray]) -> np.ndarray:
    whole = np.zeros((N, N))
    for places, block in zip(columns, blocks, strict=True):
        whole[np.ix_(places, places)] += block
    return whole


@pytest.mark.parametrize("left_out", [(), (1,), (4, 5), (0, 7, 10)])
def test_it_is_the_dense_matrix(left_out: tuple[int, ...]) -> None:
    columns, H, S = given(len(left_out))
    kept = np.ones(N, dtype=bool)
    kept[list(left_out)] = False
    at = np.ix_(kept, kept)
    arrow = Arrow(columns, H, COMMON, kept)
    inverse = np.zeros((N, N))
    inverse[at] = np.linalg.inv(dense(columns, H)[at])
    right = np.random.default_rng(7).normal(size=N) * np.sqrt(np.diag(dense(columns, H)))
    scale = np.sqrt(np.diag(dense(columns, H)))
    assert scale * arrow.solve(right) == pytest.approx(scale * (inverse @ right), rel=1e-7, abs=1e-7)
    assert arrow.log_determinant == pytest.approx(np.linalg.slogdet(dense(columns, H)[at])[1], abs=1e-7)
    assert arrow.trace_with(S) == pytest.approx(np.trace(inverse @ dense(columns, S)), rel=1e-7)
    whole = inverse @ dense(columns, S) @ inverse
    for places, block in zip(columns, arrow.sandwich(S), strict=True):
        known = kept[places]
        assert np.isnan(block[~known]).all()
        expected = whole[np.ix_(places[known], places[known])]
        size = np.sqrt(np.diag(expected))
        assert block[np.ix_(known, known)] / np.outer(size, size) == pytest.approx(
            expected / np.outer(size, size), rel=1e-6, abs=1e-6
        )


def test_damping_is_added_to_the_diagonal() -> None:
    columns, H, _ = given(3)
    whole = dense(columns, H)
    whole += 0.5 * np.diag(np.diag(whole))
    right = np.sqrt(np.diag(whole))
    found = Arrow(columns, H, COMMON, np.ones(N, dtype=bool), 0.5).solve(right)
    assert right * found == pytest.approx(right * np.linalg.solve(whole, right), rel=1e-7)


def test_what_is_flat_is_said() -> None:
    """An unknown of which a common one takes the place: neither is known, and the others are."""
    columns = [np.array([0, 1, 2]), np.array([0, 3])]
    H = [np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), np.diag([0.0, 2.0])]
    assert Arrow(columns, H, 1, np.ones(4, dtype=bool)).flat().tolist() == [True, True, False, False]
    H[1][0, 0] = 0.5  # the other pattern determines the common one, and so both
    arrow = Arrow(columns, H, 1, np.ones(4, dtype=bool))
    assert not arrow.flat().any()
    assert arrow.sandwich(H)[1] == pytest.approx(np.diag([2.0, 0.5]))
