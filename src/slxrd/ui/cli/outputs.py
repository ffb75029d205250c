"""Output files of a command: checked first, rendered in memory, written together."""

from __future__ import annotations

import hashlib
import json as json_text
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slxrd._files import caption_path, check_picture, check_writable, same_file, write_together
from slxrd._version import __version__
from slxrd.errors import FileError, SlxrdError
from slxrd.ui.cli.help import OUTPUT
from slxrd.ui.cli.terminal import Colour, print_result

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def written(flag: str, metavar: str, text: str) -> Any:
    """Make an option that names what a command writes."""
    return typer.Option(flag, metavar=metavar, help=text, rich_help_panel=OUTPUT)


def folder(names: str) -> Any:
    """Make the option ``--out`` of a command that writes these files into a folder."""
    return written("--out", "DIR", f"Write {names} into a folder.")


Json = Annotated[str | None, written("--json", "FILE", "Write it as JSON; - for standard output.")]
Plot = Annotated[Path | None, written("--plot", "FILE", "Draw it as .pdf, .svg or .png.")]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        help="Print all derived quantities, solutions, regions and corrections.",
        rich_help_panel=OUTPUT,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.", rich_help_panel=OUTPUT)]


def typed() -> str:
    """Return the command line of this process, quoted for a shell."""
    return shlex.join(["slxrd", *sys.argv[1:]])


def as_json(document: Mapping[str, Any]) -> str:
    """Write plain data as JSON text."""
    return json_text.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def sha256_of(file: Path) -> str:
    """Return the SHA-256 digest of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def rendered(picture: Figure, path: Path) -> list[tuple[Path, bytes | str]]:
    """Render a figure in the format of a file name; the second file is its caption, if it has one."""
    from slxrd.ui.plotting.fit import with_caption

    return with_caption(picture, path)


def json_file(name: str | None) -> Path | None:
    """Return the file of ``--json``; None for standard output."""
    return None if name in (None, "-") else Path(str(name))


def check_outputs(
    outputs: Iterable[Path | None],
    force: bool,
    *,
    measured: Iterable[Path] = (),
    figure: Path | None = None,
) -> None:
    """Check that all files can be written, and that none overwrites an input.

    Parameters
    ----------
    outputs : iterable of Path or None
        The outputs; None is ignored.
    force : bool
        Whether existing files may be overwritten.
    measured : iterable of Path
        Input files.
    figure : Path, optional
        The output that is a figure.

    Raises
    ------
    SlxrdError
        If two outputs are the same, one is an input, or one cannot be written.
    """
    paths = [path for path in outputs if path is not None]
    if figure is not None:
        check_picture(figure)
        paths.append(caption_path(figure))
    if len({path.absolute() for path in paths}) < len(paths):
        raise SlxrdError("two outputs have the same name; give each its own")
    for file in measured:
        if any(same_file(path, file) for path in paths):
            raise SlxrdError(f"{file}: an output would overwrite the pattern itself; choose another name")
    check_writable(paths, force)


def write_all(
    contents: Sequence[tuple[Path, bytes | str]],
    text: str = "",
    *,
    quiet: bool = False,
    colour: Colour | None = None,
) -> None:
    """Write all files or none, then print a text and the names of the files.

    The text is also printed if the files cannot be written.

    Parameters
    ----------
    contents : sequence of (Path, bytes or str)
        The files.
    text : str
        Text to print.
    quiet : bool
        Whether nothing is printed.
    colour : str, optional
        Colour of the first paragraph of the text, on a terminal.
    """
    try:
        write_together(contents)
    except FileError:
        if text and not quiet:  # what was calculated is not lost
            print_result(text, colour)
        raise
    lines = [*([text] if text else []), *(f"wrote {path}" for path, _ in contents)]
    if lines and not quiet:
        print_result("\n".join(lines), colour)


class Outputs:
    """Output files of a command: ``--out``, ``--json`` and ``--plot``.

    Parameters
    ----------
    json : str, optional
        A file, or ``"-"`` for standard output.
    plot : Path, optional
        File of the figure.
    force : bool
        Whether existing files may be overwritten.
    file : Path, optional
        Input file, which is never overwritten.
    out : Path, optional
        A folder.
    name : str
        Name of the files in the folder: name.json, name.csv and name.png.

    Raises
    ------
    SlxrdError
        If two of them are the same, or one is ``file``, or one cannot be written.
    """

    def __init__(
        self,
        json: str | None,
        plot: Path | None,
        force: bool,
        *,
        file: Path | None = None,
        out: Path | None = None,
        name: str = "",
    ) -> None:
        self.plot, self.standard, self.file = plot, json == "-", file
        self.json = json_file(json)
        self.folder = [] if out is None else [out / f"{name}.{kind}" for kind in ("json", "csv", "png")]
        captions = [caption_path(path) for path in self.folder[2:]]
        measured = [] if file is None else [file]
        check_outputs([self.json, plot, *self.folder, *captions], force, measured=measured, figure=plot)

    def finish(
        self, text: str, document: Mapping[str, Any], figure: Callable[[], Figure], table: str = ""
    ) -> None:
        """Write the requested files, and print the text, or the JSON alone for ``--json -``.

        Parameters
        ----------
        text : str
            Text to print.
        document : mapping
            Content of the JSON; version, layout, digest of the file and command line are added.
        figure : callable
            Function that draws the figure.
        table : str
            Content of the CSV.
        """
        from slxrd.fitting.record.command_line import path_of

        head = {"slxrd": __version__, "schema": 1}
        source = {} if self.file is None else {"sha256": sha256_of(path_of(str(self.file)))}
        laid_out = as_json({**head, **document, **source, "command": typed()})
        contents: list[tuple[Path, bytes | str]] = []
        if self.json is not None:
            contents.append((self.json, laid_out))
        if self.plot is not None:
            contents += rendered(figure(), self.plot)
        if self.folder:
            as_file, as_table, as_picture = self.folder
            contents += [(as_file, laid_out), (as_table, table), *rendered(figure(), as_picture)]
        write_all(contents, text, quiet=self.standard)
        if self.standard:
            typer.echo(laid_out, nl=False)
