"""The command line: every module of commands joins the program here, which is then run."""

from __future__ import annotations

import contextlib
import os
import sys

import typer
from typer.exceptions import Abort, Exit, TyperException

from slxrd import cli_browser as cli_browser  # its commands join the program
from slxrd import cli_compare as cli_compare  # its commands join the program
from slxrd import cli_crystals as cli_crystals  # its commands join the program
from slxrd import cli_files as cli_files  # its commands join the program
from slxrd import cli_fit as cli_fit  # its commands join the program
from slxrd import cli_gallery as cli_gallery  # its commands join the program
from slxrd import cli_lowangle as cli_lowangle  # its commands join the program
from slxrd import cli_lp as cli_lp  # its commands join the program
from slxrd import cli_merit as cli_merit  # its commands join the program
from slxrd import cli_plan as cli_plan  # its commands join the program
from slxrd import cli_prepare as cli_prepare  # its commands join the program
from slxrd import cli_report as cli_report  # its commands join the program
from slxrd import cli_resolution as cli_resolution  # its commands join the program
from slxrd import cli_samples as cli_samples  # its commands join the program
from slxrd import cli_series as cli_series  # its commands join the program
from slxrd.cli_app import INTERRUPTED, app
from slxrd.errors import SlxrdError
from slxrd.progress import told_of_compiling


def main() -> None:
    """Run the command line; mistakes of the user end in one line and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        with told_of_compiling():
            code = app(standalone_mode=False)
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
    if code == INTERRUPTED:  # which typer may have made of a KeyboardInterrupt, without a word
        typer.echo("slxrd: interrupted; nothing was written", err=True)
    raise SystemExit(code if isinstance(code, int) else 0)


def _say_of_system(error: OSError) -> None:
    """Say what the system refused; where it is standard output, nothing more is tried to be put there."""
    where = str(error.filename) if error.filename is not None else "standard output"
    typer.echo(f"slxrd: {where}: cannot be read or written ({error.strerror or error})", err=True)
    if error.filename is None:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
