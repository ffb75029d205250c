"""Kinds of values of fits of several scans: the further scans, and a resolution for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slxrd._arguments import quoted
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.request.kinds import Kind, Schema
from slxrd.fitting.request.physical import Resolution


@dataclass(frozen=True)
class FurtherScans(Kind):
    """Further scans of the sample: paths of files, or in Python patterns."""

    repeatable = True
    documented = "iterable of Pattern or path"

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        if not isinstance(value, list) or not all(isinstance(path, str) and path for path in value):
            raise SlxrdError(f"{name} {value!r}: give a list of files")

    def check_python(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check_python`."""
        if isinstance(value, str | Path | Pattern):
            raise SlxrdError(f"{name}: give a list of patterns or files, not a single one")
        if not isinstance(value, Iterable):
            raise SlxrdError(f"{name} {quoted(value)}: give a list of patterns or files")
        for item in value:
            if not isinstance(item, str | Path | Pattern):
                raise SlxrdError(f"{name}: {item!r} is neither a pattern nor a file")

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        return {"type": "array", "items": {"type": "string", "minLength": 1}}

    def parse(self, texts: Sequence[str], flag: str) -> list[Any]:
        """See :meth:`Kind.parse`."""
        return list(texts)

    def texts(self, name: str, value: Any) -> list[str]:
        """See :meth:`Kind.texts`."""
        return [str(path) for path in value]


@dataclass(frozen=True)
class Resolutions(Kind):
    """The resolution of each further scan."""

    repeatable = True
    documented = "iterable of float or ResolutionShape"
    _one = Resolution()

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        if not isinstance(value, list):
            raise SlxrdError(f"{name} {value!r}: give a list, one for each further scan")
        for item in value:
            try:
                self._one.check(name, item)
            except SlxrdError as error:
                raise SlxrdError(f"{name}: {error}") from None

    def check_python(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check_python`."""
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise SlxrdError(f"{name} {quoted(value)}: give a list, one for each further scan")
        for item in value:
            if not hasattr(item, "sigma"):
                self._one.check_python(name, item)

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        return {"type": "array", "items": self._one.schema()}

    def parse(self, texts: Sequence[str], flag: str) -> list[Any]:
        """See :meth:`Kind.parse`."""
        return [self._one.parse([text], flag) for text in texts]

    def texts(self, name: str, value: Any) -> list[str]:
        """See :meth:`Kind.texts`."""
        return [text for item in value for text in self._one.texts(name, item)]

    def argument(self, value: Any) -> Any:
        """See :meth:`Kind.argument`."""
        return [self._one.argument(item) for item in value]
