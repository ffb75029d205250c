"""Arguments of public functions and classes: their types are checked against the annotations."""

from __future__ import annotations

import builtins
import dataclasses
import functools
import inspect
import numbers
import os
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd.errors import FileError, SlxrdError

Function = TypeVar("Function", bound=Callable[..., Any])

_PLAIN = {float: "a number", int: "a whole number", str: "a text", bool: "True or False", type(None): "None"}
_COUNTS = {2: "two", 3: "three"}
#: Aliases of types, from Python 3.12 on.
_ALIAS: Any = getattr(typing, "TypeAliasType", ())
_LISTS = (Iterable, Sequence, Collection, list, tuple, frozenset, set)
#: Largest whole number: larger ones are not accepted by NumPy.
_LARGEST_WHOLE = 2**63 - 1
#: Longest value that is quoted in an error.
_QUOTED = 60


class _MismatchError(Exception):
    """A value that does not suit an annotation."""


class _UnresolvedName:
    """Base of the stand-ins for classes that are imported for type checkers only."""


class _Names(dict[str, Any]):
    """Names in annotations of a module; those that are imported for type checkers only are stand-ins."""

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name):
            return getattr(builtins, name)
        return type(name, (_UnresolvedName,), {})


def check_arguments(function: Function) -> Function:
    """Make a function check the types of its arguments.

    Arrays may be any real arrays, lists, or columns of pandas; the function receives arrays of float.
    Keywords that are collected in ``**options`` are not checked.

    Parameters
    ----------
    function : callable
        With annotations.

    Returns
    -------
    callable
        The same function, which raises SlxrdError for an argument of another type.
    """
    bound = inspect.signature(function)

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        given = bound.bind(*args, **kwargs)  # TypeError for missing and unknown arguments
        hints = _hints(function)
        for name, value in given.arguments.items():
            if name in hints and value is not bound.parameters[name].default:
                given.arguments[name] = _checked(value, hints[name], name, function.__name__)
        return function(*given.args, **given.kwargs)

    return cast(Function, checked)


def check_fields(made: Any, *without: str) -> None:
    """Check the types of the fields of a frozen dataclass, in its ``__post_init__``.

    Parameters
    ----------
    made : dataclass
        The object.
    *without : str
        Fields that are checked elsewhere.

    Raises
    ------
    SlxrdError
        If a field has another type than its annotation.
    """
    owner: Any = type(made)
    for name, hint in _hints(owner).items():
        if name in without:
            continue
        value = getattr(made, name)
        if value is not getattr(owner, name, inspect.Parameter.empty):
            object.__setattr__(made, name, _checked(value, hint, name, owner.__name__))


def real_array(values: Any, name: str) -> NDArray[np.float64]:
    """Convert numbers to an array of float.

    Parameters
    ----------
    values : array_like
        Numbers in lists or arrays, or a column or table of pandas.
    name : str
        Name of the values, for messages.

    Raises
    ------
    SlxrdError
        If they are not real numbers, have different lengths, or are masked in part.
    """
    if np.ma.is_masked(values):
        raise SlxrdError(f"{name}: some values are masked; leave them out (compressed() of a masked array)")
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    try:
        array = np.asarray(values)
        if array.dtype.kind == "O" and not any(isinstance(item, str | bytes | bool) for item in array.flat):
            array = array.astype(np.float64)
    except (ValueError, TypeError, OverflowError):
        raise SlxrdError(f"{name}: expected real numbers, in rows of one length") from None
    if array.dtype.kind not in "uif":
        raise SlxrdError(f"{name}: expected real numbers, got {_kind_of(array)}")
    return np.asarray(array, dtype=np.float64)


def check_seed(seed: int | None) -> None:
    """Check a seed of random numbers.

    Raises
    ------
    SlxrdError
        If it is negative.
    """
    if seed is not None and seed < 0:
        raise SlxrdError(f"seed {seed}: must be 0 or more")


def quoted(value: Any) -> str:
    """Return a value for a message, in one line: itself if it is short, otherwise its type."""
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        try:
            text = repr(value)
        except ValueError:  # a whole number of thousands of digits
            return "a very large number"
        return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"
    return type(value).__name__ if not inspect.isclass(value) else f"the class {value.__name__}"


def _kind_of(array: NDArray[Any]) -> str:
    names = {"c": "complex numbers", "U": "texts", "S": "bytes", "b": "truth values", "M": "dates"}
    return names.get(array.dtype.kind, f"values of type {array.dtype}")


@functools.cache
def _hints(thing: Any) -> dict[str, Any]:
    """Types of the arguments of a function, or of the fields of a dataclass, by name."""
    if inspect.isclass(thing):
        own = {field.name: field.type for field in dataclasses.fields(cast(Any, thing))}
        names = vars(inspect.getmodule(thing))
    else:
        own = thing.__annotations__
        names = thing.__globals__
        collected = [p.name for p in inspect.signature(thing).parameters.values() if p.kind is p.VAR_KEYWORD]
        own = {name: hint for name, hint in own.items() if name not in ("return", *collected)}
    holder = types.SimpleNamespace(__annotations__=own)
    return get_type_hints(holder, globalns=names, localns=_Names(names))


def _checked(value: Any, hint: Any, name: str, owner: str) -> Any:
    try:
        return _converted(value, hint, name)
    except _MismatchError:
        raise SlxrdError(
            f"{name}: expected {_described(hint)}, got {quoted(value)}{_advice(value, hint, owner)}"
        ) from None


def _advice(value: Any, hint: Any, owner: str) -> str:
    if getattr(hint, "__name__", "") == "Pattern" and isinstance(value, str | os.PathLike):
        return f"; read the file first: slxrd.{owner}(slxrd.read({os.fspath(value)!r}))"
    return ""


def _converted(value: Any, hint: Any, name: str) -> Any:
    """Return the value as the function expects it.

    Raises
    ------
    _MismatchError
        If it has another type.
    """
    hint = _without_alias(hint)
    origin = get_origin(hint)
    if origin is np.ndarray or hint is ArrayLike:
        return real_array(value, name)
    if origin in (Union, types.UnionType):
        return _of_union(value, get_args(hint), name)
    if hint in _PLAIN:
        return _plain(value, hint)
    if origin is Literal:
        return _require(value, isinstance(value, tuple({type(item) for item in get_args(hint)})))
    if origin in _LISTS or hint in _LISTS:
        return _of_list(value, origin, get_args(hint), name)
    if origin is Mapping or origin is dict:
        return _of_mapping(value, get_args(hint), name)
    if origin is Callable or hint is Callable:
        return _require(value, callable(value))
    if isinstance(value, tuple) and hasattr(hint, "_fields") and len(value) == len(hint._fields):
        return hint(*value)
    return _require(value, _is_of_class(value, origin or hint))


def _require(value: Any, suits: bool) -> Any:
    if not suits:
        raise _MismatchError
    return value


def _is_of_class(value: Any, wanted: Any) -> bool:
    if not inspect.isclass(wanted) or wanted in (Any, object):
        return True
    if issubclass(wanted, _UnresolvedName):
        return any(base.__name__ == wanted.__name__ for base in type(value).__mro__)
    if getattr(wanted, "_is_protocol", False) and not getattr(wanted, "_is_runtime_protocol", False):
        return True
    return isinstance(value, wanted)


def _plain(value: Any, hint: Any) -> Any:
    if isinstance(value, np.ndarray) and value.ndim == 0 and not np.ma.is_masked(value):
        value = value.item()
    truth = isinstance(value, bool | np.bool_)
    if hint is float:
        if truth or not isinstance(value, numbers.Real):
            raise _MismatchError
        try:
            float(value)
        except OverflowError:
            raise _MismatchError from None
        return value
    if hint is int:
        whole = isinstance(value, numbers.Integral) or (isinstance(value, float) and value.is_integer())
        if truth or not whole or not -_LARGEST_WHOLE <= value <= _LARGEST_WHOLE:
            raise _MismatchError
        return int(value)
    return _require(value, truth if hint is bool else isinstance(value, hint))


def _without_alias(hint: Any) -> Any:
    """Replace an alias of the ``type`` statement, as those of newer versions of NumPy, by what it stands for.

    ``ArrayLike`` remains.
    """
    if isinstance(hint, _ALIAS):
        return hint if hint is ArrayLike else _without_alias(hint.__value__)
    if isinstance(get_origin(hint), _ALIAS):
        return _without_alias(get_origin(hint).__value__[get_args(hint)])
    return hint


def _takes_arrays(choices: tuple[Any, ...]) -> bool:
    """Whether ``ArrayLike`` is one of the choices, itself or, as a union, by its own choices."""
    return set(get_args(ArrayLike) or (ArrayLike,)) <= set(choices)


def _of_union(value: Any, choices: tuple[Any, ...], name: str) -> Any:
    if _takes_arrays(choices):
        return value if value is None and type(None) in choices else real_array(value, name)
    if any(choice is Path or get_origin(choice) is os.PathLike for choice in choices):
        _check_path(value, name)
    for choice in choices:
        try:
            return _converted(value, choice, name)
        except (_MismatchError, SlxrdError) as error:
            wrong = error
    raise wrong if isinstance(wrong, SlxrdError) else _MismatchError


def _check_path(value: Any, name: str) -> None:
    if isinstance(value, str | os.PathLike) and "\0" in os.fsdecode(value):
        raise FileError(name, "is not a valid path, as it contains a null character")


def _of_list(value: Any, origin: Any, items: tuple[Any, ...], name: str) -> Any:
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__") or np.ma.is_masked(value):
        raise _MismatchError
    if isinstance(value, Mapping) and origin is not Iterable:  # iteration gives its names
        raise _MismatchError
    if getattr(value, "ndim", 1) == 0:
        raise _MismatchError
    listed = list(value)
    if not items:
        return value
    if origin is tuple and items[-1] is not Ellipsis:
        if len(listed) != len(items):
            raise _MismatchError
        return tuple(_converted(item, hint, name) for item, hint in zip(listed, items, strict=True))
    return tuple(_converted(item, items[0], name) for item in listed)


def _of_mapping(value: Any, items: tuple[Any, ...], name: str) -> Any:
    if hasattr(value, "to_numpy") and hasattr(value, "columns"):  # a table of pandas
        value = {str(column): value[column].to_numpy() for column in value.columns}
    if not isinstance(value, Mapping):
        raise _MismatchError
    for key, item in value.items() if items else ():
        _converted(key, items[0], name)
        _checked(item, items[1], f"{name} {key}", "")
    return value


def _described(hint: Any) -> str:
    """What an annotation accepts, in words."""
    hint = _without_alias(hint)
    if hint is ArrayLike:
        return "real numbers"
    origin, items = get_origin(hint), get_args(hint)
    if origin is np.ndarray:
        return "real numbers"
    if origin in (Union, types.UnionType) and _takes_arrays(items):
        return "real numbers"
    if origin in (Union, types.UnionType):
        texts = list(dict.fromkeys(_described(item) for item in items))
        return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}"
    if hint in _PLAIN:
        return _PLAIN[hint]
    if origin is Literal:
        return "one of " + ", ".join(str(item) for item in items)
    if origin is tuple and items and items[-1] is not Ellipsis:
        each = {_described(item) for item in items}
        if len(each) == 1 and len(items) in _COUNTS:
            return f"{_COUNTS[len(items)]} {each.pop().removeprefix('a ')}s"
        return f"({', '.join(_described(item) for item in items)})"
    if origin in _LISTS:
        return f"a list, each {_described(items[0])}" if items and items[0] is not Any else "a list"
    if origin is Mapping or origin is dict:
        return "names and values"
    if origin is Callable or hint is Callable:
        return "a function"
    name = getattr(origin or hint, "__name__", str(hint))
    return {"PathLike": "a path", "Path": "a path", "Integral": "a whole number"}.get(name, name)
