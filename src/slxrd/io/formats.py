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
        Name for messages, after "is": ``"Bruker .brml"``.
    suffixes : tuple of str
        Usual suffixes of file names, with the dot; for the documentation only.
    recognises : callable
        Return True for the content (bytes) of a file of this format; must be fast and never raise.
    scans : callable
        From a request, with the content ``data`` and the path ``source``, to the scans in the order of the
        file: functions that return one :class:`slxrd.Scan` or raise :class:`slxrd.FileError`.
    generic : bool
        Tried after all others, because it recognises files of other formats too.
    columns : bool
        Columns can be selected with the option ``columns``.
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
