"""The command ``slxrd app``, which opens the page in the browser."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

from slxrd.errors import SlxrdError
from slxrd.ui.cli.frame import command


@command("app", group="Fits", example="slxrd app scan.xrdml")
def app_command(
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="A measured file, a saved session, or example:NAME."),
    ] = None,
    port: Annotated[
        int, typer.Option(metavar="NUMBER", help="Port of 127.0.0.1 to listen on; 0 takes a free one.")
    ] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address of the page, and do not open a browser.")
    ] = False,
) -> None:
    """Open slxrd in the browser. All data stay on this computer."""
    if find_spec("panel") is None:
        raise SlxrdError('slxrd app needs panel: python -m pip install "slxrd[app]"')
    if not 0 <= port <= 65535:
        raise SlxrdError(f"--port {port}: give a number from 0 to 65535")
    from slxrd.ui.app.serving.server import serve

    def ready(address: str, once: str) -> None:
        typer.echo(f"slxrd is running, for this computer only, at {address}")
        typer.echo("Press Ctrl-C to stop it.")
        if not no_browser:
            import webbrowser

            webbrowser.open(once)

    written, kept = serve(file, port=port, ready=ready)
    for path in written:
        typer.echo(f"wrote the unsaved session to {path}; continue it with: slxrd app {path}")
    if kept:
        typer.echo(f"unsaved sessions that slxrd app offers when it is started again: {kept}")
