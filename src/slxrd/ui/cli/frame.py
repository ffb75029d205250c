"""The command line's frame: the program, its version, and how a function becomes a command of it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, get_type_hints

import typer

from slxrd._version import __version__

app = typer.Typer(
    name="slxrd",
    help="The structure of colloidal superlattices, read from an ordinary X-ray diffractogram.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

#: Exit code after Ctrl-C.
INTERRUPTED = 130


def command(name: str, **settings: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a command of the program.

    An argument of it whose type is a dataclass stands for as many options as that has fields, each with the
    field's ``Annotated`` type and default; the function is handed the dataclass.

    Parameters
    ----------
    name : str
        What is typed.
    **settings
        As for :meth:`typer.Typer.command`.
    """

    def add(function: Callable[..., None]) -> Callable[..., None]:
        app.command(name, **settings)(_laid_out(function))
        return function

    return add


def _laid_out(function: Callable[..., None]) -> Callable[..., None]:
    """Return the same function with the fields of its dataclasses as arguments."""
    groups: dict[str, tuple[type, list[str]]] = {}
    flat: list[inspect.Parameter] = []
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        group = parameter.annotation
        if not (isinstance(group, type) and is_dataclass(group)):
            flat.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        hints = get_type_hints(group, include_extras=True)
        groups[parameter.name] = group, [field.name for field in fields(group)]
        flat += [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=hints[field.name],
            )
            for field in fields(group)
        ]

    @functools.wraps(function)
    def run(**given: Any) -> None:
        made = {
            name: group(**{key: given.pop(key) for key in keys}) for name, (group, keys) in groups.items()
        }
        function(**given, **made)

    run.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    return run


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"slxrd {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
