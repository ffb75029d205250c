"""The options of the command line that are declared in :mod:`slxrd.fitting.request.groups`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

import slxrd
from slxrd.data.corrections import prepare_pattern
from slxrd.data.noise import is_counting
from slxrd.fitting.record.command_line import path_of
from slxrd.fitting.request.declaration import OPTIONS, options_of
from slxrd.fitting.request.groups import FIT_GROUPS, GROUPS
from slxrd.fitting.request.kinds import Choice, Flag
from slxrd.fitting.request.option import Declared
from slxrd.parameters.definitions import TABLE
from slxrd.ui.cli.help import OF_GROUPS, OWN

NAMES = ", ".join(TABLE)
Measured = Annotated[Path, typer.Argument(metavar="FILE", help="Any file that slxrd reads, or example:NAME.")]


@dataclass(frozen=True)
class Given:
    """Values of declared options from the command line.

    Parameters
    ----------
    values : mapping
        Values by names of options.
    """

    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        """Return an option as an argument of a function that does not take it from the pattern."""
        value = argument_of(OPTIONS[name], self.values[name])
        return OPTIONS[name].usual if value is None else value

    def of_fit(self) -> dict[str, Any]:
        """Return the options of :func:`slxrd.fit`; those that are to be taken from the pattern are None."""
        names = [name for name in options_of(*FIT_GROUPS) if name in self.values]
        return {name: argument_of(OPTIONS[name], self.values[name]) for name in names}

    def arguments(self, *groups: str) -> dict[str, Any]:
        """Return the options of some groups as arguments; without groups those of :func:`slxrd.fit`."""
        return {name: self[name] for name in options_of(*(groups or FIT_GROUPS)) if name in self.values}

    def read(self, file: Path) -> slxrd.Pattern:
        """Read a pattern as it was measured, or a packaged one, ``example:NAME``."""
        return slxrd.read(path_of(str(file)), **self.arguments("reading"))

    def prepared(self, file: Path, *, counting: bool = False) -> slxrd.Pattern:
        """Read a pattern and correct it; σ is from the counts with ``counting`` or ``--noise counting``."""
        counting = counting or is_counting(self.values.get("noise"))
        return prepare_pattern(self.read(file), **self.arguments("preparation"), counting=counting)

    def masked(self, pattern: slxrd.Pattern) -> slxrd.Pattern:
        """Mask the ranges of ``--mask`` in a pattern; it is then over q."""
        mask = self["mask"]
        return pattern.without(mask) if mask else pattern


def argument_of(option: Declared, typed: Any) -> Any:
    """Return the value of an option, given the value from typer."""
    if option.kind.repeatable:
        return option.kind.typed(typed, option.flag) if typed else option.default
    if isinstance(option.kind, Choice) and typed is not None:
        option.kind.check(option.flag, typed)
    return option.kind.typed([typed], option.flag) if isinstance(typed, str) else typed


@dataclass(frozen=True)
class Take:
    """Which declared options a command takes; the metadata of an argument that is a :class:`Given`.

    Parameters
    ----------
    names : tuple of str
        Names of groups and of options, in the order in which ``--help`` lists them.
    without : tuple of str
        Options of these groups that are left out.
    help : mapping of str to str
        Help texts of options that mean something else in this command.
    """

    names: tuple[str, ...]
    without: tuple[str, ...] = ()
    help: Mapping[str, str] = field(default_factory=dict)

    def options(self) -> Iterator[Declared]:
        """The options."""
        for name in self.names:
            for option in options_of(name).values() if name in GROUPS else (OPTIONS[name],):
                if option.option.typed and option.name not in self.without:
                    yield option

    def parameters(self) -> list[inspect.Parameter]:
        """The options as parameters of a function, annotated for typer."""
        return [typer_parameter(option, self.help.get(option.name)) for option in self.options()]


def take(*names: str, without: Sequence[str] = (), **help_texts: str) -> Take:
    """Take groups of options, or single ones; keywords are help texts. See :class:`Take`."""
    return Take(names, tuple(without), help_texts)


def typer_parameter(option: Declared, help_text: str | None = None) -> inspect.Parameter:
    """Return a declared option as a parameter of a function, annotated for typer.

    Parameters
    ----------
    option : Declared
        The option.
    help_text : str, optional
        Help text in place of that of the declaration.
    """
    kind, default = option.kind, option.default
    text = help_text or option.option.help
    single = kind.typed_as
    if kind.repeatable:
        single, default = list[str], None
        text = f"{text.rstrip('.')}; may be repeated."
    elif default is not None and not isinstance(kind, Flag) and single is str:
        (default,) = kind.texts(option.name, default)
    settings: dict[str, Any] = {"help": text, "rich_help_panel": OF_GROUPS.get(option.group, OWN)}
    if option.option.metavar:
        settings["metavar"] = option.option.metavar
    accepted: Any = single | None if default is None else single
    annotated: Any = Annotated[accepted, typer.Option(option.flag, **settings)]
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotated
    )


#: All options of a fit, and those for reading and correcting its pattern.
REQUEST = ("data", "reading", "preparation", "instrument", "refinement", "sample", "residuals")
Request = Annotated[Given, take(*REQUEST)]
#: How all scans of a file, one scan, or a pattern that is corrected too, are read.
Scans = Annotated[Given, take("reading", without=["scan"])]
Reading = Annotated[Given, take("reading")]
Preparing = Annotated[Given, take("reading", "preparation")]
