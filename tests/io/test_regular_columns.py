"""Large files of regular columns are read at once, as the careful reader reads them."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from slxrd.errors import FileError
from slxrd.io import read
from slxrd.io.shared.column_choice import parse_column_choice
from slxrd.io.shared.rows import decode, split_lines
from slxrd.io.text.regular import regular_table
from slxrd.io.text.table import Table, careful_table

fuzz = settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck), database=None)

REGULAR = ["0.1", "1.25", "-3", "+2.5e3", "7", ".5", "12.", "1E-4", "0", "1000", "05", "1e999", "4.9e-324"]
ODD = [
    "nan",
    "-inf",
    "infinity",
    "n/a",
    "",
    "1d3",
    "-",
    "1e",
    "1.2.3",
    "1,5",
    "0,05",
    '"3"',
    "x",
    "# 1",
    "1 2",
]
HEADERS = [
    "",
    "2theta,intensity\n",
    "# q I\n\n",
    "a title\n! x;y;z\n",
    "3\n",
    "1.5 broken\n",
    "q\tI\tsigma\n",
]
SEPARATORS = [",", ";", "\t", " ", "  ", ", ", " ,", "; ", " \t", "\t\t", ",,", "|"]
ENDS = ["\n", "\n", "\n", "\r\n", "\r", "\n\n", " \n", ",\n", "\t\n", ";\n", "\n \n"]


@st.composite
def _files(draw: st.DrawFn) -> tuple[str, str]:
    """Header and rows: regular ones with, in half of the files, a few changes."""
    odd = draw(st.booleans())
    width = draw(st.sampled_from([2, 2, 3, 3, 1, 4]))
    separator = draw(st.sampled_from(SEPARATORS if odd else [",", ";", "\t", " "]))
    end = draw(st.sampled_from(ENDS if odd else ["\n", "\r\n"]))
    mark = draw(st.sampled_from([".", ".", ","]))
    field = st.sampled_from(REGULAR).map(lambda text: text.replace(".", mark))
    rows = draw(st.lists(st.lists(field, min_size=width, max_size=width), min_size=2, max_size=12))
    lines = [separator.join(row) + end for row in rows]
    for _ in range(draw(st.integers(1, 2)) if odd else 0):
        i = draw(st.integers(0, len(rows) - 1))
        row = list(rows[i])
        row[draw(st.integers(0, width - 1))] = draw(st.sampled_from(ODD + REGULAR))
        other = draw(st.sampled_from(SEPARATORS + [separator] * 9))
        lines[i] = other.join(row) + draw(st.sampled_from([*ENDS, end]))
    tail = draw(st.sampled_from(["", "", "", "\x1a", "# end\n", "\n\n"]))
    return draw(st.sampled_from(HEADERS)), "".join(lines) + tail


def _careful(data: bytes, columns: str | None) -> Table:
    choice = None if columns is None else parse_column_choice(columns)
    return careful_table(split_lines(decode(data, "f"), "f"), choice, "f")


def _same(found: Table, expected: Table) -> None:
    np.testing.assert_array_equal(found.values, expected.values)
    assert (
        np.array_equal(np.signbit(found.values), np.signbit(expected.values)) or np.isnan(found.values).any()
    )
    np.testing.assert_array_equal(found.lines, expected.lines)
    assert (found.header, found.numbers, found.heading) == (
        expected.header,
        expected.numbers,
        expected.heading,
    )


@pytest.mark.slow
@fuzz
@given(file=_files(), columns=st.sampled_from([None, None, "1,2", "2,1,3", "q,I"]), head=st.integers(1, 2))
@example(file=("", "1,5 2\n1, 5\n"), columns=None, head=1)
@example(file=("", "1 2\n3\t4\n"), columns=None, head=1)
@example(file=("", "1,2,3\n4\n5,6\n7,8,9,10\n"), columns=None, head=1)
@example(file=("", "1\n1 2\n"), columns=None, head=1)
def test_what_is_read_at_once_is_what_the_careful_reader_reads(
    file: tuple[str, str], columns: str | None, head: int
) -> None:
    header, rows = file
    data = (header + rows).encode()
    normal = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    first = len(header) + sum(len(line) + 1 for line in normal[len(header) :].split(b"\n")[:head])
    choice = None if columns is None else parse_column_choice(columns)
    found = regular_table(data, choice, "f", min(first, len(normal) - 1))
    event("read at once" if found else "left to the careful reader")
    if found is not None:
        _same(found, _careful(data, columns))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", " ", ", ", "comma ;", "comma \t", "comma  "])
def test_usual_layouts_are_read_at_once(separator: str, end: str) -> None:
    headers = ("", "2theta (deg){s}counts{s}sigma\n", "# film\n\n# measured µ\n")
    for header, columns in itertools.product(headers, (None, "1,2", "1,3,2")):
        data = _layout(separator, header, end, rows=60)
        choice = None if columns is None else parse_column_choice(columns)
        found = regular_table(data, choice, "f", head_size=1000)
        assert found is not None, (header, columns)
        _same(found, _careful(data, columns))


@pytest.mark.parametrize("separator", [",", "comma ;"])
def test_large_files_are_read_at_once(separator: str) -> None:
    data = _layout(separator, "# q I\n", "\n", rows=4000)
    found = regular_table(data, None, "f")
    assert found is not None
    _same(found, _careful(data, None))


def _layout(separator: str, header: str, end: str, rows: int) -> bytes:
    decimal = "," if separator.startswith("comma") else "."
    mark = separator[-1]
    lines = [
        mark.join((f"{x:.3f}", f"{x * x:.5e}", f"{x / 7:.9f}")).replace(".", decimal) for x in range(1, rows)
    ]
    return (header.format(s=mark) + "\n".join(lines) + "\n").replace("\n", end).encode()


@pytest.mark.slow
def test_messages_name_the_same_lines(tmp_path: Path) -> None:
    rows = [f"{0.1 + i / 10_000:.4f} {i % 17 + 100}" for i in range(10_000)]
    path = tmp_path / "film.xy"

    def message(changes: dict[int, str]) -> str:
        changed = [changes.get(i, row) for i, row in enumerate(rows)]
        path.write_text("# q I\n" + "\n".join(changed) + "\n")
        with pytest.raises(FileError) as error:
            read(path)
        return str(error.value)

    assert "line 7003: q = 0.1007 is in line 9 too" in message({7001: rows[7]})
    assert "line 9002: column 2 is 'x'" in message({9000: "1.05 x"})
    assert "line 9002: has one column" in message({9000: "1.05"})
    path.write_text("# q I\n" + "\n".join([*rows[:5000], "0.6 nan", *rows[5001:]]) + "\n")
    assert "line 5002" in str(read(path).history)


@pytest.mark.slow
@pytest.mark.parametrize(("separator", "columns"), [(";", 2), (" ", 3)])
def test_many_lines_take_little_time_and_memory(separator: str, columns: int, tmp_path: Path) -> None:
    pytest.importorskip("resource")
    counts = np.random.default_rng(1).poisson(400, 400_000)
    text = separator.join(("{:.6f}", "{}", "{:.6f}")[:columns]) + "\n"
    path = tmp_path / "film.txt"
    with path.open("w") as file:
        file.write(separator.join(("2theta", "counts", "sigma")[:columns]) + "\n")
        file.writelines(text.format(1 + i * 1e-4, n, n**0.5) for i, n in enumerate(counts.tolist()))
    script = (
        "import sys, time, resource, slxrd.io.formats as formats\n"
        "from slxrd.io import read\n"
        "formats.formats()\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before, start = peak(), time.process_time()\n"
        "pattern = read(sys.argv[1], wavelength='CuKa')\n"
        "used, more = time.process_time() - start, peak() - before\n"
        "start = time.process_time()\n"
        "with open(sys.argv[1]) as file:\n"
        "    next(file)\n"
        "    for line in file:\n"
        "        [float(each) for each in line.replace(';', ' ').split()]\n"
        "print(len(pattern), used / (time.process_time() - start), more / 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    n, ratio, megabytes = done.stdout.split()
    assert int(n) == 400_000
    # Both take longer on a busy computer.
    assert float(ratio) < 3.0
    if sys.platform == "linux":
        assert float(megabytes) < 80.0
