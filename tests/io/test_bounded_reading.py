"""Files that no instrument writes are refused or read in a short time, whatever they contain."""

import time
from pathlib import Path

import pytest

from slxrd.errors import FileError
from slxrd.io import read
from slxrd.io.shared.scan import MOST_SCANS

MANY = MOST_SCANS + 1
#: A file of many scans in each text format: beginning, one scan, number, end.
SCANS = {
    "jcamp": ("##TITLE=x\n##XUNITS=2THETA\n", "##XYDATA=(XY..XY)\n##END=\n", MANY, ""),
    "ras": ("*RAS_DATA_START\n", "*RAS_INT_START\n1 1 1\n*RAS_INT_END\n", MANY, "*RAS_DATA_END\n"),
    "ras without marks": ("", '*DISP_TITLE "x"\n1 1\n', MANY, ""),
    "uxd": ("_FILEVERSION=1\n", "_2THETACOUNTS\n1 1\n", MANY, ""),
    "asc": ("*TYPE = Raw\n", "*BEGIN\n1\n*END\n", MANY, "*EOF\n"),
    "xrdml": (
        "<xrdMeasurements><xrdMeasurement>",
        "<scan><dataPoints/></scan>",
        MANY,
        "</xrdMeasurement></xrdMeasurements>",
    ),
}
#: Headers of many entries, each before many scans.
HEADERS = {
    "jcamp": ("##TITLE=x\n", "##A{}=1\n", "##XYDATA=(XY..XY)\n"),
    "uxd": ("_FILEVERSION=1\n", "_A{}=1\n", "_2THETACOUNTS\n1 1\n"),
    "asc": ("*TYPE = Raw\n", "*A{} = 1\n", "*BEGIN\n1\n*END\n"),
}


@pytest.mark.parametrize("parts", SCANS.values(), ids=list(SCANS))
def test_more_scans_than_any_measurement_has(parts: tuple[str, str, int, str], tmp_path: Path) -> None:
    beginning, scan, number, end = parts
    path = tmp_path / "scan"
    path.write_text(beginning + scan * number + end)
    with pytest.raises(FileError, match="more than 10,000 scans; cut out"):
        read(path, wavelength="CuKa")


@pytest.mark.parametrize("parts", HEADERS.values(), ids=list(HEADERS))
def test_more_entries_in_headers_than_memory(parts: tuple[str, str, str], tmp_path: Path) -> None:
    beginning, entry, scan = parts
    path = tmp_path / "scan"
    path.write_text(beginning + "".join(map(entry.format, range(5000))) + scan * 5000)
    with pytest.raises(FileError, match="too many entries in their headers"):
        read(path, wavelength="CuKa")


LONG = 90_000
#: Lines on which expressions with two adjacent repetitions take the square or cube of their length.
LINES = {
    "digits": "1" * LONG + "x",
    "blanks": "1" + " " * LONG + "2 , 3",
    "blanks after a mark": "#" + " " * LONG + "x",
    "blanks after a word": "a" + " " * LONG + "b",
    "brackets": "q" + "[" * LONG,
    "commas and blanks": ", " * (LONG // 2) + "x",
    "quotation marks": '"' * LONG,
    "words": "in " * (LONG // 3),
    "marks": "*" * LONG,
    "equals": "a=" * (LONG // 2),
}
#: The beginning of a text format, and its first rows.
BEGINNINGS = {
    "columns": "q,I\n0.1,2\n0.2,3\n",
    "ras": "*RAS_DATA_START\n*RAS_HEADER_START\n",
    "uxd": "_FILEVERSION=1\n_START=1\n",
    "asc": "*TYPE = Raw\n*BEGIN\n*COUNT=1\n1\n",
    "x00": "HR-XRDScan\n",
    "udf": "SampleIdent,x,/\nDataAngleRange,1,2,/\nRawScan\n1,",
    "jcamp": "##TITLE=x\n##XUNITS=2THETA\n##NPOINTS=5\n##FIRSTX=1\n##LASTX=5\n##XYDATA=(X++(Y..Y))\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES.values(), ids=list(LINES))
@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=list(BEGINNINGS))
def test_long_lines(beginning: str, line: str, tmp_path: Path) -> None:
    path = tmp_path / "scan"
    head, _, rows = beginning.partition("\n")
    columns = [None, "1,2", "q,I"] if beginning.startswith("q") else [None]
    for first in (False, True):
        text = f"{line}\n{beginning}" if first else f"{head}\n{line}\n{rows}{line}\n"
        path.write_text(text + "1,5\n" * 9)
        for chosen in columns:
            start = time.process_time()
            with pytest.raises(FileError):
                read(path, wavelength="CuKa", columns=chosen)
            assert time.process_time() - start < 2.0
