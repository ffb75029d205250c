"""JSON schemas of the documents of slxrd: ``python tests/helpers/json_schemas.py`` makes docs/schemas.

They follow from the types that the writers return, which mypy checks, and from the options of a fit.
pydantic and msgspec make schemas of such types too, but not of parts that a function describes, as the
request, nor of the fields that an earlier layout had.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, Union

from slxrd._layout import FieldsOf, Since
from slxrd.fitting.record.layout import FittedSessionDocument, ResultDocument, SessionDocument
from slxrd.fitting.record.migrations import SCHEMA
from slxrd.studies.maps.layout import MapDocument
from slxrd.studies.series.layout import SeriesDocument
from slxrd.studies.series.output import SCHEMA as SERIES_SCHEMA
from slxrd.ui.gallery.layout import GalleryDocument

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "schemas"
DRAFT = "https://json-schema.org/draft/2020-12/schema"
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
Schema = dict[str, Any]


def parts(annotation: Any) -> tuple[Any, list[Any], bool]:
    """A type without its wrappers, what is said of it, and whether it may be missing."""
    said: list[Any] = []
    optional = False
    while (origin := typing.get_origin(annotation)) in (Annotated, NotRequired):
        if origin is Annotated:
            said += annotation.__metadata__
            annotation = annotation.__origin__
        else:
            optional = True
            (annotation,) = typing.get_args(annotation)
    return annotation, said, optional


def schema_of(annotation: Any, layout: int) -> Schema:
    """Schema of what has a type, in a layout."""
    annotation, said, _ = parts(annotation)
    text = [note for note in said if isinstance(note, str)]
    described: Schema = {"description": text[0]} if text else {}
    for note in said:
        inner: Schema | None = None
        if isinstance(note, FieldsOf):
            fields = typing.get_type_hints(note.record, include_extras=True)
            own = {field.name: fields[field.name] for field in dataclasses.fields(note.record)}
            late = {f.name for f in dataclasses.fields(note.record) if f.default is not dataclasses.MISSING}
            inner = _object({**own, **note.more}, layout, missing=late)
        elif callable(note):
            inner = {key: value for key, value in note().items() if key != "$schema"}
        if inner is not None:
            optional = type(None) in typing.get_args(annotation)
            return {**described, **({"anyOf": [inner, {"type": "null"}]} if optional else inner)}
    return {**described, **_bare(annotation, layout)}


def _bare(annotation: Any, layout: int) -> Schema:
    origin, given = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is Any:
        return {}
    if annotation in PLAIN:
        return {"type": PLAIN[annotation]}
    if typing.is_typeddict(annotation):
        hints = typing.get_type_hints(annotation, include_extras=True)
        return {"title": annotation.__doc__, **_object(hints, layout)}
    if dataclasses.is_dataclass(annotation):
        return _object(typing.get_type_hints(annotation, include_extras=True), layout)
    if origin is Literal:
        return {"enum": list(given)}
    if origin in (Union, types.UnionType):
        return _one_of([schema_of(each, layout) for each in given])
    if origin is tuple and given[-1] is not Ellipsis:
        inside = [schema_of(each, layout) for each in given]
        return {"type": "array", "prefixItems": inside, "minItems": len(given), "maxItems": len(given)}
    if origin in (list, tuple) or origin is Sequence:
        return {"type": "array", "items": schema_of(given[0], layout)}
    if origin is dict or origin is Mapping:
        return {"type": "object", "additionalProperties": schema_of(given[1], layout)}
    raise TypeError(f"{annotation} has no schema")


def _one_of(schemas: list[Schema]) -> Schema:
    """What agrees with one of several schemas."""
    if all(set(each) == {"type"} for each in schemas):
        return {"type": [each["type"] for each in schemas]}
    return {"anyOf": schemas}


def _object(hints: Mapping[str, Any], layout: int, missing: set[str] = frozenset()) -> Schema:
    """An object with some fields and no others; some may be missing from documents of earlier versions."""
    properties, required = {}, []
    for name, annotation in hints.items():
        _, said, optional = parts(annotation)
        if any(isinstance(note, Since) and note.layout > layout for note in said):
            continue
        properties[name] = schema_of(annotation, layout)
        if not optional and name not in missing:
            required.append(name)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def document(kind: type, layout: int, *, versioned: bool = True) -> Schema:
    """Schema of a whole document."""
    found = schema_of(kind, layout)
    if versioned:
        found["properties"]["schema"]["const"] = layout
    return {"$schema": DRAFT, **found}


def session(layout: int) -> Schema:
    """Schema of a session, with a fit or without."""
    with_fit, without = (document(kind, layout) for kind in (FittedSessionDocument, SessionDocument))
    for each in (with_fit, without):
        del each["$schema"]
    return {"$schema": DRAFT, "title": "A session", "anyOf": [without, with_fit]}


def schemas() -> dict[str, Schema]:
    """All schemas by the name of their file: layouts that are read, of which the last is written."""
    found = {f"result-{layout}": document(ResultDocument, layout) for layout in range(1, SCHEMA + 1)}
    found |= {f"session-{layout}": session(layout) for layout in range(2, SCHEMA + 1)}
    return found | {
        f"series-{SERIES_SCHEMA}": document(SeriesDocument, SERIES_SCHEMA),
        "map-1": document(MapDocument, 1),
        "gallery": document(GalleryDocument, 1, versioned=False),
    }


def as_text(schema: Schema) -> str:
    """A schema as it is committed."""
    return json.dumps(schema, indent=1, ensure_ascii=False, default=list) + "\n"


def main() -> None:
    """Write all schemas, and remove others."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for name, schema in schemas().items():
        (FOLDER / f"{name}.json").write_text(as_text(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
