"""Read the files of a series and the value of each, from a table, the file names, or metadata."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slxrd._documents import read_text
from slxrd.data.pattern import Pattern
from slxrd.errors import FileError, SlxrdError, shown_path, without_path
from slxrd.studies.series.expressions import search_names
from slxrd.studies.series.patterns import LeftOut, Series, make_series

#: A hyphen between words is not a minus sign: film-25C is at +25 °C, pos_-5mm at −5 mm.
_NUMBER = r"(?P<value>(?:(?<![A-Za-z0-9])[-+−])?\d+(?:[.,]\d+)?)"
#: For each variable, the number and unit in a file name, and the units as printed.
_VARIABLES: dict[str, tuple[str, dict[str, str]]] = {
    "temperature": (rf"{_NUMBER}\s*(?:°|deg)?(?P<unit>[CK])(?![A-Za-z])", {"C": "°C", "K": "K"}),
    "time": (rf"{_NUMBER}\s*(?P<unit>min|s|h)(?![A-Za-z])", {"s": "s", "min": "min", "h": "h"}),
    "position": (rf"{_NUMBER}\s*(?P<unit>mm|um|µm|μm)(?![A-Za-z])", {"mm": "mm"}),
}
#: Abbreviation of room temperature.
_ROOM = re.compile(r"(?<![A-Za-z])RT(?![A-Za-z])")
_ANY_NUMBER = re.compile(r"(?<![\d.])[-+]?\d+(?:\.\d+)?")

#: Largest table, in bytes, and longest path and heading in one, in characters.
TABLE_LIMIT, LONGEST_PATH, LONGEST_HEADING = 5_000_000, 4096, 200

Values = list[float | None]


@dataclass(frozen=True)
class Naming:
    """Source of the values of the variable.

    Parameters
    ----------
    variable : str, optional
        Name of the variable; by default it is derived from the file names.
    pattern_of_name : str, optional
        Regular expression for the file names. Its group ``value`` (or first group) is the value, and its
        group ``unit``, if there is one, the unit.
    table : Path, optional
        CSV of file and value; its header contains the name of the variable and, in parentheses, the unit.
    """

    variable: str | None = None
    pattern_of_name: str | None = None
    table: Path | None = None


def find_series(
    paths: Sequence[Path],
    load: Callable[[Path], Pattern],
    naming: Naming | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Series:
    """Read the files of a series.

    Parameters
    ----------
    paths : sequence of Path
        Files, and folders of which all files are read; may be empty if a table lists the files.
    load : callable
        Function that reads one file.
    naming : Naming, optional
        Source of the values.
    report : callable, optional
        Called with the number of files read and of all files.

    Returns
    -------
    Series
        Files that cannot be read, or have no value, are in its ``left_out``.

    Raises
    ------
    SlxrdError
        If no pattern has a value, or the patterns are not comparable.
    """
    naming = naming or Naming()
    table = _read_table(naming.table) if naming.table is not None else None
    files = _files(paths, naming.table) if paths else [file for file, _ in table.rows] if table else []
    if not files:
        raise SlxrdError("no file to fit; give files, a folder of them, or --table")
    read, out = _load(files, load, report)
    if table is not None:
        by_name = {file.resolve(): value for file, value in table.rows}
        values: Values = [by_name.get(file.resolve()) for file, _ in read]
        missing, variable, unit = f"is not in {naming.table}", table.variable, table.unit
        out += _unused_rows(table, files, naming.table)
    else:
        values, variable, unit = _find_values([file for file, _ in read], [p for _, p in read], naming)
        missing = f"its name has no {variable}; rename it, or give --table or --pattern-of-name"
    return _series_of(read, values, out, missing, naming.variable or variable, unit)


def _unused_rows(table: _Table, files: Iterable[Path], path: Path | None) -> list[LeftOut]:
    """Return the files of a table that were not given."""
    given = {file.resolve() for file in files}
    unused = [file for file, _ in table.rows if file.resolve() not in given]
    return [LeftOut(str(file), f"is in {path} but was not given") for file in unused]


def _series_of(
    read: Sequence[tuple[Path, Pattern]],
    values: Values,
    out: list[LeftOut],
    missing: str,
    variable: str,
    unit: str,
) -> Series:
    """Join patterns and values; ``missing`` is the reason why a file without a value is left out."""
    out = [*out, *(LeftOut(str(f), missing) for (f, _), v in zip(read, values, strict=True) if v is None)]
    pairs = [(p, value) for (_, p), value in zip(read, values, strict=True) if value is not None]
    if not pairs:
        raise SlxrdError(f"{out[-1].source}: {missing}")
    return make_series(
        [p for p, _ in pairs], [v for _, v in pairs], variable=variable, unit=unit, left_out=out
    )


def _files(paths: Iterable[Path], table: Path | None) -> list[Path]:
    """Return each file once, with those of folders except hidden ones."""
    files: dict[Path, Path] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
            if not inside:
                raise FileError(path, "is an empty folder; give one with patterns")
        else:
            inside = [path]
        for file in inside:
            if table is None or file.resolve() != table.resolve():
                files.setdefault(file.resolve(), file)
    return list(files.values())


def _load(
    files: Sequence[Path],
    load: Callable[[Path], Pattern],
    report: Callable[[int, int], None] | None,
) -> tuple[list[tuple[Path, Pattern]], list[LeftOut]]:
    """Return the files that can be read with their patterns, and the others with the reasons."""
    read: list[tuple[Path, Pattern]] = []
    out: list[LeftOut] = []
    for i, file in enumerate(files):
        try:
            read.append((file, load(file)))
        except SlxrdError as error:
            out.append(LeftOut(str(file), without_path(error, file)))
        if report is not None:
            report(i + 1, len(files))
    if not read:
        first = f"{shown_path(out[0].source)}: {out[0].why}"
        raise SlxrdError(f"none of {len(files)} files could be read; the first: {first}")
    return read, out


@dataclass(frozen=True)
class _Table:
    rows: tuple[tuple[Path, float], ...]
    variable: str
    unit: str


def _read_table(path: Path) -> _Table:
    """Read file and value from CSV; relative names are relative to the folder of the table."""
    cells, separator = _table_cells(path)
    variable, unit = "value", ""
    rows: list[tuple[Path, float]] = []
    known: set[Path] = set()
    for number, row in enumerate(cells, start=1):
        if len(row) < 2:
            raise FileError(path, f"row {number} has no value; write file{separator}value")
        value = _number(row[1], comma=separator != ",")
        if value is None and number == 1:
            if len(row[1]) > LONGEST_HEADING:
                raise FileError(path, f"the heading of its values has more than {LONGEST_HEADING} characters")
            heading = re.fullmatch(r"(.*?)\s*(?:[(\[]\s*(.*?)\s*[)\]])?", row[1])
            assert heading is not None
            variable, unit = heading[1] or "value", heading[2] or ""
            continue
        if value is None:
            raise FileError(path, f"row {number}: {row[1]!r} is not a number")
        file = path.parent / row[0]
        if len(row[0]) > LONGEST_PATH or "\0" in row[0]:
            raise FileError(
                path, f"row {number}: the name of the file is too long, or contains a NUL character"
            )
        if file.resolve() in known:
            raise FileError(path, f"row {number}: {row[0]} is listed twice")
        known.add(file.resolve())
        rows.append((file, value))
    if not rows:
        raise FileError(path, "has a header and no rows; write one line for each pattern: file, value")
    return _Table(tuple(rows), variable, unit)


def _table_cells(path: Path) -> tuple[list[list[str]], str]:
    """Return the cells of a CSV file without comments, and its separator."""
    text = read_text(path, TABLE_LIMIT, "cannot be read as a table: it is not text in UTF-8; save it as CSV")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise FileError(path, "is empty; write one line for each pattern: file, value")
    separator = next((sign for sign in (";", "\t", ",") if sign in lines[0]), ",")
    try:
        cells = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]
    except csv.Error as error:
        raise FileError(path, f"cannot be read as a table ({error}); save it as CSV") from None
    return cells, separator


def _find_values(
    files: Sequence[Path], patterns: Sequence[Pattern], naming: Naming
) -> tuple[Values, str, str]:
    """Return the values, the variable and its unit, from the file names or from metadata."""
    if naming.pattern_of_name is not None:
        return _by_expression(files, naming.pattern_of_name, naming.variable or "value")
    if naming.variable is None or naming.variable in _VARIABLES:
        for name in _VARIABLES if naming.variable is None else (naming.variable,):
            found, unit = _by_unit(files, name)
            if found is not None:
                return found, name, unit
    recorded = _by_metadata(patterns, naming.variable or "temperature")
    if recorded is not None:
        return recorded
    room = naming.variable in (None, "temperature") and any(_ROOM.search(file.stem) for file in files)
    variable = naming.variable or ("temperature" if room else "value")
    return _by_difference(files, variable), variable, "°C" if room else ""


def _by_metadata(patterns: Sequence[Pattern], variable: str) -> tuple[Values, str, str] | None:
    """Return the values of a metadata entry of this name, if they differ."""
    metadata = [_metadata(pattern) for pattern in patterns]
    for key in sorted({key for each in metadata for key in each}):
        name, _, unit = key.partition(" (")
        if name == variable:
            numbers = [_number(each.get(key, ""), comma=False) for each in metadata]
            if len({number for number in numbers if number is not None}) > 1 or len(patterns) == 1:
                return numbers, name, unit.rstrip(")")
    return None


def _metadata(pattern: Pattern) -> dict[str, str]:
    """Return the metadata of a pattern, with lines ``name: value`` of its header."""
    header = str(pattern.metadata.get("header", "")).splitlines()
    lines = [line.partition(":") for line in header if ":" in line]
    return {
        **{key.strip(): value for key, _, value in lines},
        **{k: str(v) for k, v in pattern.metadata.items()},
    }


def _by_expression(files: Sequence[Path], text: str, variable: str) -> tuple[Values, str, str]:
    values: Values = []
    units: dict[Path, str] = {}
    for file, (value, unit) in zip(files, search_names(text, [file.name for file in files]), strict=True):
        values.append(_number(value, comma=True))
        if unit:
            units[file] = unit
    return values, variable, _common_unit(units)


def _by_unit(files: Sequence[Path], variable: str) -> tuple[Values | None, str]:
    """Return the numbers that are followed by a unit of the variable; RT is 25 °C."""
    text, printed = _VARIABLES[variable]
    values: Values = []
    units: dict[Path, str] = {}
    for file in files:
        found = list(re.finditer(text, file.stem))
        if found:
            values.append(_number(found[-1]["value"], comma=True))
            units[file] = printed.get(found[-1]["unit"], "µm")
        elif variable == "temperature" and _ROOM.search(file.stem):
            values.append(25.0)
        else:
            values.append(None)
    if not units:
        return None, ""
    return values, _common_unit(units)


def _common_unit(units: Mapping[Path, str]) -> str:
    usual = Counter(units.values()).most_common(1)[0][0] if units else ""
    for file, unit in units.items():
        if unit != usual:
            raise SlxrdError(
                f"{file}: its name is in {unit}, those of the others in {usual}; rename it, or give --table"
            )
    return usual


def _by_difference(files: Sequence[Path], variable: str) -> Values:
    """Return the only number in the names that differs between the files."""
    stems = [_ROOM.sub("25", file.stem) for file in files]
    numbers = [_ANY_NUMBER.findall(stem.replace("_", " ").replace("-", " ")) for stem in stems]
    if len({len(row) for row in numbers}) == 1 and numbers[0]:
        differing = [k for k in range(len(numbers[0])) if len({row[k] for row in numbers}) > 1]
        if len(differing) == 1 or (len(files) == 1 and len(numbers[0]) == 1):
            column = differing[0] if differing else 0
            return [float(row[column]) for row in numbers]
    raise SlxrdError(
        f"{files[0]}: its name and content have no {variable}; give --table with file and value, or "
        "--pattern-of-name with the number in parentheses, such as '_(\\d+)C'"
    )


def _number(text: str, *, comma: bool) -> float | None:
    text = text.strip().replace("−", "-")
    try:
        value = float(text.replace(",", ".") if comma else text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
