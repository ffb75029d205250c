"""Kinds of values: constraints, and conversion from and to command line, JSON and Python."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.fitting.request.plain import is_number, number_text, plain

Schema = dict[str, Any]


@dataclass(frozen=True)
class Kind(ABC):
    """A kind of value.

    ``check`` and ``schema`` state the same constraint for plain data; the first raises, the second is read
    by other programs.
    """

    #: Type of a single value on the command line; texts are parsed here.
    typed_as: ClassVar[Any] = str
    #: Whether the option of the command line may be repeated.
    repeatable: ClassVar[bool] = False
    #: Python types that are accepted without being plain data.
    python: ClassVar[tuple[type, ...]] = ()

    @property
    @abstractmethod
    def documented(self) -> str:
        """The type as a docstring names it."""

    @abstractmethod
    def check(self, name: str, value: Any) -> None:
        """Check plain data.

        Raises
        ------
        SlxrdError
            If the option ``name`` cannot have the value.
        """

    @abstractmethod
    def schema(self) -> Schema:
        """The same constraint as JSON schema."""

    def check_python(self, name: str, value: Any) -> None:
        """Check an argument of :func:`slxrd.fit`.

        Raises
        ------
        SlxrdError
            If the option ``name`` cannot have the value.
        """
        if not isinstance(value, self.python):
            self.check(name, plain(value, name, finite=False))

    def parse(self, texts: Sequence[str], flag: str) -> Any:
        """Parse the texts after ``flag``, one for each repetition.

        Raises
        ------
        SlxrdError
            If it cannot be read.
        """
        return texts[-1]

    def typed(self, texts: Sequence[str], flag: str) -> Any:
        """Parse the texts as an argument of :func:`slxrd.fit`.

        Raises
        ------
        SlxrdError
            If it cannot be read.
        """
        return self.argument(self.parse(texts, flag))

    def texts(self, name: str, value: Any) -> list[str]:
        """Write plain data as it is typed, one text for each repetition of the option.

        Raises
        ------
        SlxrdError
            If it cannot be typed.
        """
        return [number_text(value) if is_number(value) else str(value)]

    def argument(self, value: Any) -> Any:
        """Convert plain data to an argument of :func:`slxrd.fit`."""
        return value

    def imports(self, value: Any) -> list[str]:
        """Return the imports that :meth:`source` needs in addition to ``import slxrd``."""
        return []

    def source(self, value: Any) -> str:
        """Write plain data as a Python expression."""
        return repr(self.argument(value))


@dataclass(frozen=True)
class Flag(Kind):
    """True or false; typed without a value."""

    typed_as = bool
    documented = "bool"

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        if not isinstance(value, bool):
            raise SlxrdError(f"{name} {value!r}: must be true or false")

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        return {"type": "boolean"}

    def parse(self, texts: Sequence[str], flag: str) -> bool:
        """See :meth:`Kind.parse`."""
        return True

    def texts(self, name: str, value: Any) -> list[str]:
        """See :meth:`Kind.texts`."""
        return []


@dataclass(frozen=True)
class Choice(Kind):
    """One of several names.

    Parameters
    ----------
    names : callable or tuple of str
        The names; a function where they can be added to.
    """

    names: tuple[str, ...] | Callable[[], Sequence[str]]

    @property
    def choices(self) -> tuple[str, ...]:
        """The names that there are now."""
        return tuple(self.names() if callable(self.names) else self.names)

    @property
    def documented(self) -> str:
        """See :attr:`Kind.documented`."""
        if callable(self.names):
            return "str"
        return "{" + ", ".join(f'"{name}"' for name in self.choices) + "}"

    @property
    def typed_as(self) -> Any:
        """See :attr:`Kind.typed_as`; names that can be added to are not listed at start-up."""
        return str if callable(self.names) else Literal[self.choices]

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        if value not in self.choices:
            raise SlxrdError(f"{name} {value!r} is not one of {', '.join(self.choices)}")

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        return {"enum": list(self.choices)}


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number.

    Parameters
    ----------
    least : int, optional
        The smallest.
    of : str
        Unit of the number, for the error.
    """

    least: int | None = None
    of: str = ""
    typed_as = int
    documented = "int"

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or (self.least is not None and value < self.least):
            of = f" of {self.of}" if self.of else ""
            least = "" if self.least is None else f", {self.least} or more"
            raise SlxrdError(f"{name} {value!r}: must be a whole number{of}{least}")

    def check_python(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check_python`; 7.0 is a whole number too."""
        given = plain(value, name, finite=False)
        self.check(name, int(given) if isinstance(given, float) and given.is_integer() else given)

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        return {"type": "integer", **({} if self.least is None else {"minimum": self.least})}

    def parse(self, texts: Sequence[str], flag: str) -> int:
        """See :meth:`Kind.parse`."""
        if not texts[-1].strip().isdecimal():
            raise SlxrdError(f"{flag} {texts[-1]}: must be a whole number")
        return int(texts[-1])


@dataclass(frozen=True)
class Number(Kind):
    """A number.

    Parameters
    ----------
    least, above, below : float, optional
        The smallest value; bounds that are excluded.
    error : str
        Error text for a number outside them.
    """

    least: float | None = None
    above: float | None = None
    below: float | None = None
    error: str = "must be a number"
    typed_as = float
    documented = "float"

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        if not is_number(value):
            raise SlxrdError(f"{name} {value!r}: must be a number")
        if not (
            (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
            and math.isfinite(value)
        ):
            raise SlxrdError(f"{name.replace('_', ' ')} {value!r}: {self.error}")

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        bounds = {"minimum": self.least, "exclusiveMinimum": self.above, "exclusiveMaximum": self.below}
        return {"type": "number", **{key: bound for key, bound in bounds.items() if bound is not None}}

    def parse(self, texts: Sequence[str], flag: str) -> float:
        """See :meth:`Kind.parse`."""
        return parsing.number(texts[-1], flag)


@dataclass(frozen=True)
class Text(Kind):
    """A text."""

    documented = "str"

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        if not isinstance(value, str):
            raise SlxrdError(f"{name} {value!r}: must be a text")

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        return {"type": "string"}


@dataclass(frozen=True)
class NumberOrText(Kind):
    """A number, or a text that is none."""

    documented = "float or str"

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        if not (isinstance(value, str) or is_number(value)):
            raise SlxrdError(f"{name} {value!r}: must be a text or a number")

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        return {"type": ["number", "string"]}

    def parse(self, texts: Sequence[str], flag: str) -> float | str:
        """See :meth:`Kind.parse`."""
        try:
            return float(texts[-1])
        except ValueError:
            return texts[-1]

    def typed(self, texts: Sequence[str], flag: str) -> str:
        """See :meth:`Kind.typed`; the text itself, as a number in it is read later."""
        return texts[-1]
