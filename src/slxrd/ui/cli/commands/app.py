"""The command that opens the page: ``slxrd app``."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

from slxrd.errors import SlxrdError
from slxrd.ui.cli.frame import command


@command("app")
def app_command(
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="A measured file, a saved session, or example:NAME."),
    ] = None,
    port: Annotated[int, typer.Option(metavar="NUMBER", help="Port to listen on; 0: one that is free.")] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the page's address and open no browser.")
    ] = False,
) -> None:
    """Open slxrd in the browser: look, play, fit, keep. Nothing leaves this machine."""
    if find_spec("panel") is None:
        raise SlxrdError('slxrd app needs panel: python -m pip install "slxrd[app]"')
    if not 0 <= port <= 65535:
        raise SlxrdError(f"--port {port}: give a number from 0 to 65535")
    from slxrd.ui.app.serving.server import serve

    def ready(address: str) -> None:
        typer.echo(f"slxrd listens on this machine only, at {address}")
        typer.echo("Ctrl-C ends it.")
        if not no_browser:
            import webbrowser

            webbrowser.open(address)

    for path in serve(file, port=port, ready=ready):
        typer.echo(f"wrote {path}, which was not saved yet; open it again with: slxrd app {path}")
