"""Valid files of every format, ways of damaging them, and what must hold of all that is read from them."""

from __future__ import annotations

import functools
import io
import struct
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from openpyxl import Workbook
from small_archives import CHANNEL_CUT, brml_archive, rasx_archive, raw_data

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError, SlxrdError
from slxrd.io.registry import read_scans

DATA = Path(__file__).parents[1] / "files"
#: A message is one line, and no longer.
LONGEST_MESSAGE = 400


@dataclass(frozen=True)
class Valid:
    """A valid file and how it may be damaged.

    Parameters
    ----------
    name : str
        A file of ``tests/files``, or the name of what ``made`` makes.
    made : callable, optional
        Makes the content.
    options : mapping
        Arguments of the reader.
    words : tuple of bytes
        Put into the file at any place, in addition to random bytes.
    places : strategy
        Where the content is changed, as a share of its length or as a number of bytes.
    complete_at : int or None
        A file without more than so many bytes of its end must be refused; None where a shorter file may be
        complete.
    bytes_per_point : int
        Fewer bytes than this cannot hold a point.
    examples : int
        How many times it is damaged in the thorough tests.
    """

    name: str
    made: Callable[[], bytes] | None = None
    options: Mapping[str, Any] = field(default_factory=lambda: {"wavelength": "CuKa"})
    words: tuple[bytes, ...] = ()
    places: st.SearchStrategy[Any] = field(default_factory=lambda: st.floats(0.0, 1.0) | st.integers(0, 2500))
    complete_at: int | None = 1
    bytes_per_point: int = 0
    examples: int = 150

    def __str__(self) -> str:
        return self.name

    @functools.cached_property
    def content(self) -> bytes:
        """The bytes of the valid file."""
        return self.made() if self.made is not None else (DATA / self.name).read_bytes()

    @property
    def is_archive(self) -> bool:
        """Whether it is a ZIP archive, whose members can be damaged."""
        return self.content.startswith(b"PK")


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """One folder of this process: to make and remove one for each file takes longer than to read it."""
    return tempfile.TemporaryDirectory()


def read_or_refused(data: bytes, bytes_per_point: int = 0, **options: Any) -> list[Pattern]:
    """Read all scans of a file; check what is read, and that what is refused is refused in one line."""
    path = Path(_folder().name) / "scan"
    path.unlink(missing_ok=True)  # to write over a file takes ten times as long on some systems
    path.write_bytes(data)
    try:
        found = read_scans(path, **options)
    except SlxrdError as error:
        found = [error]  # type: ignore[list-item]
    patterns = [one for one in found if isinstance(one, Pattern)]
    for pattern in patterns:
        assert np.all(np.isfinite(pattern.intensity))
        assert np.all(np.diff(pattern.x) > 0.0)
        assert 0.0 < pattern.x[0] < pattern.x[-1] < (180.0 if pattern.axis == "2theta" else np.inf)
        assert bytes_per_point * len(pattern) <= len(data)
        assert not bytes_per_point or pattern.per_count is None or np.all(pattern.intensity >= 0.0)
    for error in found:
        if not isinstance(error, Pattern):
            assert isinstance(error, FileError) or "columns" in options
            assert str(error)
            assert "\n" not in str(error)
            assert len(str(error)) < LONGEST_MESSAGE
    return patterns


def replaced(data: bytes, where: float | int, length: int, put: bytes) -> bytes:
    """Replace bytes at a place, given as a share of the length or as a number of bytes."""
    start = int(where * len(data)) if isinstance(where, float) else where
    return data[:start] + put + data[start + length :]


def members(data: bytes) -> list[str]:
    """Names of the texts in an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return sorted(name for name in opened.namelist() if name.endswith((".xml", ".txt", ".rels")))


def with_member(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """An archive with the content of one member changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, change(content) if member == name else content)
    return buffer.getvalue()


def _columns() -> bytes:
    return b"# q I\n" + b"".join(f"{i / 10:.2f} {i * i:.1f}\n".encode() for i in range(1, 30))


def _ras() -> bytes:
    head = (
        b'*RAS_DATA_START\r\n*RAS_HEADER_START\r\n*MEAS_SCAN_AXIS_X_INTERNAL "TwoTheta"\r\n'
        b'*HW_XG_WAVE_LENGTH_ALPHA1 "1.540593"\r\n*HW_XG_WAVE_LENGTH_ALPHA2 "1.544414"\r\n'
        b'*MEAS_COND_XG_WAVE_TYPE "Ka"\r\n*MEAS_SCAN_SPEED "0.6"\r\n*MEAS_SCAN_SPEED_UNIT "deg/min"\r\n'
        b'*MEAS_SCAN_STEP "0.02"\r\n*MEAS_SCAN_UNIT_Y "cps"\r\n*MEAS_DATA_COUNT "20"\r\n*RAS_HEADER_END\r\n'
        b"*RAS_INT_START\r\n"
    )
    rows = (f"{10 + i * 0.02:.4f} {i * 0.5:.4f} {1 + i // 10:.4f}\r\n".encode() for i in range(20))
    return head + b"".join(rows) + b"*RAS_INT_END\r\n*RAS_DATA_END\r\n"


def _packed_jcamp() -> bytes:
    return (
        b"##TITLE=x\n##JCAMP-DX=4.24\n##XUNITS=2THETA\n##YUNITS=COUNTS\n##XFACTOR=0.01\n##YFACTOR=1\n"
        b"##FIRSTX=20.00\n##LASTX=20.18\n##NPOINTS=10\n##XYDATA=(X++(Y..Y))\n"
        b"2000@P%TN\n2008A2k%J13%j19\n2018D\n##END=\n"
    )


def _workbook() -> bytes:
    book, buffer = Workbook(), io.BytesIO()
    for row in [["q", "I"], *([i / 10, float(i * i)] for i in range(1, 12))]:
        book.active.append(row)
    book.save(buffer)
    return buffer.getvalue()


#: Where the headers of binary files are, and where their first counts are.
_HEADERS = st.one_of(st.integers(0, 1100), st.integers(1900, 2600), st.integers(7600, 8400))
_TEXT = (
    b"*RAS_INT_START\n", b"_COUNTS\n", b"*BEGIN\n", b"*END\n", b"##END=\n", b"RawScan\n", b"Z99999999",
)  # fmt: skip
_XML = (
    b"</scan>", b"<scan/>", b'intended="K-Alpha 2"', b'unit="9**9**9"', b"&lt;", b"<Datum/>", b'Start="9"',
    b'Length="0"', b"</Speed>", b'r="9"', b't="s"', b't="d"',
)  # fmt: skip
VALID = (
    *(
        Valid(name, places=_HEADERS, complete_at=0, bytes_per_point=2, examples=300)
        for name in (
            "xrr003.raw",
            "xrr003v1.raw",
            "xrr003.rd",
            "xrr003.sd",
            "xrdpattern_bruker.raw",
            "stoe.raw",
        )
    ),
    *(
        Valid(name, words=_TEXT, complete_at=30)
        for name in ("xrr003.x00", "xrr003.udf", "xrr003.rig", "test.jdx")
    ),
    Valid("xrr003.uxd", words=_TEXT, complete_at=None),  # it gives neither its length nor its end
    Valid("made.ras", _ras, words=_TEXT, complete_at=30),
    Valid("packed.jdx", _packed_jcamp, words=_TEXT, complete_at=30),
    Valid("columns.txt", _columns, options={"axis": "q"}, complete_at=None, examples=300),
    Valid("H1202_o2t_fine_002.xrdml", words=_XML, examples=300),
    Valid("23-012-AG_2thomegascan_long.brml", words=_XML),
    Valid("Omega-2Theta_scan_high_temperature.rasx", words=_XML),
    Valid("small.brml", lambda: brml_archive(raw_data(primary=CHANNEL_CUT)), words=_XML),
    Valid("small.rasx", rasx_archive, words=_XML),
    Valid("made.xlsx", _workbook, options={"axis": "q"}, words=_XML),
)

#: What files begin with, behind which anything may come.
BEGINNINGS = (
    b"", b"<xrdMeasurements ", b"PK\x03\x04",
    b"RAW ", b"RAW2", b"RAW1.01\0", b"RAW4.00\0", b"V3RD", b"V5RD", b"RAW_1.06", b"RAW_1.05",
    b"HR-XRDScan\n",
    b"_FILEVERSION=2\n_DRIVE='COUPLED'\n_COUNTS\n",
    b"SampleIdent,x,/\nDataAngleRange,1,2,/\nScanStepSize,0.1,/\nRawScan\n",
    b"*TYPE = Raw\n*SCAN_AXIS = 2theta\n*BEGIN\n",
    b'*RAS_DATA_START\n*MEAS_SCAN_AXIS_X "2theta"\n*RAS_INT_START\n',
    b"##TITLE=x\n##XUNITS=2THETA\n##NPOINTS=9\n##FIRSTX=1\n##LASTX=2\n##XYDATA=(X++(Y..Y))\n",
    b'*FILE_SAMPLE "x"\n*MEAS_SCAN_AXIS_X "2theta"\n*MEAS_SCAN_STOP "9"\n*MEAS_SCAN_STEP "1"\n',
    b"BANK 1 6 6 CONS 1000.0 2.0 0 0 FXYE\n",
)  # fmt: skip

#: Numbers as binary files hold them.
NUMBERS = st.one_of(
    st.integers(0, 2**32 - 1).map(lambda value: struct.pack("<I", value)),
    st.integers(0, 300).map(lambda value: struct.pack("<I", value)),
    st.integers(-(2**15), 2**15 - 1).map(lambda value: struct.pack("<h", value)),
    st.floats(width=32).map(lambda value: struct.pack("<f", value)),
    st.floats().map(lambda value: struct.pack("<d", value)),
    st.binary(max_size=40),
)
#: What does harm in any text.
WORDS = (
    b"nan", b" 1e999 ", b"1e999", b"-1", b"-", b"0", b"\x00", b"\n", b",", b";", b"/", b"=", b'"', b"*", b"_",
    b"##", b"<", b"/>", b"&x;", b"#", b"\xff", b"\xff\xfe",
)  # fmt: skip


def contents_to_put(valid: Valid) -> st.SearchStrategy[bytes]:
    """What is put into a valid file to damage it."""
    if valid.bytes_per_point:
        return NUMBERS
    return st.one_of(st.binary(max_size=4), st.sampled_from([*WORDS, *valid.words]))
