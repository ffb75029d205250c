"""Tails of distributions, compared with SciPy's."""

import numpy as np
import pytest
from scipy.special import gammaincc, ndtr

from slxrd.fitting.assessment.tails import gamma_tail, normal_probability


@pytest.mark.parametrize("shape", np.geomspace(0.05, 500.0, 9))
def test_gamma_tail(shape):
    multiples = shape * np.geomspace(1e-3, 6.0, 200)
    x = np.concatenate([multiples, [0.0, shape, shape + 1.0, 1e3, 1e6, np.inf, np.nan]])
    expected = gammaincc(shape, x)
    small = expected < 1e-290  # with fewer digits
    np.testing.assert_allclose(gamma_tail(shape, x)[~small], expected[~small], rtol=1e-12, atol=0.0)
    np.testing.assert_allclose(gamma_tail(shape, x)[small], 0.0, atol=1e-289)


def test_normal_probability():
    z = np.linspace(-35.0, 9.0, 500)
    np.testing.assert_allclose(normal_probability(z), ndtr(z), rtol=1e-12, atol=0.0)
