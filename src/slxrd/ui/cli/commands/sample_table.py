"""The command ``slxrd sample-table``: results of one sample by several methods, beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slxrd.errors import SlxrdError
from slxrd.ui.cli.frame import command
from slxrd.ui.cli.outputs import Force, Json, as_json, check_outputs, json_file, typed, write_all, written


@command(
    "sample-table",
    group="Other quantities",
    example="slxrd sample-table fit/ gisaxs.json giwaxs.json --out table.csv",
)
def sample_table_command(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="JSON of slxrd fit, periods, orientation, saed or directions, or folders with such files.",
        ),
    ],
    *,
    out: Annotated[Path | None, written("--out", "CSV", "Write the table to a file, as CSV.")] = None,
    json: Json = None,
    force: Force = False,
) -> None:
    """Results of one sample by θ:2θ fit, GISAXS, GIWAXS, SAED and cuts in a table, and whether they agree."""
    from slxrd._version import __version__
    from slxrd.studies.sample_table.table import sample_table

    if out is not None and out.suffix.lower() != ".csv":
        raise SlxrdError(f"--out {out}: is a table; name a file that ends with .csv")
    inputs = [each for each in files if each.is_file()]
    as_document = json_file(json)
    check_outputs([as_document, out], force, measured=inputs)
    found = sample_table(files)
    laid_out = as_json({"slxrd": __version__, "schema": 1, **found.as_dictionary(), "command": typed()})
    contents: list[tuple[Path, bytes | str]] = [] if as_document is None else [(as_document, laid_out)]
    if out is not None:
        contents.append((out, found.csv()))
    write_all(contents, str(found), quiet=json == "-")
    if json == "-":
        typer.echo(laid_out, nl=False)
