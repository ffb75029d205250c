"""Spoilt binary files: read as a sound pattern, or refused in one clear line."""

import functools
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slxrd.errors import FileError
from slxrd.io.registry import read_scans as scans

DATA = Path(__file__).parents[1] / "files"
fuzz = settings(max_examples=300, deadline=1000, suppress_health_check=[HealthCheck.too_slow], database=None)

NAMES = ["xrr003.raw", "xrr003v1.raw", "xrr003.rd", "xrr003.sd", "xrdpattern_bruker.raw", "stoe.raw"]
MARKS = [b"RAW ", b"RAW2", b"RAW1.01\0", b"RAW4.00\0", b"V3RD", b"V5RD", b"RAW_1.06", b"RAW_1.05"]
OPTIONS = st.sampled_from([{}, {"wavelength": "CuKa"}])
#: Where headers stand, and where the first counts of these files are.
PLACES = st.one_of(st.integers(0, 1100), st.integers(1900, 2600), st.integers(7600, 8400))
NUMBERS = st.one_of(
    st.integers(0, 2**32 - 1).map(lambda value: struct.pack("<I", value)),
    st.integers(0, 300).map(lambda value: struct.pack("<I", value)),
    st.integers(-(2**15), 2**15 - 1).map(lambda value: struct.pack("<h", value)),
    st.floats(width=32).map(lambda value: struct.pack("<f", value)),
    st.floats().map(lambda value: struct.pack("<d", value)),
    st.binary(max_size=9),
)


@functools.cache
def sound(name: str) -> bytes:
    return (DATA / name).read_bytes()


def read_or_refused(data: bytes, **options: Any) -> int:
    """Read all scans of a file and give how many were read."""
    read = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan"
        path.write_bytes(data)
        try:
            found = scans(path, **options)
        except FileError as error:
            found = [error]
    for pattern in found:
        if isinstance(pattern, FileError):
            assert "\n" not in str(pattern)
            assert len(str(pattern)) < 500
        else:
            assert np.all(np.isfinite(pattern.intensity))
            assert np.all(np.diff(pattern.x) > 0.0)
            assert 0.0 < pattern.x[0] < pattern.x[-1] < 180.0
            # At least two bytes a point stand in the file.
            assert 2 * len(pattern) <= len(data)
            assert pattern.per_count is None or np.all(pattern.intensity >= 0.0)
            read += 1
    return read


@fuzz
@given(mark=st.sampled_from(MARKS), rest=st.binary(max_size=2000), zeros=st.integers(0, 900), options=OPTIONS)
def test_random_bytes_behind_a_mark(mark: bytes, rest: bytes, zeros: int, options: dict[str, Any]) -> None:
    read_or_refused(mark + bytes(zeros) + rest, **options)


@pytest.mark.parametrize("name", NAMES)
@fuzz
@given(where=PLACES, put=NUMBERS, options=OPTIONS)
def test_spoilt(name: str, where: int, put: bytes, options: dict[str, Any]) -> None:
    data = sound(name)
    read_or_refused(data[:where] + put + data[where + len(put) :], **options)


@pytest.mark.parametrize("name", NAMES)
@fuzz
@given(where=PLACES, length=st.integers(1, 40), put=st.binary(max_size=40), options=OPTIONS)
def test_shifted(name: str, where: int, length: int, put: bytes, options: dict[str, Any]) -> None:
    data = sound(name)
    read_or_refused(data[:where] + put + data[where + length :], **options)


@pytest.mark.parametrize("name", NAMES)
@settings(fuzz, max_examples=100)
@given(where=st.floats(0.0, 1.0, exclude_max=True))
def test_truncated_files_are_never_read(name: str, where: float) -> None:
    data = sound(name)
    cut = data[: int(where * len(data))]
    # Zeros at the end are as good as their absence only where nothing but padding is cut.
    if cut.rstrip(b"\0"):
        assert read_or_refused(cut, wavelength="CuKa") == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_sound_files_are_sound(name: str) -> None:
    assert read_or_refused(sound(name), wavelength="CuKa") == 1


def test_a_large_file_of_nothing_is_refused_at_once() -> None:
    for mark in MARKS:
        assert read_or_refused(mark + bytes(20_000_000)) == 0
