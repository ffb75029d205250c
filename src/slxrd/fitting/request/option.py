"""The record of one option, and how the records are read from a group of options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_type_hints

from slxrd.fitting.request.kinds import Kind


@dataclass(frozen=True)
class Option:
    """Declaration of an option, except its name and its Python type.

    Parameters
    ----------
    kind : Kind
        Kind of value, which checks, reads and writes values.
    help : str
        One sentence, for the command line, ``help(slxrd.fit)``, the page and the JSON schema.
    default : object
        The value if the option is not given. Saved files leave it out, so a change of it requires a
        migration.
    usual : object
        The value where the default is None, meaning "from the pattern", and no diagnosis is made.
    note : str
        Further sentences for Python only.
    metavar : str
        Placeholder of the value in the help of the command line.
    flag : str
        Name on the command line, if it differs from that of the option.
    label, placeholder : str
        On the page; an option without a label has no field of its own there.
    choice_labels : mapping of str to str
        Labels on the page for the names of choices.
    typed : bool
        Whether it can be given on the command line and stored in a session; False for Python objects.
    """

    kind: Kind
    help: str
    default: Any = None
    note: str = ""
    metavar: str = ""
    flag: str = ""
    label: str = ""
    placeholder: str = ""
    choice_labels: Mapping[str, str] = field(default_factory=dict)
    typed: bool = True
    usual: Any = None


@dataclass(frozen=True)
class Declared:
    """An option with its name, its group and its type.

    Parameters
    ----------
    name, group : str
        Of the option, and of the group that it belongs to.
    type : object
        Annotation in Python.
    option : Option
        The record.
    """

    name: str
    group: str
    type: Any
    option: Option

    @property
    def kind(self) -> Kind:
        """Kind of value."""
        return self.option.kind

    @property
    def default(self) -> Any:
        """The value where the option is not given."""
        return self.option.default

    @property
    def usual(self) -> Any:
        """The value where the option is not given and the pattern is not diagnosed."""
        return self.option.default if self.option.usual is None else self.option.usual

    @property
    def flag(self) -> str:
        """The option of the command line, ``--size-window``."""
        return "--" + (self.option.flag or self.name).replace("_", "-")


def declared(group: str, record: type) -> Iterator[Declared]:
    """Read the options of a group.

    Parameters
    ----------
    group : str
        Its name.
    record : type
        A TypedDict whose keys are ``Annotated`` with an :class:`Option`.

    Raises
    ------
    TypeError
        If a key has no option.
    """
    for name, hint in get_type_hints(record, include_extras=True).items():
        options = [item for item in getattr(hint, "__metadata__", ()) if isinstance(item, Option)]
        if len(options) != 1:
            raise TypeError(f"{record.__name__}.{name} must be annotated with one Option")
        yield Declared(name, group, get_args(hint)[0], options[0])
