"""``slxrd crystal``: which crystals there are, and what one is made of."""

from __future__ import annotations

from typing import Annotated

import typer

from slxrd.cli_app import command


@command("crystal")
def crystal_command(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME[:SURFACE]]", help="As for --crystal of slxrd fit; without it, all that are known."
        ),
    ] = None,
    planes: Annotated[int, typer.Option(metavar="N", help="Planes of the crystal that is drawn up.")] = 4,
) -> None:
    """List the crystals, or tell of one its planes, surfaces and the parameters that it offers."""
    from slxrd.crystal_words import catalogue, described
    from slxrd.stacks import as_crystal

    typer.echo(catalogue() if name is None else described(as_crystal(name), planes))
