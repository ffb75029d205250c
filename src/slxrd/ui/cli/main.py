"""The command line: loads every module of ``slxrd.ui.cli.commands`` and runs the program."""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import sys
from functools import cache

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, Exit, TyperException

from slxrd.errors import SlxrdError
from slxrd.ui.cli import commands
from slxrd.ui.cli.frame import INTERRUPTED, app

for _module in pkgutil.iter_modules(commands.__path__):
    importlib.import_module(f"{commands.__name__}.{_module.name}")  # registers its commands with ``app``


@cache
def program() -> TyperGroup:
    """Return the program with all its commands; it is built at the first call."""
    return typer.main.get_group(app)


def main() -> None:
    """Run the command line; mistakes of the user end in one line and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        code = program()(standalone_mode=False)
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
    raise SystemExit(code if isinstance(code, int) else 0)


def _say_of_system(error: OSError) -> None:
    """Print an error of the system; after one of standard output nothing more is written there."""
    where = str(error.filename) if error.filename is not None else "standard output"
    typer.echo(f"slxrd: {where}: cannot be read or written ({error.strerror or error})", err=True)
    if error.filename is None:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
