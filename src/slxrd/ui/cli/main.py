"""The command line: finds the commands in the modules of ``slxrd.ui.cli.commands`` and runs the program.

Of a command that is typed only its own module is imported; ``--help`` and mistakes import all.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import re
import sys
from functools import cache
from importlib.resources import files

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, Exit, TyperException

from slxrd.errors import SlxrdError
from slxrd.ui.cli import commands
from slxrd.ui.cli.frame import INTERRUPTED, app
from slxrd.ui.cli.terminal import printable_streams

_COMMAND = re.compile(r'^@command\(\s*"([\w-]+)"', re.MULTILINE)


@cache
def program(first: str | None = None) -> TyperGroup:
    """Return the program; it is built at the first call.

    Parameters
    ----------
    first : str, optional
        The first word that was typed: if it is a command, the other modules are not imported.
    """
    for module in _modules(first):
        importlib.import_module(module)  # registers its commands with ``app``
    app.registered_commands.sort(key=lambda each: getattr(each.callback, "__module__", ""))
    return _group(len(app.registered_commands))


@cache
def _group(_: int) -> TyperGroup:
    """Build the program from the commands that are registered, so many; none is ever taken away."""
    return typer.main.get_group(app)


def _modules(first: str | None) -> list[str]:
    """Return the names of the modules that define a command, or of all."""
    if first == "--version":
        return []
    names = [module.name for module in pkgutil.iter_modules(commands.__path__)]
    found = [name for name in names if first is not None and first in _commands_in(name)]
    return [f"{commands.__name__}.{name}" for name in found or names]


def _commands_in(module: str) -> list[str]:
    """Return the commands of a module from its text, none where that is not installed."""
    source = files(commands) / f"{module}.py"
    return _COMMAND.findall(source.read_text(encoding="utf-8")) if source.is_file() else []


def first_word() -> str | None:
    """Return the first word that was typed after the name of the program."""
    return sys.argv[1] if len(sys.argv) > 1 else None


def main() -> None:
    """Run the command line; mistakes of the user end in one line and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    with printable_streams():
        code = _run()
    raise SystemExit(code if isinstance(code, int) else 0)


def _run() -> object:
    """Run the command that was typed, and return the exit code."""
    try:
        code = program(first_word())(standalone_mode=False)
    except (SlxrdError, TyperException) as error:
        text = error.format_message() if isinstance(error, TyperException) else str(error)
        typer.echo(f"slxrd: {' '.join(text.split())}", err=True)
        code = 2
    except OSError as error:
        code = 2
        _say_of_system(error)
    except Exit as done:
        code = done.exit_code
    except (KeyboardInterrupt, Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:  # typer may have converted a KeyboardInterrupt
        typer.echo("slxrd: interrupted; nothing was written", err=True)
    return code


def _say_of_system(error: OSError) -> None:
    """Print an error of the system; after one of standard output nothing more is written there."""
    where = str(error.filename) if error.filename is not None else "standard output"
    typer.echo(f"slxrd: {where}: cannot be read or written ({error.strerror or error})", err=True)
    if error.filename is None:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
