"""The public signatures as text; tests/contract/public_api.txt is the record of them.

After a change that is wanted: ``python tests/helpers/signatures.py > tests/contract/public_api.txt``.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Iterator

import slxrd


def signatures() -> str:
    """Names, arguments, defaults, annotations, fields, properties and methods of all that is public."""
    return "\n".join(line for name in slxrd.__all__ for line in _described(name, getattr(slxrd, name))) + "\n"


def _described(name: str, thing: object) -> Iterator[str]:
    if not inspect.isclass(thing):
        yield from _function(name, thing)
        return
    if issubclass(thing, Exception):
        yield f"{name}: exception"
        return
    yield from _function(f"class {name}", thing)
    fields = {field.name for field in dataclasses.fields(thing)} if dataclasses.is_dataclass(thing) else set()
    for attribute in sorted(dir(thing)):
        value = inspect.getattr_static(thing, attribute)
        if attribute.startswith("_") or attribute in fields:
            continue
        if isinstance(value, classmethod | staticmethod):
            value = value.__func__
        if inspect.isfunction(value):
            yield from _function(f"  {name}.{attribute}", value)
        else:
            kind = "property" if isinstance(value, property) or hasattr(value, "__get__") else "attribute"
            getter = getattr(value, "fget", None) or getattr(value, "func", None)
            returned = getattr(getter, "__annotations__", {}).get("return", "")
            yield f"  {name}.{attribute}: {kind}" + (f" -> {returned}" if returned else "")


def _function(name: str, thing: object) -> Iterator[str]:
    signature = inspect.signature(thing)  # type: ignore[arg-type]
    ending = (
        ""
        if signature.return_annotation in (signature.empty, None)
        else f" -> {_text(signature.return_annotation)}"
    )
    yield f"{name}{'' if inspect.isclass(thing) else ending}"
    for parameter in signature.parameters.values():
        if parameter.name == "self":
            continue
        star = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        only = " (keyword only)" if parameter.kind is parameter.KEYWORD_ONLY else ""
        annotation = "" if parameter.annotation is parameter.empty else f": {_text(parameter.annotation)}"
        yield f"    {star}{parameter.name}{annotation}{_default(parameter)}{only}"


def _text(annotation: object) -> str:
    if isinstance(annotation, str):
        return annotation
    return inspect.formatannotation(annotation).replace("pathlib._local.", "pathlib.")  # Python 3.13


def _default(parameter: inspect.Parameter) -> str:
    """The default, without what differs from one process or version of Python to another."""
    value = parameter.default
    if value is parameter.empty:
        return ""
    if type(value).__name__ == "_HAS_DEFAULT_FACTORY_CLASS":
        return " = <made anew>"
    if value is None or isinstance(value, bool | int | float | str | tuple):
        return f" = {value!r}"
    return f" = <{type(value).__name__}>"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(signatures())
