"""Compressed numbers of JCAMP-DX, the ASCII squeezed difference form (ASDF).

McDonald and Wilks, Appl. Spectrosc. 42, 151 (1988), section 5 and table VII. The first character of a number
tells its form: digits and signs as usual (AFFN; PAC, where signs part the numbers too); ``@A…I a…i``, a
leading digit with sign (SQZ); ``%J…R j…r``, the difference to the number before (DIF); ``S…Z s``, how often
the number or difference before stands (DUP). After a line that ends in a difference, the first number of the
next one repeats the last of that line, as a check.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from slxrd.errors import FileError
from slxrd.pattern import LARGEST

#: Most points of a scan: a few characters can stand for very many.
POINTS_LIMIT = 1_000_000

_FORMS = (
    r"(?P<affn>[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]\d{1,3})?)"
    r"|(?P<sqz>[@A-Ia-i]\d*)|(?P<dif>[%J-Rj-r]\d*)|(?P<dup>[S-Zs]\d*)"
)
_TOKEN = re.compile(rf"[ \t,;]*(?:{_FORMS})")
_LEADING = {"@": "0", "%": "0", "s": "9"}
_LEADING |= {chr(ord("A") + i): str(i + 1) for i in range(9)}
_LEADING |= {chr(ord("a") + i): str(-i - 1) for i in range(9)}
_LEADING |= {chr(ord("J") + i): str(i + 1) for i in range(9)}
_LEADING |= {chr(ord("j") + i): str(-i - 1) for i in range(9)}
_LEADING |= {chr(ord("S") + i): str(i + 1) for i in range(8)}


class Decoder:
    """Ordinates of the lines of an ``(X++(Y..Y))`` table, as they are fed to it.

    Parameters
    ----------
    source : str
        Path, for messages.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        #: Ordinates so far.
        self.ordinates: list[float] = []
        self._ends_in_difference = False

    def feed(self, text: str, line: int) -> tuple[str, int]:
        """Decode a line.

        Parameters
        ----------
        text : str
            The abscissa and its ordinates.
        line : int
            Its number, for messages.

        Returns
        -------
        abscissa : str
            As written.
        index : int
            Which of the ordinates stands at it.

        Raises
        ------
        FileError
            If something else than numbers stands there, or the check fails.
        """
        numbers = self._numbers(text, line)
        form, written = next(numbers, ("", ""))
        if form != "affn":
            raise FileError(self.source, "does not begin with its abscissa", line)
        abscissa = written
        known = len(self.ordinates)
        checked = self._ends_in_difference
        if checked:
            form, written = next(numbers, ("", ""))
            last = self.ordinates[-1]
            if form not in ("affn", "sqz") or float(written) != last:
                raise FileError(
                    self.source,
                    f"begins with {written!r} and not with the {last:g} of the line before it",
                    line,
                )
        difference: float | None = None
        for form, written in numbers:
            if form == "dup":
                times = int(written[:8]) - 1
                if len(self.ordinates) == known and not checked:
                    raise FileError(self.source, "begins with a repetition of nothing", line)
                if times < 0 or len(self.ordinates) + times > POINTS_LIMIT:
                    raise FileError(self.source, f"repeats a number {written[:20]} times", line)
            else:
                times, difference = 1, float(written) if form == "dif" else None
                if form == "dif" and not self.ordinates:
                    raise FileError(self.source, "begins with a difference to nothing", line)
            for _ in range(times):
                if difference is None:
                    value = self.ordinates[-1] if form == "dup" else float(written)
                else:
                    value = self.ordinates[-1] + difference
                if abs(value) > LARGEST:
                    raise FileError(self.source, f"{value:g} is no intensity; export it again", line)
                self.ordinates.append(value)
            if len(self.ordinates) > POINTS_LIMIT:
                raise FileError(self.source, f"has more than {POINTS_LIMIT:,} points", line)
        self._ends_in_difference = difference is not None
        return abscissa, known - 1 if checked else known

    def _numbers(self, text: str, line: int) -> Iterator[tuple[str, str]]:
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if not found:
                rest = text[at:].strip(" \t,;")
                if not rest:
                    return
                raise FileError(self.source, f"{rest[:20]!r} is not understood; export it again", line)
            at = found.end()
            form = str(found.lastgroup)
            written = found[form]
            yield form, written if form == "affn" else _LEADING[written[0]] + written[1:]
