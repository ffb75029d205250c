"""The registry of file formats.

Each module of :mod:`slxrd.io` that reads a format registers it here and is found automatically. Installed
packages add formats by entry points of the group ``slxrd.formats``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slxrd._registry import Registry
from slxrd.io.shared.scan import Load, Request


@dataclass(frozen=True)
class Format:
    """A file format.

    Parameters
    ----------
    name : str
        As in messages, after "is": ``"Bruker .brml"``.
    suffixes : tuple of str
        Usual endings of the file's name, with the dot; for the documentation, as the content decides.
    recognises : callable
        Whether a file's content, bytes, is of this format. Fast, and it never raises.
    scans : callable
        From a request, whose ``data`` is the content and ``source`` the path, to the scans of the file in its
        order: functions, each of which returns one :class:`slxrd.Scan` or raises :class:`slxrd.FileError`.
    generic : bool
        Whether many files of other formats are recognised too; tried after all others.
    columns : bool
        Whether the caller may choose columns.
    """

    name: str
    suffixes: tuple[str, ...]
    recognises: Callable[[bytes], bool]
    scans: Callable[[Request], Sequence[Load]]
    generic: bool = False
    columns: bool = False


#: All formats by short names.
FORMATS: Registry[Format] = Registry(
    "file format", "slxrd.formats", package="slxrd.io", accepts=lambda item: isinstance(item, Format)
)


def formats() -> tuple[Format, ...]:
    """Return all formats in the order in which they are tried."""
    return tuple(sorted((found for _, found in FORMATS.items()), key=lambda found: found.generic))
