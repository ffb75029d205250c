"""Which maxima are taken for the peak of a substrate."""

from __future__ import annotations

from slxrd.fitting.diagnosis.maxima import Maximum
from slxrd.fitting.diagnosis.substrate import find_substrate


def maxima(*rows: tuple[float, float, float]) -> list[Maximum]:
    """Maxima of given q, width and height."""
    return [Maximum(i, q, width, height, 0.0, 100.0, i, i) for i, (q, width, height) in enumerate(rows)]


#: The second order of a noisy simulated stack: a satellite beside weak ones that noise has merged.
SATELLITE = ((2.1264, 0.0894, 253.0), (2.1620, 0.0146, 469.0))


def test_a_satellite_is_no_substrate_where_those_of_another_order_are_as_sharp() -> None:
    assert find_substrate(maxima((1.0602, 0.0170, 839.0), (1.0972, 0.0852, 180.0), *SATELLITE)) is None


def test_orders_of_one_substrate_are_equally_sharp() -> None:
    found = find_substrate(maxima((1.0810, 0.0120, 839.0), (1.0350, 0.0700, 180.0), *SATELLITE))
    assert found is not None
    assert found[1].q in (1.0810, 2.1620)


def test_a_film_elsewhere_does_not_hide_a_substrate() -> None:
    """Its peaks are weaker, or broader."""
    for elsewhere in ((1.5, 0.0170, 100.0), (1.5, 0.0500, 839.0)):
        found = find_substrate(maxima(elsewhere, *SATELLITE))
        assert found is not None
        assert found[1].q == 2.1620
