"""Results of a sample by other methods, which a session keeps beside its fits."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slxrd.errors import SlxrdError
from slxrd.fitting.record.layout import SampleResultDocument

#: Beginning of every PNG file.
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, eq=False)
class SampleResult:
    """Periods, an orientation, a fit of several cuts, or the result in a file.

    Parameters
    ----------
    name : str
        ``"periods"``, ``"orientation"`` or ``"directions"``; of a file its name.
    document : mapping
        The result as plain data.
    command : str
        The command that gives the same; empty for a file.
    printed : str
        The printed result; empty for a file.
    curves : str
        The curves as CSV; empty without curves.
    picture : bytes
        The figure as PNG; empty without one.
    """

    name: str
    document: Mapping[str, Any]
    command: str = ""
    printed: str = ""
    curves: str = ""
    picture: bytes = b""


def as_documents(results: Sequence[SampleResult]) -> list[SampleResultDocument]:
    """Convert results to plain data for JSON."""
    return [
        {
            "name": each.name,
            "document": each.document,
            "command": each.command,
            "printed": each.printed,
            "curves": each.curves,
            "picture": base64.b64encode(each.picture).decode(),
        }
        for each in results
    ]


def from_documents(items: Any) -> tuple[SampleResult, ...]:
    """Convert the results of a document.

    Parameters
    ----------
    items : list
        As :func:`as_documents` returns it.

    Raises
    ------
    SlxrdError, KeyError, TypeError, ValueError
        If something is missing or invalid.
    """
    if not isinstance(items, list):
        raise SlxrdError("the results of the sample are no list")
    found = tuple(map(_result, items))
    if len({each.name for each in found}) < len(found):
        raise SlxrdError("two results of the sample have one name")
    return found


def _result(item: Mapping[str, Any]) -> SampleResult:
    texts = {name: item[name] for name in ("name", "command", "printed", "curves")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise SlxrdError("a text of a result of the sample is none")
    if not isinstance(item["document"], Mapping):
        raise SlxrdError("a result of the sample is no names and values")
    picture = base64.b64decode(item["picture"], validate=True)
    if picture and not picture.startswith(_PNG):
        raise SlxrdError("the figure of a result of the sample is no PNG file")
    return SampleResult(document=item["document"], picture=picture, **texts)
