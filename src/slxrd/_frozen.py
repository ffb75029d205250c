"""Mappings and arrays that cannot be changed, not even after pickle or copy."""

from __future__ import annotations

from typing import Any, Never, TypeVar

import numpy as np
from numpy.typing import NDArray

Key = TypeVar("Key")
Value = TypeVar("Value")
AnyArray = TypeVar("AnyArray", bound=NDArray[Any])


class FrozenDict(dict[Key, Value]):
    """A dictionary that cannot be changed; JSON writes it as any other."""

    def _refuse(self, *_: object, **__: object) -> Never:
        raise TypeError("this mapping is frozen; make a changed copy of it with dict(...)")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = _refuse
    __ior__ = _refuse

    def __reduce__(self) -> tuple[type[FrozenDict[Key, Value]], tuple[dict[Key, Value]]]:
        return type(self), (dict(self),)


def read_only(array: AnyArray) -> AnyArray:
    """Make an array read-only, and return it."""
    array.setflags(write=False)
    return array


class Sealed:
    """An object whose read-only arrays stay read-only when it is pickled or copied."""

    def __getstate__(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        state = dict(vars(self))
        sealed = [k for k, v in state.items() if isinstance(v, np.ndarray) and not v.flags.writeable]
        return state, tuple(sealed)

    def __setstate__(self, state: tuple[dict[str, Any], tuple[str, ...]]) -> None:
        vars(self).update(state[0])
        for name in state[1]:
            read_only(state[0][name])
