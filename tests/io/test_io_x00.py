import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError
from slxrd.io import read

DATA = Path(__file__).parents[1] / "files"


@pytest.fixture
def read_x00(tmp_path: Path) -> Callable[..., Pattern]:
    def reading(rates: list[str], **changes: str) -> Pattern:
        header = {
            "Sample": "a film",
            "Wavelength": "1.540560",
            "Omega": "20.0",
            "TwoTheta": "40.0",
            "ScanAxis": "Omega/2Theta",
            "FirstAngle": "19.90000",
            "StepWidth": "0.05000",
            "TimePerStep": "4.00",
            "NrOfData": str(len(rates)),
        } | changes
        lines = [
            "HR-XRDScan",
            *(f"{key}, {value}" for key, value in header.items() if value),
            "ScanData",
            *rates,
        ]
        path = tmp_path / "scan.x00"
        path.write_text("\r\n".join(lines) + "\r\n")
        return read(path)

    return reading


RATES = ["0.2500", "1.5000", "100.7500", "3.0000", "0.0000"]


def test_omega_becomes_two_theta_and_rates_become_counts(read_x00: Callable[..., Pattern]) -> None:
    pattern = read_x00(RATES)
    np.testing.assert_allclose(pattern.x, [39.8, 39.9, 40.0, 40.1, 40.2], atol=1e-12)
    assert pattern.intensity.tolist() == [1, 6, 403, 12, 0]
    assert pattern.per_count is not None
    assert set(pattern.per_count) == {1.0}
    assert (pattern.wavelength, pattern.second_line) == (1.54056, None)
    assert pattern.metadata["format"] == "Philips .x00"
    assert pattern.metadata["title"] == "a film"
    assert pattern.metadata["counting time (s)"] == 4.0
    assert [str(step) for step in pattern.history] == [
        "2θ = 2ω (2θ − 2ω in the header (°) = 0)",
        "rates to counts (counting time (s) = 4)",
    ]


@pytest.mark.parametrize("axis", ["2Theta/Omega", "2Theta"])
def test_an_axis_of_two_theta_is_kept(read_x00: Callable[..., Pattern], axis: str) -> None:
    pattern = read_x00(RATES, ScanAxis=axis, TwoTheta="", Omega="")
    np.testing.assert_allclose(pattern.x, [19.9, 19.95, 20.0, 20.05, 20.1], atol=1e-12)
    assert [step.name for step in pattern.history] == ["rates to counts"]


def test_rates_printed_with_four_digits_are_whole_counts(read_x00: Callable[..., Pattern]) -> None:
    # 1/3, 2/3 and, in single precision, 442726/3 counts per second.
    pattern = read_x00(["0.3333", "0.6667", "147575.3281", "1.0000", "0.0000"], TimePerStep="3.00")
    assert pattern.intensity.tolist() == [1, 2, 442726, 3, 0]


@pytest.mark.parametrize(
    ("rates", "because"),
    [
        (["0.3000", "0.7000", "0.1000", "1.0000", "0.0000"], "rate × counting time is not whole"),
        (["3.0000", "1.0000", "7.0000", "5.0000", "0.0000"], "all are whole, as counts are"),
    ],
)
def test_rates_that_their_time_does_not_explain(
    read_x00: Callable[..., Pattern], rates: list[str], because: str
) -> None:
    pattern = read_x00(rates)
    assert pattern.intensity.tolist() == [float(rate) for rate in rates]
    assert pattern.per_count is None
    assert because in str(pattern.history[-1])


def test_whole_rates_of_a_second_are_counts(read_x00: Callable[..., Pattern]) -> None:
    pattern = read_x00(["3.0000", "1.0000", "7.0000", "5.0000", "0.0000"], TimePerStep="1.00")
    assert pattern.intensity.tolist() == [3, 1, 7, 5, 0]
    assert pattern.per_count is not None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"NrOfData": "6"}, "claims 6 points but has 5; copy or export it again"),
        ({"NrOfData": ""}, "has no NrOfData"),
        ({"NrOfData": "many"}, "NrOfData is 'many', not a number"),
        ({"ScanAxis": "Omega"}, "is a scan of 'Omega': 2θ does not move"),
        ({"ScanAxis": "Phi"}, "is a scan of 'Phi': 2θ does not move"),
        ({"StepWidth": "0"}, "its step is 0"),
        ({"StepWidth": "1e300"}, "StepWidth is '1e300', not a number"),
        ({"TimePerStep": "-2"}, "TimePerStep is -2 s, which is not a counting time"),
        ({"TwoTheta": "50"}, "2θ and 2ω differ by 10° .*along the normal of the film"),
        ({"FirstAngle": "95"}, "5 of 5 points .*2θ not between 0 and 180°: point 1, 2, 3, 4, 5"),
        ({"Wavelength": ""}, "does not give the wavelength: use --wavelength"),
    ],
)
def test_refused(read_x00: Callable[..., Pattern], changes: dict[str, str], message: str) -> None:
    with pytest.raises(FileError, match=message) as caught:
        read_x00(RATES, **changes)
    assert "\n" not in str(caught.value)


def test_broken_rates(read_x00: Callable[..., Pattern]) -> None:
    with pytest.raises(FileError, match=r"line 12: the intensity is 'x', not a number"):
        read_x00(["x", *RATES])
    pattern = read_x00(["nan", *RATES])
    np.testing.assert_allclose(pattern.x, [39.9, 40.0, 40.1, 40.2, 40.3])
    assert pattern.intensity.tolist() == [1, 6, 403, 12, 0]
    assert pattern.per_count is not None
    assert "intensity not a number = point 1" in str(pattern.history[-1])


@pytest.mark.parametrize("before", ["my note\n\n", "# 2 of 3\n; x\n", "* a, b\n\n\n", "1.5\n"])
def test_notes_before_the_first_line(tmp_path: Path, before: str) -> None:
    text = (DATA / "Petri_InGaAs_SL_comp2.x00").read_text()
    (tmp_path / "noted.x00").write_text(before + text)
    noted, plain = read(tmp_path / "noted.x00"), read(DATA / "Petri_InGaAs_SL_comp2.x00")
    np.testing.assert_array_equal(noted.x, plain.x)
    np.testing.assert_array_equal(noted.intensity, plain.intensity)
    assert noted.history == plain.history


def test_options_for_text_are_refused(tmp_path: Path) -> None:
    path = DATA / "xrr003.x00"
    for options, message in [
        ({"axis": "q"}, "leave --axis out"),
        ({"columns": "1,2"}, "leave --columns out"),
    ]:
        wrong: Any = options
        with pytest.raises(FileError, match=message):
            read(path, **wrong)


@pytest.mark.parametrize(
    ("name", "off"),
    [
        ("InGaAs_SL_68_re_m002", 0.002),
        ("Petri_InGaAs_SL_comp2", -0.008),
        ("Petri_GaAsP_bulk_003", -0.098),  # misaligned: its header's own 2θ is farther off, by -0.148°
    ],
)
def test_substrate_stands_where_gallium_arsenide_does(name: str, off: float) -> None:
    pattern = read(DATA / f"{name}.x00")
    at = int(np.argmax(pattern.intensity))
    near = slice(at - 6, at + 7)
    found = float(np.average(pattern.x[near], weights=pattern.intensity[near]))
    expected = 2.0 * math.degrees(math.asin(1.54056 * 4.0 / (2.0 * 5.6533)))  # 004 of a = 5.6533 Å
    assert found - expected == pytest.approx(off, abs=0.001)


@pytest.mark.slow
def test_truncated_anywhere(tmp_path: Path) -> None:
    data = (DATA / "InGaAs_SL_68_re_m002.x00").read_bytes().rstrip()
    whole = re.split(rb"\r\n", data)
    path = tmp_path / "cut.x00"
    for size in range(0, len(data) - len(whole[-1]), 97):
        path.write_bytes(data[:size] or b" ")
        with pytest.raises(FileError):
            read(path)
