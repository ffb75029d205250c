"""Spoilt and random files of the text formats: a sound pattern or one clear error, and quickly."""

import functools
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.io.registry import read_scans

DATA = Path(__file__).parents[1] / "files"
fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)

RAS = (
    b'*RAS_DATA_START\r\n*RAS_HEADER_START\r\n*MEAS_SCAN_AXIS_X_INTERNAL "TwoTheta"\r\n'
    b'*HW_XG_WAVE_LENGTH_ALPHA1 "1.540593"\r\n*HW_XG_WAVE_LENGTH_ALPHA2 "1.544414"\r\n'
    b'*MEAS_COND_XG_WAVE_TYPE "Ka"\r\n*MEAS_SCAN_SPEED "0.6"\r\n*MEAS_SCAN_SPEED_UNIT "deg/min"\r\n'
    b'*MEAS_SCAN_STEP "0.02"\r\n*MEAS_SCAN_UNIT_Y "cps"\r\n*MEAS_DATA_COUNT "20"\r\n*RAS_HEADER_END\r\n'
    b"*RAS_INT_START\r\n"
    + b"".join(f"{10 + i * 0.02:.4f} {i * 0.5:.4f} {1 + i // 10:.4f}\r\n".encode() for i in range(20))
    + b"*RAS_INT_END\r\n*RAS_DATA_END\r\n"
)
PACKED = (
    b"##TITLE=x\n##JCAMP-DX=4.24\n##XUNITS=2THETA\n##YUNITS=COUNTS\n##XFACTOR=0.01\n##YFACTOR=1\n"
    b"##FIRSTX=20.00\n##LASTX=20.18\n##NPOINTS=10\n##XYDATA=(X++(Y..Y))\n2000@P%TN\n2008A2k%J13%j19\n2018D\n##END=\n"
)
NAMES = ["xrr003.x00", "xrr003.uxd", "xrr003.udf", "xrr003.rig", "test.jdx", "ras", "packed"]


@functools.cache
def sound(name: str) -> bytes:
    """A file of the format, cut down where it is long, since what is tested is near its header or end."""
    made = {"ras": RAS, "packed": PACKED}
    return made[name] if name in made else (DATA / name).read_bytes()


def reads_or_says_why(data: bytes, **options: Any) -> list[Pattern]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan"
        path.write_bytes(data)
        try:
            found = read_scans(path, **({"wavelength": "CuKa"} | options))
        except SlxrdError as error:
            found = [error]  # type: ignore[list-item]
    for one in found:
        if isinstance(one, Pattern):
            assert np.all(np.isfinite(one.intensity))
            assert np.all(np.diff(one.x) > 0.0)
        else:
            assert "\n" not in str(one)
            assert len(str(one)) < 400
    return [one for one in found if isinstance(one, Pattern)]


@pytest.mark.parametrize("name", NAMES)
def test_the_sound_files_are_sound(name: str) -> None:
    (pattern,) = reads_or_says_why(sound(name))
    assert pattern.axis == "2theta"


WORDS = st.one_of(
    st.binary(max_size=4),
    st.sampled_from(
        [
            b"nan",
            b" 1e999 ",
            b"-1",
            b"0",
            b"\x00",
            b"\n",
            b",",
            b"/",
            b"=",
            b'"',
            b"*",
            b"_",
            b"##",
            b"\xff\xfe",
        ]
    ),
    st.sampled_from(
        [b"*RAS_INT_START\n", b"_COUNTS\n", b"*BEGIN\n", b"*END\n", b"##END=\n", b"RawScan\n", b"Z99999999"]
    ),
)


@fuzz
@given(
    name=st.sampled_from(NAMES),
    where=st.floats(0.0, 1.0),
    near_the_header=st.booleans(),
    length=st.integers(0, 60),
    put=WORDS,
)
def test_spoilt(name: str, where: float, near_the_header: bool, length: int, put: bytes) -> None:
    data = sound(name)
    start = int(where * (min(len(data), 2500) if near_the_header else len(data)))
    reads_or_says_why(data[:start] + put + data[start + length :])


@fuzz
@given(name=st.sampled_from(NAMES), where=st.floats(0.0, 1.0))
def test_truncated(name: str, where: float) -> None:
    data = sound(name).rstrip()
    cut = data[: int(where * (len(data) - 30))]  # further on a scan may be complete
    found = reads_or_says_why(cut)
    if name != "xrr003.uxd":  # it tells neither its length nor its end
        assert found == []


BEGINNINGS = [
    b"HR-XRDScan\n",
    b"_FILEVERSION=2\n_DRIVE='COUPLED'\n_COUNTS\n",
    b"SampleIdent,x,/\nDataAngleRange,1,2,/\nScanStepSize,0.1,/\nRawScan\n",
    b"*TYPE = Raw\n*SCAN_AXIS = 2theta\n*BEGIN\n",
    b'*RAS_DATA_START\n*MEAS_SCAN_AXIS_X "2theta"\n*RAS_INT_START\n',
    b"##TITLE=x\n##XUNITS=2THETA\n##NPOINTS=9\n##FIRSTX=1\n##LASTX=2\n##XYDATA=(X++(Y..Y))\n",
    b'*FILE_SAMPLE "x"\n*MEAS_SCAN_AXIS_X "2theta"\n*MEAS_SCAN_STOP "9"\n*MEAS_SCAN_STEP "1"\n',
    b"BANK 1 6 6 CONS 1000.0 2.0 0 0 FXYE\n",
]


@fuzz
@given(
    start=st.sampled_from(BEGINNINGS), rest=st.binary(max_size=200) | st.text(max_size=200).map(str.encode)
)
def test_random_rests(start: bytes, rest: bytes) -> None:
    reads_or_says_why(start + rest)


COLUMNS = st.sampled_from(["1,2", "1,3,2", "a,b", "q=2,intensity=1", "99,1"])


@fuzz
@given(
    text=st.text(alphabet='0123456789.,;+-eE \t\nab#"\x1a', max_size=300),
    columns=COLUMNS,
)
def test_random_columns(text: str, columns: str) -> None:
    reads_or_says_why(b"a b c\n" + text.encode(), columns=columns)


@fuzz
@given(columns=st.text(alphabet="0123456789=,q2thetaintensityσ -\n", max_size=30) | st.text(max_size=30))
def test_random_choices(columns: str) -> None:
    reads_or_says_why(b"q I\n1 2\n2 3\n3 4\n4 5\n5 6\n", columns=columns)


@pytest.mark.parametrize("start", BEGINNINGS)
def test_large_rubbish_is_refused_quickly(start: bytes) -> None:
    started = time.process_time()
    for rubbish in (b"1 " * 200_000, b"x\n" * 200_000, b"Z9" * 200_000, b"@" * 400_000, b"\x00" * 400_000):
        assert reads_or_says_why(start + rubbish) == []
    assert time.process_time() - started < 10.0  # some 1 s on an idle machine
