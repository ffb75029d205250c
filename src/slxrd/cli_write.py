"""Where a command's outputs go: seen to be writable beforehand, made before any is written."""

from __future__ import annotations

import json as json_text
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from slxrd.errors import SlxrdError
from slxrd.files import check_writable, write


class Outputs:
    """The files of a command: ``--out``, ``--json`` and ``--plot``.

    Parameters
    ----------
    name : str
        Of the files in the folder: name.json, name.csv and name.png.
    file : Path
        What is read, and never overwritten.
    out : Path, optional
        The folder.
    json : str, optional
        A file, or ``"-"`` for standard output.
    plot : Path, optional
        A picture.
    force : bool
        Whether existing files may be overwritten.

    Raises
    ------
    SlxrdError
        If two of them are the same, or one is ``file``, or one cannot be written.
    """

    def __init__(
        self, name: str, file: Path, out: Path | None, json: str | None, plot: Path | None, force: bool
    ) -> None:
        if plot is not None:
            from slxrd.plotting import check_picture

            check_picture(plot)
        self.plot, self.standard = plot, json == "-"
        self.json = Path(json) if json not in (None, "-") else None
        self.folder = [] if out is None else [out / f"{name}.{kind}" for kind in ("json", "csv", "png")]
        wanted = [path for path in (self.json, plot, *self.folder) if path is not None]
        if len({path.absolute() for path in wanted}) < len(wanted):
            raise SlxrdError("two outputs have the same name; give each its own")
        if any(path.exists() and file.exists() and path.samefile(file) for path in wanted):
            raise SlxrdError(f"{file}: an output would overwrite the pattern itself; choose another name")
        check_writable(wanted, force)

    def finish(self, text: str, told: dict[str, Any], draw: Callable[[str], bytes], table: str) -> None:
        """Write what was asked for, and print the text, or the JSON alone for ``--json -``.

        Parameters
        ----------
        text : str
            For people.
        told : dict
            For JSON; the command line is added.
        draw : callable
            Makes the picture in a format.
        table : str
            The CSV.
        """
        told = {**told, "command": shlex.join(["slxrd", *sys.argv[1:]])}
        laid_out = json_text.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        contents: list[tuple[Path, bytes | str]] = []
        if self.json is not None:
            contents.append((self.json, laid_out))
        if self.plot is not None:
            contents.append((self.plot, draw(self.plot.suffix[1:].lower())))
        if self.folder:
            contents += zip(self.folder, (laid_out, table, draw("png")), strict=True)
        for path, content in contents:
            write(path, content)
        if self.standard:
            typer.echo(laid_out, nl=False)
        else:
            typer.echo("\n".join([text, *(f"wrote {path}" for path, _ in contents)]))
