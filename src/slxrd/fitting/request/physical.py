"""Kinds of values of diffraction: regions, masks, noise, resolution, radiation, columns, crystals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from slxrd.data.noise import FORMS, SOURCES, noise_source
from slxrd.data.regions import Region, as_regions
from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.fitting.request.kinds import Kind, NumberOrText, Schema, Text
from slxrd.fitting.request.named import Names
from slxrd.fitting.request.plain import is_number, number_text
from slxrd.instrument.broadening import Broadening, ResolutionShape, resolution_from_table
from slxrd.instrument.diffractometer import Instrument
from slxrd.io.shared.column_choice import parse_column_choice
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.crystal import Crystal
from slxrd.sample.library.substrates import substrate_plane
from slxrd.sample.specification import as_substrate
from slxrd.sample.substrate import Substrate
from slxrd.units import radiation


def _rows(value: object, *lengths: int) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, list) and len(row) in lengths and all(map(is_number, row)) for row in value
    )


@dataclass(frozen=True)
class Intervals(Kind):
    """Intervals of q."""

    repeatable = True
    documented = "iterable of (q_min, q_max)"

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        if not _rows(value, 2):
            raise SlxrdError(f"{name} {value!r}: give a list of (from, to) in Å⁻¹")
        for low, high in value:
            if not low < high:
                raise SlxrdError(f"{name} {low:g}:{high:g}: the lower end must come first")

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        row = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
        return {"type": "array", "items": row}

    def parse(self, texts: Sequence[str], flag: str) -> list[Any]:
        """See :meth:`Kind.parse`."""
        return [parsing.interval(text, f"{flag} {text}") for text in texts]

    def texts(self, name: str, value: Any) -> list[str]:
        """See :meth:`Kind.texts`."""
        return [":".join(map(number_text, row)) for row in value]

    def argument(self, value: Any) -> Any:
        """See :meth:`Kind.argument`."""
        return [tuple(row) for row in value]


@dataclass(frozen=True)
class Regions(Intervals):
    """Regions: intervals of q, optionally with a weight, that do not overlap."""

    documented = "iterable of Region or (q_min, q_max[, weight])"

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        if not isinstance(value, list):
            raise SlxrdError(f"{name} {value!r}: give a list of (from, to) in Å⁻¹")
        as_regions(value)

    def check_python(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check_python`."""
        as_regions(value)

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        row = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 3}
        return {"type": "array", "items": row}

    def parse(self, texts: Sequence[str], flag: str) -> list[Any]:
        """See :meth:`Kind.parse`."""
        return [tuple(parsing.number(part, flag) for part in text.split(":")) for text in texts]

    def typed(self, texts: Sequence[str], flag: str) -> list[Region]:
        """See :meth:`Kind.typed`."""
        return [parsing.region(text) for text in texts]


@dataclass(frozen=True)
class NoiseLevel(Kind):
    """A fraction of the maximum, or the source of σ."""

    documented = 'float, "counting", "file" or str'

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        if not (isinstance(value, str) or is_number(value)):
            raise SlxrdError(f"{name} {value!r}: must be {FORMS}")
        noise_source(value)

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        number = r"[0-9.]+([eE][+-]?[0-9]+)?"
        text = f"^({'|'.join(map(re.escape, SOURCES))}|{number})([+]{number})?$"
        return {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                {"type": "string", "pattern": text},
            ]
        }

    def parse(self, texts: Sequence[str], flag: str) -> Any:
        """See :meth:`Kind.parse`."""
        return parsing.noise(texts[-1])


@dataclass(frozen=True)
class Resolution(Kind):
    """σ_G in Å⁻¹, a measured line, or the path of a file with one."""

    documented = "float or ResolutionShape"

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        if isinstance(value, Mapping):
            resolution_from_table(value)
        elif is_number(value):
            Instrument(value)
        elif not isinstance(value, str):
            raise SlxrdError(f"{name} {value!r}: must be a number, a measured line, or a file that holds one")

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        names = [f.name for f in fields(Broadening)]
        line = {
            "type": "object",
            "properties": {name: {"type": "number"} for name in names},
            "required": names,
            "additionalProperties": False,
        }
        shape = {"type": "object", "properties": {"shape": {"type": "string"}}, "required": ["shape"]}
        return {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}, line, shape]}

    def parse(self, texts: Sequence[str], flag: str) -> float | str:
        """See :meth:`Kind.parse`; a file stays its path."""
        try:
            return float(texts[-1])
        except ValueError:
            return texts[-1]

    def typed(self, texts: Sequence[str], flag: str) -> float | ResolutionShape:
        """See :meth:`Kind.typed`; the file is read."""
        return parsing.resolution(texts[-1])

    def texts(self, name: str, value: Any) -> list[str]:
        """See :meth:`Kind.texts`."""
        if isinstance(value, Mapping):
            raise SlxrdError(
                f"{name}: cannot be typed as an option of slxrd fit; choose a file, or use the script"
            )
        return super().texts(name, value)

    def argument(self, value: Any) -> Any:
        """See :meth:`Kind.argument`.

        Raises
        ------
        SlxrdError
            If the file cannot be read.
        """
        if isinstance(value, Mapping):
            return resolution_from_table(value)
        if isinstance(value, str):
            from slxrd.instrument.calibration.file import read_resolution

            return read_resolution(value)
        return float(value)

    def source(self, value: Any) -> str:
        """See :meth:`Kind.source`."""
        if isinstance(value, str):
            return f"slxrd.read_resolution({value!r})"
        if isinstance(value, Mapping) and "shape" in value:
            return f"resolution_from_table({dict(value)!r})"
        if isinstance(value, Mapping):
            return "Broadening(" + ", ".join(f"{name}={item!r}" for name, item in value.items()) + ")"
        return repr(value)

    def imports(self, value: Any) -> list[str]:
        """See :meth:`Kind.imports`."""
        if not isinstance(value, Mapping):
            return []
        name = "resolution_from_table" if "shape" in value else "Broadening"
        return [f"from slxrd.instrument.broadening import {name}"]


@dataclass(frozen=True)
class Radiation(NumberOrText):
    """A wavelength in Å, or the name of a line."""

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        super().check(name, value)
        radiation(value)


@dataclass(frozen=True)
class Columns(Text):
    """Columns of a text file."""

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        super().check(name, value)
        parse_column_choice(value)


@dataclass(frozen=True)
class CrystalName(Text):
    """The name of a crystal, or the file that describes one."""

    python = (Crystal, Path)
    documented = "Crystal or str"


@dataclass(frozen=True)
class SubstrateName(NumberOrText):
    """The plane distance of a substrate, or its name."""

    python = (Substrate,)
    documented = "float, str or Substrate"

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        super().check(name, value)
        try:
            as_substrate(value)
        except SlxrdError:
            # The pattern may show which plane of a material it is.
            if not isinstance(value, str) or substrate_plane(value)[1] is not None:
                raise

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        return {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}]}


@dataclass(frozen=True)
class ParameterNames(Names):
    """Names of parameters; a single text is not a list of them."""

    def check_python(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check_python`."""
        if isinstance(value, str):
            raise SlxrdError(f"{name} {value!r}: give a list of names")
        super().check_python(name, value)


@dataclass(frozen=True)
class ParameterSet(Kind):
    """A set of parameters in Python."""

    documented = "Parameters or lmfit.Parameters"

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        self.check_python(name, value)

    def check_python(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check_python`."""
        if not isinstance(value, Parameters) and not hasattr(value, "valuesdict"):
            raise SlxrdError(
                f"{name}: expected slxrd.Parameters or lmfit.Parameters, got {type(value).__name__}"
            )

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`; it has no plain form."""
        return {"not": {}}
