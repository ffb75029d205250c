"""What the types of a written document state beside the types: since which layout a field is written."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Since:
    """Layout since which a field is written; documents of earlier layouts do not contain it.

    Parameters
    ----------
    layout : int
        Version of the layout.
    """

    layout: int


@dataclass(frozen=True)
class FieldsOf:
    """Class whose fields a dictionary contains, and further fields.

    Parameters
    ----------
    record : type
        A dataclass.
    more : dict
        Types of further fields by name.
    """

    record: type
    more: dict[str, object] = field(default_factory=dict, hash=False)
