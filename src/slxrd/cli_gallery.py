"""The command ``slxrd gallery``: the figures of the supporting information, made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slxrd.cli_app import INTERRUPTED, command
from slxrd.cli_write import Force


@command("gallery")
def gallery_command(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for pictures and page.")],
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="One figure, such as S6; may be repeated.")
    ] = None,
    force: Force = False,
) -> None:
    """Draw the figures of the 2021 paper's supporting information from simulated patterns."""
    from slxrd.gallery import gallery
    from slxrd.progress import progress

    try:
        missing = gallery(out, only or (), force, typer.echo, progress)
    except KeyboardInterrupt:
        typer.echo(
            "slxrd: interrupted; what was drawn is whole and stays, and the same command goes on from there",
            err=True,
        )
        raise SystemExit(INTERRUPTED) from None
    if missing:
        typer.echo(f"slxrd: not drawn: {', '.join(missing)}", err=True)
        raise SystemExit(2)
