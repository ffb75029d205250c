"""The files of a series, and the value of the variable for each: from a table, their names, or themselves."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slxrd.data.pattern import Pattern
from slxrd.errors import FileError, SlxrdError, unreadable
from slxrd.studies.series.patterns import LeftOut, Series, make_series

#: A hyphen between words is no sign: film-25C is at +25 °C, pos_-5mm at −5 mm.
_NUMBER = r"(?P<value>(?:(?<![A-Za-z0-9])[-+−])?\d+(?:[.,]\d+)?)"
#: What may be varied: in a file's name the number and its unit; the unit as it is written; metadata keys.
_VARIABLES: dict[str, tuple[str, dict[str, str]]] = {
    "temperature": (rf"{_NUMBER}\s*(?:°|deg)?(?P<unit>[CK])(?![A-Za-z])", {"C": "°C", "K": "K"}),
    "time": (rf"{_NUMBER}\s*(?P<unit>min|s|h)(?![A-Za-z])", {"s": "s", "min": "min", "h": "h"}),
    "position": (rf"{_NUMBER}\s*(?P<unit>mm|um|µm|μm)(?![A-Za-z])", {"mm": "mm"}),
}
#: Room temperature.
_ROOM = re.compile(r"(?<![A-Za-z])RT(?![A-Za-z])")
_ANY_NUMBER = re.compile(r"(?<![\d.])[-+]?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Naming:
    """How the variable is told.

    Parameters
    ----------
    variable : str, optional
        Its name; found from the files' names if not given.
    pattern_of_name : str, optional
        Regular expression whose group ``value`` (or first group) is the number in a file's name, and whose
        group ``unit``, if there is one, its unit.
    table : Path, optional
        CSV of file and value; its header names the variable and, in parentheses, the unit.
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
        Files, and folders of which all files are taken; may be empty where a table names them.
    load : callable
        Reads one file.
    naming : Naming, optional
        Where the values are told.
    report : callable, optional
        Called with files read and files in all.

    Returns
    -------
    Series
        Files that cannot be read, or have no value, are in its ``left_out``.

    Raises
    ------
    SlxrdError
        If there is nothing to fit, or the patterns do not go together.
    """
    naming = naming or Naming()
    told = _table(naming.table) if naming.table is not None else None
    files = _files(paths, naming.table) if paths else [file for file, _ in told.rows] if told else []
    if not files:
        raise SlxrdError("no file to fit; give files, a folder of them, or --table")
    out: list[LeftOut] = []
    read: list[tuple[Path, Pattern]] = []
    for i, file in enumerate(files):
        try:
            read.append((file, load(file)))
        except SlxrdError as error:
            out.append(LeftOut(str(file), str(error).removeprefix(f"{file}: ").removeprefix(f"{file}, ")))
        if report is not None:
            report(i + 1, len(files))
    if not read:
        raise SlxrdError(
            f"none of {len(files)} files could be read; the first: {out[0].source}: {out[0].why}"
        )
    if told is not None:
        by_name = {file.resolve(): value for file, value in told.rows}
        values = [by_name.get(file.resolve()) for file, _ in read]
        missing, variable, unit = f"is not in {naming.table}", told.variable, told.unit
        if paths:
            given = {file.resolve() for file in files}
            out += [LeftOut(str(file), f"is in {naming.table} but was not given")
                    for file, _ in told.rows if file.resolve() not in given]  # fmt: skip
    else:
        values, variable, unit = _values([file for file, _ in read], [p for _, p in read], naming)
        missing = f"its name tells no {variable}; rename it, or give --table or --pattern-of-name"
    out += [LeftOut(str(f), missing) for (f, _), value in zip(read, values, strict=True) if value is None]
    pairs = [(p, value) for (_, p), value in zip(read, values, strict=True) if value is not None]
    if not pairs:
        raise SlxrdError(f"{out[-1].source}: {missing}")
    return make_series(
        [p for p, _ in pairs],
        [v for _, v in pairs],
        variable=naming.variable or variable,
        unit=unit,
        left_out=out,
    )


def _files(paths: Iterable[Path], table: Path | None) -> list[Path]:
    """Every file once, those of folders included, hidden ones not."""
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


@dataclass(frozen=True)
class _Table:
    rows: tuple[tuple[Path, float], ...]
    variable: str
    unit: str


def _table(path: Path) -> _Table:
    """Read file and value from CSV; files are looked for beside the table."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError:
        raise FileError(path, "cannot be read as a table: it is not text in UTF-8; save it as CSV") from None
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise FileError(path, "is empty; write one line for each pattern: file, value")
    separator = next((sign for sign in (";", "\t", ",") if sign in lines[0]), ",")
    cells = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]
    variable, unit = "value", ""
    rows: list[tuple[Path, float]] = []
    for number, row in enumerate(cells, start=1):
        if len(row) < 2:
            raise FileError(path, f"row {number} has no value; write file{separator}value")
        value = _number(row[1], comma=separator != ",")
        if value is None and number == 1:
            heading = re.fullmatch(r"(.*?)\s*(?:[(\[]\s*(.*?)\s*[)\]])?", row[1])
            assert heading is not None
            variable, unit = heading[1] or "value", heading[2] or ""
            continue
        if value is None:
            raise FileError(path, f"row {number}: {row[1]!r} is not a number")
        file = path.parent / row[0]
        if file.resolve() in {known.resolve() for known, _ in rows}:
            raise FileError(path, f"row {number}: {row[0]} stands in it twice")
        rows.append((file, value))
    if not rows:
        raise FileError(path, "has a header and no rows; write one line for each pattern: file, value")
    return _Table(tuple(rows), variable, unit)


def _values(
    files: Sequence[Path], patterns: Sequence[Pattern], naming: Naming
) -> tuple[list[float | None], str, str]:
    """Values, their name and unit, from names or from what the files say of themselves."""
    if naming.pattern_of_name is not None:
        return _by_expression(files, naming.pattern_of_name, naming.variable or "value")
    names = [naming.variable] if naming.variable in _VARIABLES else list(_VARIABLES)
    if naming.variable is None or naming.variable in _VARIABLES:
        for name in names:
            assert name is not None
            found, unit = _by_unit(files, name)
            if found is not None:
                return found, name, unit
    said = [_said(pattern) for pattern in patterns]
    for key in sorted({key for each in said for key in each}):
        name, _, unit = key.partition(" (")
        if name == (naming.variable or "temperature"):
            numbers = [_number(each.get(key, ""), comma=False) for each in said]
            if len({number for number in numbers if number is not None}) > 1 or len(patterns) == 1:
                return numbers, name, unit.rstrip(")")
    warm = naming.variable in (None, "temperature") and any(_ROOM.search(file.stem) for file in files)
    variable = naming.variable or ("temperature" if warm else "value")
    return _by_what_differs(files, variable), variable, "°C" if warm else ""


def _said(pattern: Pattern) -> dict[str, str]:
    """What a file says of itself: its metadata, and lines ``name: value`` of its header."""
    header = str(pattern.metadata.get("header", "")).splitlines()
    lines = [line.partition(":") for line in header if ":" in line]
    return {
        **{key.strip(): value for key, _, value in lines},
        **{k: str(v) for k, v in pattern.metadata.items()},
    }


def _by_expression(files: Sequence[Path], text: str, variable: str) -> tuple[list[float | None], str, str]:
    try:
        expression = re.compile(text)
    except re.error as error:
        raise SlxrdError(f"--pattern-of-name {text}: is not a regular expression ({error})") from None
    if not expression.groups:
        raise SlxrdError(f"--pattern-of-name {text}: put the number into parentheses, such as '_(\\d+)C'")
    values: list[float | None] = []
    units: dict[Path, str] = {}
    for file in files:
        found = expression.search(file.name)
        groups = found.groupdict() if found is not None else {}
        number = groups.get("value") or (found[1] if found is not None else "")
        values.append(_number(number or "", comma=True))
        if groups.get("unit"):
            units[file] = str(groups["unit"])
    return values, variable, _one_unit(units)


def _by_unit(files: Sequence[Path], variable: str) -> tuple[list[float | None] | None, str]:
    """Numbers with a unit of the variable behind them; RT is 25 °C."""
    text, written = _VARIABLES[variable]
    values: list[float | None] = []
    units: dict[Path, str] = {}
    for file in files:
        found = list(re.finditer(text, file.stem))
        if found:
            values.append(_number(found[-1]["value"], comma=True))
            units[file] = written.get(found[-1]["unit"], "µm")
        elif variable == "temperature" and _ROOM.search(file.stem):
            values.append(25.0)
        else:
            values.append(None)
    if not units:
        return None, ""
    return values, _one_unit(units)


def _one_unit(units: Mapping[Path, str]) -> str:
    usual = Counter(units.values()).most_common(1)[0][0] if units else ""
    for file, unit in units.items():
        if unit != usual:
            raise SlxrdError(
                f"{file}: its name is in {unit}, those of the others in {usual}; rename it, or give --table"
            )
    return usual


def _by_what_differs(files: Sequence[Path], variable: str) -> list[float | None]:
    """The one number of the names that differs from file to file."""
    stems = [_ROOM.sub("25", file.stem) for file in files]
    numbers = [_ANY_NUMBER.findall(stem.replace("_", " ").replace("-", " ")) for stem in stems]
    if len({len(row) for row in numbers}) == 1 and numbers[0]:
        differing = [k for k in range(len(numbers[0])) if len({row[k] for row in numbers}) > 1]
        if len(differing) == 1 or (len(files) == 1 and len(numbers[0]) == 1):
            column = differing[0] if differing else 0
            return [float(row[column]) for row in numbers]
    raise SlxrdError(
        f"{files[0]}: its name and content do not tell the {variable}; give --table with file and value, or "
        "--pattern-of-name with the number in parentheses, such as '_(\\d+)C'"
    )


def _number(text: str, *, comma: bool) -> float | None:
    text = text.strip().replace("−", "-")
    try:
        value = float(text.replace(",", ".") if comma else text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
