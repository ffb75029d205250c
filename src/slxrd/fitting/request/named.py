"""Kinds of values that contain several: names, and names with a number, two numbers or an expression each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.fitting.request.kinds import Kind, Schema
from slxrd.fitting.request.plain import is_number, number_text


@dataclass(frozen=True)
class Names(Kind):
    """Several names; typed one by one."""

    repeatable = True
    documented = "iterable of str"

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            raise SlxrdError(f"{name} {value!r}: give a list of names")

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        return {"type": "array", "items": {"type": "string"}}

    def parse(self, texts: Sequence[str], flag: str) -> list[str]:
        """See :meth:`Kind.parse`."""
        return list(texts)

    def texts(self, name: str, value: Any) -> list[str]:
        """See :meth:`Kind.texts`."""
        return list(value)


@dataclass(frozen=True)
class NameList(Names):
    """Several of some names in one text, separated by commas.

    Parameters
    ----------
    known : tuple of str
        Names that can be given; which of them suit the other options is checked elsewhere.
    """

    known: tuple[str, ...]

    repeatable = False

    def parse(self, texts: Sequence[str], flag: str) -> list[str]:
        """See :meth:`Kind.parse`."""
        return [name.strip() for text in texts for name in text.split(",") if name.strip()]

    def texts(self, name: str, value: Any) -> list[str]:
        """See :meth:`Kind.texts`."""
        return [",".join(value)]

    def argument(self, value: Any) -> Any:
        """See :meth:`Kind.argument`."""
        return tuple(value)


@dataclass(frozen=True)
class Named(Kind):
    """Names with a value each; typed ``NAME=VALUE``, one by one."""

    repeatable = True
    item_schema: ClassVar[Schema]
    error: ClassVar[str]

    @abstractmethod
    def fits(self, value: object) -> bool:
        """Whether the value of one name can be."""

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        if not (isinstance(value, Mapping) and all(map(self.fits, value.values()))):
            raise SlxrdError(f"{name} {value!r}: {self.error}")

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        return {"type": "object", "additionalProperties": self.item_schema}


@dataclass(frozen=True)
class Values(Named):
    """Names with a number each."""

    documented = "mapping of str to float"
    item_schema: ClassVar[Schema] = {"type": "number"}
    error = "give names with a number each"

    def fits(self, value: object) -> bool:
        """See :meth:`Named.fits`."""
        return is_number(value)

    def parse(self, texts: Sequence[str], flag: str) -> dict[str, float]:
        """See :meth:`Kind.parse`."""
        return parsing.values(texts, flag)

    def texts(self, name: str, value: Any) -> list[str]:
        """See :meth:`Kind.texts`."""
        return [f"{key}={number_text(item)}" for key, item in value.items()]


@dataclass(frozen=True)
class Pairs(Named):
    """Names with two numbers each; typed ``NAME=A:B``."""

    documented = "mapping of str to (float, float)"
    item_schema: ClassVar[Schema] = {
        "type": "array",
        "items": {"type": "number"},
        "minItems": 2,
        "maxItems": 2,
    }
    error = "give names with two numbers each"

    def fits(self, value: object) -> bool:
        """See :meth:`Named.fits`."""
        return isinstance(value, list) and len(value) == 2 and all(map(is_number, value))

    def parse(self, texts: Sequence[str], flag: str) -> dict[str, tuple[float, float]]:
        """See :meth:`Kind.parse`."""
        return parsing.intervals(texts, flag)

    def texts(self, name: str, value: Any) -> list[str]:
        """See :meth:`Kind.texts`."""
        return [f"{key}={':'.join(map(number_text, pair))}" for key, pair in value.items()]

    def argument(self, value: Any) -> Any:
        """See :meth:`Kind.argument`."""
        return {key: tuple(pair) for key, pair in value.items()}


@dataclass(frozen=True)
class Expressions(Named):
    """Names with an expression each."""

    documented = "mapping of str to str"
    item_schema: ClassVar[Schema] = {"type": "string"}
    error = "give names with an expression each"

    def fits(self, value: object) -> bool:
        """See :meth:`Named.fits`."""
        return isinstance(value, str)

    def parse(self, texts: Sequence[str], flag: str) -> dict[str, str]:
        """See :meth:`Kind.parse`."""
        return parsing.assignments(texts, flag)

    def texts(self, name: str, value: Any) -> list[str]:
        """See :meth:`Kind.texts`."""
        return [f"{key}={item}" for key, item in value.items()]
