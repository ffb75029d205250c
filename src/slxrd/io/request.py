"""What a format's reader is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from slxrd.io.picks import Picks
from slxrd.pattern import Axis
from slxrd.units import Radiation


@dataclass(frozen=True)
class Request:
    """A file's content and what the caller says about it.

    Parameters
    ----------
    source : str
        Path of the file, for messages.
    data : bytes
        The whole file.
    axis : {"q", "2theta"}, optional
        What the caller says the axis is; None leaves it to the file.
    radiation : Radiation, optional
        As given by the caller; it goes before the file's own.
    trust_axis : bool
        Read an axis whose range contradicts its name all the same.
    scan : int, optional
        Which scan of several, counted from 1.
    columns : Picks, optional
        Which columns of a text file are read.
    """

    source: str
    data: bytes
    axis: Axis | None = None
    radiation: Radiation | None = None
    trust_axis: bool = False
    scan: int | None = None
    columns: Picks | None = None
