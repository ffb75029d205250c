"""Binary files built byte by byte from the published layouts, whole and with one thing wrong."""

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError
from slxrd.io import read
from slxrd.io.registry import read_scans as scans
from slxrd.units import SecondLine

COUNTS = (3.0, 1.0, 4.0, 1.0, 5.0, 9.0)
ANGLES = [10.0, 10.02, 10.04, 10.06, 10.08, 10.1]
Fields = dict[int, tuple[str, Any]]


def block(size: int, fields: Fields) -> bytes:
    """Zeros with fields at their offsets; text is given as bytes."""
    data = bytearray(size)
    for at, (code, value) in fields.items():
        if code == "s":
            data[at : at + len(value)] = value
        else:
            struct.pack_into("<" + code, data, at, value)
    return bytes(data)


def floats(values: Sequence[float] = COUNTS) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def version1(more: Fields | None = None, mark: bool = True, counts: Sequence[float] = COUNTS) -> bytes:
    fields: Fields = {0: ("s", b"RAW "), 4: ("I", len(counts)), 8: ("f", 1.5), 12: ("f", 0.02)}
    fields |= {24: ("f", 10.0), 28: ("f", -1e6), 32: ("f", -1e6), 36: ("f", -1e6), 40: ("s", b"PbS sheets")}
    fields |= {72: ("f", 1.5406), 76: ("f", 1.5444)}
    return block(156, fields | (more or {}))[0 if mark else 4 :] + floats(counts)


def version2_range(more: Fields | None = None, length: int = 56) -> bytes:
    fields: Fields = {
        0: ("H", length),
        2: ("H", 6),
        8: ("f", 2.0),
        12: ("f", 0.02),
        16: ("f", 10.0),
        20: ("f", 5.0),
    }
    return block(length, fields | (more or {})) + floats()


def version2(*ranges: bytes, more: Fields | None = None) -> bytes:
    fields: Fields = {0: ("s", b"RAW2"), 4: ("H", len(ranges)), 168: ("s", b"02-MAR-1996 10:11:12")}
    fields |= {188: ("s", b"CU"), 190: ("f", 1.5406), 194: ("f", 1.5444), 198: ("f", 0.5)}
    return block(256, fields | (more or {})) + b"".join(ranges)


def version3_range(more: Fields | None = None, extra: bytes = b"") -> bytes:
    fields: Fields = {0: ("I", 304), 4: ("I", 6), 8: ("d", 5.0), 16: ("d", 10.0), 176: ("d", 0.02)}
    fields |= {192: ("f", 4.0), 240: ("d", 1.5406), 252: ("I", 4), 256: ("I", len(extra))}
    return block(304, fields | (more or {})) + extra + floats()


def version3(*ranges: bytes, more: Fields | None = None) -> bytes:
    fields: Fields = {0: ("s", b"RAW1.01"), 8: ("I", 1), 12: ("I", len(ranges)), 16: ("s", b"03/14/15")}
    fields |= {26: ("s", b"09:26:53"), 326: ("s", b"Film \xb07"), 608: ("s", b"Cu")}
    fields |= {624: ("d", 1.5406), 632: ("d", 1.5444), 648: ("d", 0.5)}
    return block(712, fields | (more or {})) + b"".join(ranges)


def segment(kind: int, size: int, fields: Fields) -> bytes:
    return block(size, {0: ("I", kind), 4: ("I", size)} | fields)


def drive(name: bytes = b"2Theta", stands: float = 10.0) -> bytes:
    return segment(50, 92, {12: ("s", name), 56: ("d", stands)})


def version4_range(
    more: Fields | None = None, drives: bytes = drive() + drive(b"Theta", 5.0), data: bytes = floats()
) -> bytes:
    fields: Fields = {0: ("I", 0), 4: ("I", 6), 8: ("I", 6), 32: ("s", b"Locked Coupled"), 72: ("d", 10.0)}
    fields |= {80: ("d", 0.02), 88: ("I", 6), 92: ("f", 0.5), 112: ("d", 1.5418)}
    fields |= {136: ("I", len(data) // 6), 140: ("I", len(drives))}
    return block(160, fields | (more or {})) + drives + data


SOURCE = segment(30, 120, {80: ("d", 1.5406), 88: ("d", 1.5444), 104: ("d", 0.5), 116: ("s", b"Cu")})
SAMPLE = segment(10, 45, {12: ("s", b"SAMPLEID"), 36: ("s", b"CsPbBr3")})


def version4(*parts: bytes, before: bytes = SAMPLE + SOURCE) -> bytes:
    fields: Fields = {0: ("s", b"RAW4.00"), 12: ("s", b"12/24/2024"), 24: ("s", b"18:00:00")}
    return block(61, fields) + before + b"".join(parts)


def philips(mark: bytes = b"V3RD", more: Fields | None = None) -> bytes:
    roots = [round(10.0 * count**0.5) for count in COUNTS]
    fields: Fields = {0: ("s", mark), 85: ("B", 0), 94: ("d", 1.5406), 102: ("d", 1.5444), 110: ("d", 0.5)}
    fields |= {
        136: ("H", 30),
        146: ("s", b"SUPERLATTICE"),
        214: ("d", 0.02),
        222: ("d", 10.0),
        230: ("d", 10.1),
    }
    return block(250 if mark == b"V3RD" else 810, fields | (more or {})) + struct.pack("<6H", *roots)


def stoe(more: Fields | None = None, header: Fields | None = None, form: str = "i") -> bytes:
    fields: Fields = {
        0: ("s", b"RAW_1.06Powdat"),
        32: ("s", b"PbTe"),
        308: ("h", 2),
        310: ("h", 3),
        312: ("h", 1),
    }
    fields |= {322: ("f", 1.5406), 326: ("f", 1.5444), 360: ("h", 3), 376: ("h", 1), 378: ("h", 1)}
    fields |= {470: ("h", 1), 476: ("h", 6), 480: ("h", 5)}
    described: Fields = {0: ("s", b"01-Feb-20 03:04"), 34: ("h", 6), 38: ("h", 0 if form == "i" else 1)}
    described |= {
        44: ("f", 10.0),
        52: ("f", 10.1),
        60: ("f", 0.02),
        68: ("f", 7.0),
        120: ("i", 1),
        124: ("i", 9),
    }
    values = block(512, {0: ("s", struct.pack(f"<6{form}", *map(int, COUNTS)))})
    return (
        block(512, fields | (more or {})) + bytes(3 * 512) + block(512, described | (header or {})) + values
    )


WHOLE: dict[str, bytes] = {
    "Bruker .raw, version 1": version1(),
    "Bruker .raw, version 2": version2(version2_range()),
    "Bruker .raw, version 3 (RAW1.01)": version3(version3_range()),
    "Bruker .raw, version 4 (RAW4.00)": version4(version4_range()),
    "Philips .rd": philips(),
    "Philips .sd": philips(b"V5RD"),
    "STOE .raw, RAW_1.06": stoe(),
}


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., Pattern]:
    def reading(data: bytes, **options: Any) -> Pattern:
        path = tmp_path / "scan.bin"
        path.write_bytes(data)
        return read(path, **options)

    return reading


@pytest.mark.parametrize("kind", WHOLE)
def test_whole(read_bytes: Callable[..., Pattern], kind: str) -> None:
    pattern = read_bytes(WHOLE[kind])
    assert pattern.x == pytest.approx(ANGLES, abs=1e-12)
    assert pattern.intensity.tolist() == list(COUNTS)
    assert pattern.per_count is not None
    assert pattern.per_count.tolist() == [1.0] * 6
    assert pattern.wavelength == 1.5406
    assert pattern.second_line == (None if "STOE" in kind else SecondLine(1.5444, 0.5))
    assert pattern.metadata["format"] == kind


@pytest.mark.parametrize(
    ("kind", "entries"),
    [
        ("Bruker .raw, version 1", {"title": "PbS sheets", "counting time (s)": 1.5}),
        (
            "Bruker .raw, version 2",
            {"date": "02-MAR-1996 10:11:12", "anode": "CU", "counting time (s)": 2.0},
        ),
        (
            "Bruker .raw, version 3 (RAW1.01)",
            {"sample id": "Film °7", "date": "03/14/15 09:26:53", "anode": "Cu", "counting time (s)": 4.0},
        ),
        (
            "Bruker .raw, version 4 (RAW4.00)",
            {"sample id": "CsPbBr3", "date": "12/24/2024 18:00:00", "anode": "Cu", "counting time (s)": 0.5},
        ),
        ("Philips .rd", {"title": "SUPERLATTICE", "anode": "Cu"}),
        (
            "STOE .raw, RAW_1.06",
            {"title": "PbTe", "date": "01-Feb-20 03:04", "anode": "Cu", "counting time (s)": 7.0},
        ),
    ],
)
def test_other_metadata(
    read_bytes: Callable[..., Pattern], kind: str, entries: dict[str, str | float]
) -> None:
    described = dict(read_bytes(WHOLE[kind]).metadata)
    left_out = ("format", "sha256", "wavelength from", "scan axis")
    assert {name: value for name, value in described.items() if name not in left_out} == entries


SECOND: Fields = {24: ("f", 20.0)}
SEVERAL = {
    "version 1": version1({152: ("I", 1)}) + version1(SECOND),
    "version 1 of early programs": version1({152: ("I", 1)}) + version1(SECOND, mark=False),
    "version 2": version2(version2_range(), version2_range({16: ("f", 20.0)}, length=70)),
    "version 3": version3(version3_range(extra=bytes(40)), version3_range({16: ("d", 20.0)})),
    "version 4": version4(
        version4_range(), SAMPLE, version4_range({0: ("I", 160), 72: ("d", 20.0)}, drives=drive(stands=20.0))
    ),
}


@pytest.mark.parametrize("data", SEVERAL.values(), ids=SEVERAL)
def test_several_ranges(read_bytes: Callable[..., Pattern], data: bytes) -> None:
    with pytest.raises(FileError, match="has 2 scans"):
        read_bytes(data)
    assert read_bytes(data, scan=1).x == pytest.approx(ANGLES)
    assert read_bytes(data, scan=2).x == pytest.approx([angle + 10.0 for angle in ANGLES])


@pytest.mark.parametrize("data", SEVERAL.values(), ids=SEVERAL)
def test_a_broken_range_does_not_stand_in_the_way_of_another(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "scan.raw"
    path.write_bytes(data[:-3])
    first, second = scans(path)
    assert isinstance(first, Pattern)
    assert first.intensity.tolist() == list(COUNTS)
    assert isinstance(second, FileError)
    assert "is truncated or damaged" in str(second)


def test_too_many_parts(read_bytes: Callable[..., Pattern], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slxrd.io.shared.binary.MOST_SCANS", 2)
    assert read_bytes(version3(*[version3_range()] * 2), scan=2).x == pytest.approx(ANGLES)
    with pytest.raises(FileError, match="claims more than 2 ranges, which is impossible"):
        read_bytes(version3(*[version3_range()] * 3), scan=2)
    monkeypatch.setattr("slxrd.io.bruker.raw4._MOST_SEGMENTS", 2)
    assert len(read_bytes(WHOLE["Bruker .raw, version 4 (RAW4.00)"])) == 6
    with pytest.raises(FileError, match="claims more than 2 segments, which is impossible"):
        read_bytes(version4(SAMPLE, version4_range()))


def test_ranges_of_stoe(read_bytes: Callable[..., Pattern]) -> None:
    two: Fields = {376: ("h", 2), 378: ("h", 2), 476: ("h", 8), 482: ("h", 7)}
    other = stoe(header={44: ("f", 20.0), 52: ("f", 20.1)})[4 * 512 :]
    data = stoe(two) + other
    assert read_bytes(data, scan=2).x[0] == 20.0
    assert read_bytes(data, scan=1).x[0] == 10.0


def test_descending_and_fractional(read_bytes: Callable[..., Pattern]) -> None:
    pattern = read_bytes(version1({12: ("f", -0.02)}, counts=[*COUNTS[:5], 9.5]))
    assert pattern.x[0] == pytest.approx(9.9)
    assert pattern.intensity[0] == 9.5
    assert pattern.per_count is None


def test_lines(read_bytes: Callable[..., Pattern]) -> None:
    """One line, no line, a line that was reckoned with, and two that contradict each other."""
    alone = version3(version3_range(), more={632: ("d", 0.0), 648: ("d", 0.0)})
    assert read_bytes(alone).second_line is None
    stripped = version3(version3_range(), more={648: ("d", 0.0)})
    assert (read_bytes(stripped).wavelength, read_bytes(stripped).second_line) == (1.5406, None)
    reckoned = version3(version3_range({240: ("d", 0.7093)}), more={624: ("d", 0.0)})
    assert read_bytes(reckoned).wavelength == 0.7093
    mean = version3(version3_range({240: ("d", 1.5418)}))
    assert read_bytes(mean).wavelength == 1.5406
    none = version3(version3_range({240: ("d", 0.0)}), more={624: ("d", 0.0)})
    with pytest.raises(FileError, match="does not give the wavelength"):
        read_bytes(none)
    nanometres = version2(version2_range(), more={190: ("f", 0.15406)})
    assert read_bytes(nanometres, wavelength="CuKa1").wavelength == 1.540593
    two = version3(version3_range({240: ("d", 0.7093)}))
    with pytest.raises(FileError, match=r"1\.5406 Å and 0\.7093 Å: choose one with --wavelength 0\.7093"):
        read_bytes(two)
    assert read_bytes(two, wavelength=0.7093).wavelength == 0.7093
    for at, wrong in ((648, 1.5), (648, float("nan")), (632, 0.7), (632, float("inf"))):
        with pytest.raises(FileError, match="are not a doublet: use --wavelength"):
            read_bytes(version3(version3_range(), more={at: ("d", wrong)}))


def test_lines_of_stoe(read_bytes: Callable[..., Pattern]) -> None:
    def lines(monochromator: int, history: int = 0) -> tuple[float | None, SecondLine | None]:
        pattern = read_bytes(stoe({308: ("h", monochromator), 472: ("H", history)}))
        return pattern.wavelength, pattern.second_line

    for kalpha1_only in (2, 102, 6, 8):
        assert lines(kalpha1_only) == (1.5406, None)
    assert lines(3) == (1.5406, SecondLine(1.5444, 0.5))
    assert lines(3, history=1 << 7) == (1.5406, None)
    for unknown in (0, 1, 100):
        with pytest.raises(FileError, match="not whether both reach the sample"):
            lines(unknown)


def test_what_stoe_did_before(read_bytes: Callable[..., Pattern]) -> None:
    pattern = read_bytes(stoe({472: ("H", 1 << 5)}, header={118: ("H", 1 << 6)}))
    assert [step.name for step in pattern.history] == ["smoothed", "background subtracted"]
    assert pattern.per_count is None
    pattern = read_bytes(stoe(header={40: ("f", 2.0)}))
    assert pattern.intensity.tolist() == [count / 2.0 for count in COUNTS]
    assert pattern.per_count is None
    assert pattern.history[0].details == {"factor": 2.0}
    assert read_bytes(stoe(form="h")).intensity.tolist() == list(COUNTS)
    assert read_bytes(stoe(more={0: ("s", b"RAW_1.05")})).metadata["format"] == "STOE .raw, RAW_1.05"


@pytest.mark.parametrize(
    ("code", "name"), [(3, "rocking curve"), (4, "chi scan"), (5, "phi scan"), (8, "z scan")]
)
def test_scans_without_2theta(read_bytes: Callable[..., Pattern], code: int, name: str) -> None:
    for data in (
        version3(version3_range({196: ("I", code)})),
        version4(version4_range({32: ("s", name.title().encode().ljust(24, b"\0"))})),
    ):
        with pytest.raises(FileError, match=f"the scan is a {name}: 2θ does not move in it"):
            read_bytes(data)


@pytest.mark.parametrize(("code", "name"), [(1, "unlocked coupled"), (2, "detector scan")])
def test_other_scans_over_2theta(read_bytes: Callable[..., Pattern], code: int, name: str) -> None:
    assert read_bytes(version3(version3_range({196: ("I", code)}))).metadata["scan axis"] == name
    data = version4(version4_range({32: ("s", name.title().encode().ljust(24, b"\0"))}))
    assert read_bytes(data).metadata["scan axis"] == name.title()


TWO_VALUES = b"".join(struct.pack("<fi", count, 1) for count in COUNTS)
OTHER_VALUES = b"".join(struct.pack("<fi", count, 2) for count in COUNTS)


def test_second_values_of_1(read_bytes: Callable[..., Pattern]) -> None:
    assert read_bytes(version4(version4_range(data=TWO_VALUES))).intensity.tolist() == list(COUNTS)


WRONG: dict[str, tuple[bytes, str]] = {
    "1: step": (version1({12: ("f", 0.0)}), "from 10° in steps of 0°"),
    "1: start": (version1({24: ("f", float("nan"))}), "from nan° in steps"),
    "1: points": (version1({4: ("I", 7)}), "it has 180 bytes, but its header requires 184"),
    "1: huge": (version1({4: ("I", 2**32 - 1)}), "truncated or damaged: it has 180 bytes"),
    "1: more": (version1() + b"\1", "1 bytes more than its header says"),
    "1: nan": (version1(counts=[*COUNTS[:4], float("nan"), float("inf")]), "2 of 6 points .*: point 5, 6"),
    "1: beyond 180°": (version1({24: ("f", 179.95)}), "2θ not between 0 and 180°: point 4, 5, 6"),
    "2: header": (
        version2(version2_range({0: ("H", 40)})),
        "header of a range has 40 bytes, which is impossible",
    ),
    "2: angles": (
        version2(version2_range({20: ("f", 20.0)})),
        "θ = 20° at 2θ = 10° in its header, so it is not certain",
    ),
    "2: none": (version2(), "has no scan"),
    "2: more": (version2(version2_range()) + b"x", "bytes more than its header says"),
    "3: header": (version3(version3_range({0: ("I", 300)})), "has 300 bytes instead of 304"),
    "3: none": (version3(), "has no scan"),
    "3: extra": (version3(version3_range({256: ("I", 2**32 - 1)})), "truncated or damaged"),
    "3: more": (version3(version3_range()) + b"x", "bytes more than its header says"),
    "3: varying": (version3(version3_range({248: ("I", 1)})), "stores more than the counts at each point"),
    "3: record": (version3(version3_range({252: ("I", 1)}))[:-18], "stores more than the counts"),
    "3: hkl scan": (
        version3(version3_range({196: ("I", 13)})),
        "of the type 'hkl scan', for which the position of the angles is not published",
    ),
    "3: PSD": (version3(version3_range({196: ("I", 130)})), "of the type 'PSD fast scan'"),
    "3: HR": (version3(version3_range({196: ("I", 20)})), "of the type 'unlocked coupled HR XRD'"),
    "3: unknown": (version3(version3_range({196: ("I", 9999)})), "of the type 'number 9999'"),
    "4: unknown": (
        version4(version4_range({32: ("s", b"Free Scan\0\0\0\0\0\0")})),
        "of the type 'Free Scan', for which the position of the angles is not published",
    ),
    "4: no range": (version4(), "has no scan"),
    "4: no drive": (version4(version4_range(drives=b"")), "not certain what its axis is"),
    "4: drive": (version4(version4_range(drives=drive(stands=5.0))), "not certain what its axis is"),
    "4: drives overrun": (
        version4(version4_range({140: ("I", 100)})),
        "not certain what its axis is",
    ),
    "4: segment": (
        version4(version4_range(), before=segment(10, 40, {4: ("I", 20)})),
        "has 20 bytes: it is damaged",
    ),
    "4: segments": (version4(before=segment(77, 40, {4: ("I", 2**32 - 1)})), "truncated or damaged"),
    "4: more": (version4(version4_range(), b"\1\0\0\0"), "4 bytes more than its header says"),
    "4: stopped": (
        version4(version4_range({8: ("I", 5)})),
        "gives both 5 and 6 points",
    ),
    "4: size": (version4(version4_range(data=bytes(72))), "stores more than the counts at each point"),
    "4: second": (version4(version4_range(data=OTHER_VALUES)), "stores more than the counts at each point"),
    "4: huge": (version4(version4_range({88: ("I", 2**32 - 1)})), "truncated or damaged"),
    "rd: step": (philips(more={214: ("d", 0.0)}), "from 10 to 10.1° in steps of 0°, which is impossible"),
    "rd: end": (philips(more={230: ("d", 10.11)}), "in steps of 0.02°, which is impossible"),
    "rd: nan": (philips(more={222: ("d", float("nan"))}), "which is impossible"),
    "rd: huge": (philips(more={214: ("d", 1e-300)}), "which is impossible"),
    "rd: longer": (philips(more={230: ("d", 10.2)}), "truncated or damaged"),
    "rd: shorter": (philips(more={230: ("d", 10.08)}), "bytes more than its header says"),
    "rd: largest": (philips(more={136: ("H", 31)}), "largest stored number is 30 but its header says 31"),
    "stoe: version": (
        stoe({0: ("s", b"RAW_1.04")}),
        "STOE's version RAW_1.04, but only 1.05 and 1.06 are supported",
    ),
    "stoe: records": (stoe({476: ("h", 7)}), "truncated or damaged"),
    "stoe: ranges": (stoe({378: ("h", 9)}), "claims 9 ranges, which is impossible"),
    "stoe: none": (stoe({378: ("h", 0)}), "has no scan"),
    "stoe: theory": (stoe({470: ("h", 2)}), "contains a calculated pattern"),
    "stoe: place": (stoe({480: ("h", 0)}), "a range has no position in the file"),
    "stoe: outside": (stoe({480: ("h", 9)}), "truncated or damaged"),
    "stoe: omega": (stoe({360: ("h", 2)}), "the scan is over ω: 2θ does not move"),
    "stoe: standing": (stoe(header={60: ("f", 0.0)}), "the scan is over ω: 2θ does not move"),
    "stoe: points": (stoe(header={34: ("h", -6)}), "a range of -6 points in form 0 is impossible"),
    "stoe: form": (stoe(header={38: ("h", 5)}), "6 points in form 5 is impossible"),
    "stoe: end": (
        stoe(header={52: ("f", 10.2)}),
        "6 points from 10 to 10.2° in steps of 0.02°, which do not",
    ),
    "stoe: counts": (stoe(header={124: ("i", 10)}), "from 1 to 9 but its header says 1 to 10"),
    "stoe: factor": (stoe(header={40: ("f", float("nan"))}), "a factor of nan is impossible"),
}


@pytest.mark.parametrize(("data", "message"), WRONG.values(), ids=WRONG)
def test_refused(read_bytes: Callable[..., Pattern], data: bytes, message: str) -> None:
    with pytest.raises(FileError, match=message):
        read_bytes(data, scan=1)


def test_single_bad_points_are_left_out(read_bytes: Callable[..., Pattern]) -> None:
    pattern = read_bytes(version1(counts=[*COUNTS, float("nan")]))
    assert (pattern.intensity.tolist(), pattern.x[-1]) == (list(COUNTS), 10.1)
    assert pattern.per_count is not None
    assert "intensity not a number = point 7" in str(pattern.history[-1])
    pattern = read_bytes(version1({24: ("f", -0.02)}, counts=[*COUNTS, 2.0, 6.0]))
    assert pattern.x.tolist() == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1, 0.12])
    assert "2θ not between 0 and 180° = point 1, 2" in str(pattern.history[-1])
    for wrong in (-1.0, 1e38):
        pattern = read_bytes(version1(counts=[*COUNTS, wrong]))
        assert (pattern.intensity.tolist(), pattern.per_count is None) == (list(COUNTS), False)


def test_more_ranges_stated_than_present(read_bytes: Callable[..., Pattern]) -> None:
    data = version3(version3_range(), more={12: ("I", 2**31)})
    assert read_bytes(data, scan=1).intensity.tolist() == list(COUNTS)
    with pytest.raises(FileError, match="truncated or damaged"):
        read_bytes(data, scan=2)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"FI\0\0" + bytes(300), r"is a \.raw file of Rigaku's"),
        (b"RAW1.02\0" + bytes(800), r"is a \.raw file of Bruker's in an unknown version"),
        (b"RAW4.01\0" + bytes(800), r"is a \.raw file of Bruker's in an unknown version"),
    ],
)
def test_known_and_not_read(read_bytes: Callable[..., Pattern], data: bytes, message: str) -> None:
    with pytest.raises(FileError, match=message):
        read_bytes(data)


@pytest.mark.parametrize("title", ["RAW data of film 3", "RAW2 RAW2", "V3RD", "RAW_1.06"])
def test_text_that_starts_alike_is_text(read_bytes: Callable[..., Pattern], title: str) -> None:
    rows = "".join(f"0.{i}\t{i}\n" for i in range(1, 9))
    assert read_bytes(f"{title}\n{rows}".encode(), axis="q").metadata["format"] == "text"
