"""The commands ``slxrd show`` and ``slxrd report`` for saved fits."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slxrd.errors import FileError
from slxrd.ui.cli.frame import command
from slxrd.ui.cli.outputs import Force, written
from slxrd.ui.cli.terminal import colour_of, print_result

if TYPE_CHECKING:
    from slxrd.fitting.record.state import State
    from slxrd.fitting.result.fit import Fit

#: Options of ``slxrd fit`` are passed on unchanged.
PASSED_ON = {"ignore_unknown_options": True}


@command("show", group="Fits", example="slxrd show results")
def show_command(
    result: Annotated[
        Path,
        typer.Argument(
            metavar="RESULT", help="A result.json or series.json, or the folder that --out wrote."
        ),
    ],
    script: Annotated[
        bool,
        typer.Option("--script", help="Print the Python script that makes the fit again, and nothing else."),
    ] = False,
) -> None:
    """Print a saved fit or series again, and the command that made it."""
    from slxrd.fitting.record.command_line import command_line
    from slxrd.fitting.record.command_line import script as as_script
    from slxrd.fitting.record.saved_fit import load
    from slxrd.studies.series.output import printed_series

    printed = None if script else printed_series(result)
    if printed is not None:
        typer.echo(printed)
        return
    saved = load(result)
    request = saved.request
    if script:
        if request is None or request.file is None:
            raise FileError(result, "is a fit of a pattern that no file holds; no script makes it again")
        typer.echo(as_script(request), nl=False)
        return
    begin = "" if saved.assessment is None else saved.assessment.headline[:20]
    first = bool(begin) and saved.printed.startswith(begin)  # earlier versions began with the file
    print_result(saved.printed, colour_of(saved) if first else None)
    command = saved.command or ("" if request is None or request.file is None else command_line(request))
    made = f"made by slxrd {saved.version}"
    typer.echo(f"\n{made}: {command}" if command else f"\n{made} in Python")


@command("report", group="Fits", example="slxrd report results --out report.html", context_settings=PASSED_ON)
def report_command(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="RESULT|FILE [OPTIONS]",
            help="A result.json or its folder; or a pattern, fitted with these options of slxrd fit.",
        ),
    ],
    out: Annotated[Path, written("--out", "HTML", "Write the page to a file.")],
    force: Force = False,
) -> None:
    """Write a fit as one HTML page. A pattern is fitted first, with the options of slxrd fit."""
    from slxrd._files import check_writable, same_file, write
    from slxrd.fitting.record.saved_fit import load
    from slxrd.ui.report.page import report_html, saved_followup

    state, path = result_or_pattern(words)
    if same_file(path, out):
        raise FileError(out, "is what the report is about; choose another name")
    check_writable([out], force)
    if state is None:
        saved = load(path)
        content = report_html(saved, followed=saved_followup(saved, path if path.is_dir() else path.parent))
    else:
        content = report_html(fitted(state), shlex.join(["slxrd", "fit", *words]))
    write(out, content)
    typer.echo(f"wrote {out}")


def result_or_pattern(words: list[str]) -> tuple[State | None, Path]:
    """Return the state of a pattern with options of slxrd fit, or None for a saved fit, and the path.

    Raises
    ------
    FileError
        If a saved fit has options.
    """
    from slxrd.fitting.record.command_line import parse_command

    if len(words) == 1 and is_result(Path(words[0])):
        return None, Path(words[0])
    state = parse_command(words, outputs=False)
    path = Path(str(state.file))
    if is_result(path):
        raise FileError(path, "is a saved fit, which takes no options of slxrd fit; leave them out")
    return state, path


def is_result(path: Path) -> bool:
    """Whether a path is a folder or a JSON file, by its name or first character."""
    if path.is_dir() or path.suffix.lower() == ".json":
        return True
    try:
        if not path.is_file():  # a pipe is not opened
            return False
        with path.open("rb") as content:
            return content.read(256).lstrip().startswith(b"{")
    except (OSError, ValueError):
        return False


def fitted(state: State) -> Fit:
    """Fit a state, with a progress bar."""
    from slxrd.ui.progress import progress
    from slxrd.ui.session.controller import Session

    with progress("searching") as bar:
        return Session(state).fit(bar)
