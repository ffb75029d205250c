"""Generated files: good ones come back as the numbers written, bad ones as one clear error."""

import functools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.io import read

DATA = Path(__file__).parents[1] / "files"
fuzz = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)

#: Separator and decimal mark, such that the layout is beyond doubt.
LAYOUTS = [(s, d) for s in (" ", "  ", "\t", ";", "; ", " \t ") for d in ".,"] + [(",", "."), (", ", ".")]
HEADERS = [
    "",
    "q I{sigma}\n",
    "# q (Å⁻¹), I{sigma}\n",
    "; a remark\n\n! another\n",
    "Sample 12\nmeasured twice\n\n",
]
NUMBERS = ["{:.6f}", "{:.5e}", "{:.4E}", "{:+.3f}", "{:#.9g}"]


def read_bytes(data: bytes, **options: Any) -> Pattern:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan"
        path.write_bytes(data)
        return read(path, **options)


@fuzz
@given(
    steps=st.lists(st.integers(1, 400), min_size=5, max_size=20),
    values=st.lists(st.floats(-1e6, 1e9), min_size=20, max_size=20),
    sigma=st.booleans(),
    layout=st.sampled_from(LAYOUTS),
    header=st.sampled_from(HEADERS),
    form=st.sampled_from(NUMBERS),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    order=st.randoms(use_true_random=False),
    tail=st.sampled_from(["", "\n", "\n\n# end\n", "\n!\n\n"]),
)
def test_good_text_comes_back(
    steps: list[int],
    values: list[float],
    sigma: bool,
    layout: tuple[str, str],
    header: str,
    form: str,
    end: str,
    encoding: str,
    order: Any,
    tail: str,
) -> None:
    separator, decimal = layout
    rows = []
    for x, value in zip(np.cumsum(steps) / 1000.0, values, strict=False):
        fields = [f"{x:.3f}", form.format(value), *(["0.25"] if sigma else [])]
        rows.append(fields)
    written = [[float(field) for field in row] for row in rows]
    order.shuffle(rows)
    text = header.format(sigma=", sigma" if sigma else "") + "\n".join(
        separator.join(row).replace(".", decimal) if decimal == "," else separator.join(row) for row in rows
    )
    pattern = read_bytes((text + tail).replace("\n", end).encode(encoding), axis="q")
    assert pattern.x.tolist() == [row[0] for row in written]
    assert pattern.intensity.tolist() == [row[1] for row in written]
    assert (pattern.sigma is not None) == sigma
    if pattern.sigma is not None:
        assert pattern.sigma.tolist() == [0.25] * len(rows)


def reads_or_says_why(data: bytes, **options: Any) -> None:
    message = ""
    try:
        pattern = read_bytes(data, **options)
    except SlxrdError as error:
        message = str(error)
        assert message
    else:
        assert np.all(np.isfinite(pattern.intensity))
        assert np.all(np.diff(pattern.x) > 0.0)
    assert "\n" not in message
    assert len(message) < 400


OPTIONS = st.sampled_from([{}, {"axis": "q"}, {"axis": "2theta", "wavelength": 1.54}, {"trust_axis": True}])


@fuzz
@given(data=st.binary(max_size=300), options=OPTIONS)
def test_random_bytes(data: bytes, options: dict[str, Any]) -> None:
    reads_or_says_why(data, **options)


@fuzz
@given(text=st.text(alphabet="0123456789.,;+-eEdD \t\n\r#x\x1a\u00a0θ²", max_size=300), options=OPTIONS)
def test_random_numbers(text: str, options: dict[str, Any]) -> None:
    reads_or_says_why(text.encode(), **options)


@functools.cache
def sound_text() -> bytes:
    return b"# q I\n" + b"".join(f"{i / 10:.2f} {i * i:.1f}\n".encode() for i in range(1, 30))


@functools.cache
def sound_xml() -> bytes:
    return (DATA / "H1202_o2t_fine_002.xrdml").read_bytes()


def spoilt(data: bytes, where: float, length: int, put: bytes) -> bytes:
    start = int(where * len(data))
    return data[:start] + put + data[start + length :]


PLACES = st.floats(0.0, 1.0)
WORDS = st.one_of(
    st.binary(max_size=4),
    st.sampled_from(
        [
            b"nan",
            b" 1e999 ",
            b"\x00",
            b"<",
            b"</scan>",
            b"<scan/>",
            b'intended="K-Alpha 2"',
            b'unit="9**9**9"',
            b"&lt;",
            b"&x;",
            b"-",
            b",",
            b";",
            b"\n",
            b"\xff\xfe",
        ]
    ),
)


@fuzz
@given(where=PLACES, length=st.integers(0, 40), put=WORDS)
def test_spoilt_text(where: float, length: int, put: bytes) -> None:
    reads_or_says_why(spoilt(sound_text(), where, length, put))


@fuzz
@given(where=PLACES, length=st.integers(0, 200), put=WORDS)
def test_spoilt_xml(where: float, length: int, put: bytes) -> None:
    reads_or_says_why(spoilt(sound_xml(), where, length, put))


@fuzz
@given(where=PLACES)
def test_truncated_xml_is_never_read(where: float) -> None:
    data = sound_xml().rstrip()
    cut = data[: int(where * (len(data) - 1))]
    try:
        read_bytes(cut)
    except SlxrdError:
        return
    raise AssertionError("a truncated file was read")


def test_the_sound_files_are_sound() -> None:
    assert read_bytes(sound_text()).intensity[2] == 9.0
    assert len(read_bytes(sound_xml())) == 299
