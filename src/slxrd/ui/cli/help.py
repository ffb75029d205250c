"""The texts of ``--help``: commands and options under headings, and examples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typer.core import TyperCommand, TyperGroup

from slxrd.ui.cli.plain_values import take_plain_values

#: Headings of the commands, in the order of the list.
HEADINGS = (
    "Measured patterns",
    "Fits",
    "Corrections and calibration",
    "Other quantities",
    "Images",
    "Simulations",
)
#: Heading of the options of a command itself.
OWN = "Options"
#: Heading of the options that name what is written.
OUTPUT = "Output"
#: Headings of the options that are declared for all interfaces, by their groups; of others it is :data:`OWN`.
OF_GROUPS = {
    "data": "Points and noise",
    "reading": "Reading the file",
    "preparation": "Corrections",
    "instrument": "Instrument",
    "refinement": "Parameters",
    "sample": "Structure",
    "residuals": "Residuals and errors",
}


def _write(formatter: Any, heading: str, rows: Iterable[tuple[str, str]]) -> None:
    rows = list(rows)
    if rows:
        with formatter.section(heading):
            formatter.write_dl(rows, col_max=24)


def _options(command: Any, context: Any) -> dict[str, list[tuple[str, str]]]:
    """Return the rows of arguments and options by their headings."""
    found: dict[str, list[tuple[str, str]]] = {"Arguments": [], OWN: []}
    last: list[tuple[str, str]] = []
    for parameter in command.get_params(context):
        row = parameter.get_help_record(context)
        if row is None:
            continue
        heading = getattr(parameter, "rich_help_panel", None) or OWN
        if parameter.param_type_name == "argument":
            name, text = row
            found["Arguments"].append((name.split(" <")[0], text))  # without the Python type
        elif "--help" in parameter.opts:
            last.append(row)
        else:
            found.setdefault(heading, []).append(row)
    output = found.pop(OUTPUT, [])
    found[OUTPUT if output else OWN] = [*(output or found[OWN]), *last]
    return found


class GroupedCommand(TyperCommand):
    """A command whose help lists the options under headings, and ends with examples."""

    def get_params(self, ctx: Any) -> Any:
        """Return arguments and options, which take plain values as they are."""
        return take_plain_values(super().get_params(ctx))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options."""
        for heading, rows in _options(self, ctx).items():
            _write(formatter, heading, rows)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples, each on its line."""
        lines = (self.epilog or "").strip().splitlines()
        if lines:
            with formatter.section("Example" if len(lines) == 1 else "Examples"):
                for line in lines:
                    formatter.write(f"  {line.strip()}\n")


class GroupedProgram(TyperGroup):
    """The program, whose help lists the commands under headings."""

    def get_params(self, ctx: Any) -> Any:
        """Return the options, which take plain values as they are."""
        return take_plain_values(super().get_params(ctx))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands."""
        commands = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        for heading in HEADINGS:
            rows = [
                (name, each.get_short_help_str(1000))
                for name, each in commands
                if getattr(each, "rich_help_panel", None) == heading and not each.hidden
            ]
            _write(formatter, heading, rows)
