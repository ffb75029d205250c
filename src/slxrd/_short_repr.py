"""Representations of results that fit a line or two, whatever the results contain."""

from __future__ import annotations

import reprlib
from dataclasses import fields
from typing import Any, TypeVar

Class = TypeVar("Class")

#: Characters of a representation, and of the value of one field.
LONGEST, LONGEST_VALUE = 200, 48


class _Short(reprlib.Repr):
    """As :class:`reprlib.Repr`, with six digits of a number and the shape of an array."""

    def repr_float(self, value: float, level: int) -> str:
        return f"{value:.6g}"

    def repr_ndarray(self, value: Any, level: int) -> str:
        return f"<array {'×'.join(map(str, value.shape))}>"

    def repr_mappingproxy(self, value: Any, level: int) -> str:
        return self.repr_dict(dict(value), level)

    repr_FrozenDict = repr_mappingproxy
    repr_float64 = repr_float


_SHORT = _Short()
_SHORT.maxdict, _SHORT.maxtuple, _SHORT.maxlist, _SHORT.maxlevel = 6, 3, 3, 2
_SHORT.maxstring = _SHORT.maxother = LONGEST_VALUE


def short_repr(cls: type[Class]) -> type[Class]:
    """Give a dataclass a representation of at most 200 characters, with as many fields as find room.

    Parameters
    ----------
    cls : type
        A dataclass; use it as a decorator above ``@dataclass``.
    """

    def represent(self: Any) -> str:
        found = f"<{type(self).__name__}"
        for i, field in enumerate(each for each in fields(self) if each.repr):
            part = f"{',' if i else ''} {field.name} {_SHORT.repr(getattr(self, field.name))}"
            if len(found) + len(part) > LONGEST - 4:
                return f"{found}, …>"
            found += part
        return f"{found}>"

    cls.__repr__ = represent  # type: ignore[method-assign]
    return cls
