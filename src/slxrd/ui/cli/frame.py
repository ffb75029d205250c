"""The program ``slxrd``: its version, and how a function becomes one of its commands."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from slxrd._version import __version__
from slxrd.ui.cli.help import GroupedCommand, GroupedProgram

app = typer.Typer(
    name="slxrd",
    cls=GroupedProgram,
    help="The structure of colloidal superlattices from an ordinary X-ray diffractogram.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

#: Exit code after Ctrl-C.
INTERRUPTED = 130


def command(
    name: str, group: str, example: str, **settings: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a command of the program.

    An argument annotated with :class:`slxrd.ui.cli.options.Take` is replaced by the declared options that it
    takes, and receives their values as :class:`slxrd.ui.cli.options.Given`.

    Parameters
    ----------
    name : str
        Name of the command.
    group : str
        Heading above it in the list of commands.
    example : str
        Commands for the end of its help, one a line.
    **settings
        As for :meth:`typer.Typer.command`.
    """

    def add(function: Callable[..., None]) -> Callable[..., None]:
        app.command(name, cls=GroupedCommand, epilog=example, rich_help_panel=group, **settings)(
            _expanded(function)
        )
        return function

    return add


def _expanded(function: Callable[..., None]) -> Callable[..., None]:
    """Return the function with declared options as arguments, in place of those that take them together."""
    from slxrd.ui.cli.options import Given, Take  # not needed for --version

    taken: dict[str, list[str]] = {}
    flat: list[inspect.Parameter] = []
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        takes = [item for item in getattr(parameter.annotation, "__metadata__", ()) if isinstance(item, Take)]
        if takes:
            options = takes[0].parameters()
            taken[parameter.name] = [option.name for option in options]
            flat += options
        else:
            flat.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @functools.wraps(function)
    def run(**given: Any) -> None:
        grouped = {name: Given({key: given.pop(key) for key in keys}) for name, keys in taken.items()}
        function(**given, **grouped)

    run.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    return run


def _version(requested: bool) -> None:
    if requested:
        typer.echo(f"slxrd {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
