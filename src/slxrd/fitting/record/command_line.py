"""A state as the command ``slxrd fit …``, read and written, and as a Python script."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from slxrd.data.noise import is_counting
from slxrd.errors import SlxrdError
from slxrd.fitting.examples import EXAMPLES, example
from slxrd.fitting.record.state import State, is_default
from slxrd.fitting.record.validation import check
from slxrd.fitting.request.declaration import OPTIONS, plain_options
from slxrd.fitting.request.kinds import Flag
from slxrd.fitting.request.plain import plain

#: Text before the name of a packaged example, in place of a path.
EXAMPLE = "example:"


def path_of(file: str) -> Path:
    """Return the path of the file of a state, or of its packaged example.

    Raises
    ------
    SlxrdError
        If there is no such example.
    """
    if not file.startswith(EXAMPLE):
        return Path(file)
    from importlib.resources import files

    return Path(str(files("slxrd.io.examples") / example(file.removeprefix(EXAMPLE)).file))


def _changed(state: State) -> dict[str, Any]:
    """Options of a state that are not at their defaults, in the order of their declaration."""
    found: dict[str, Any] = {}
    for part, options in plain_options().items():
        given = plain(getattr(state, part))
        found |= {
            name: given[name] for name in options if name in given and not is_default(name, given[name])
        }
    return found


def command_line(state: State) -> str:
    """Write the command that makes the fit of a state, for a shell.

    Raises
    ------
    SlxrdError
        If there is no file yet, or a choice that the command line cannot express.
    """
    path = str(path_of(_file(state)))
    typed = typed_options(_changed(state))
    return shlex.join(
        ["slxrd", "fit", *typed, "--", path] if path.startswith("-") else ["slxrd", "fit", path, *typed]
    )


def typed_options(values: Mapping[str, Any]) -> list[str]:
    """Return the words of a command for options at values that are not their defaults.

    Parameters
    ----------
    values : mapping
        Plain data by the names of declared options.

    Raises
    ------
    SlxrdError
        If the command line cannot express a value.
    """
    typed: list[str] = []
    for name, value in values.items():
        option = OPTIONS[name]
        if isinstance(option.kind, Flag):
            typed.append(option.flag)
            continue
        for text in option.kind.texts(name, value):
            # Joined, as a value may begin with a dash.
            typed += [f"{option.flag}={text}"] if text.startswith("-") else [option.flag, text]
    return typed


def _file(state: State) -> str:
    if state.file is None:
        raise SlxrdError("no file is open; open one first")
    return state.file


def from_command(command: str) -> State | None:
    """Read the state from a command line; options of outputs are ignored.

    Parameters
    ----------
    command : str
        The whole line, ``slxrd fit …``.

    Returns
    -------
    State or None
        None for another command, or one with options that are unknown to this version.
    """
    try:
        arguments = shlex.split(command)
        if arguments[:2] != ["slxrd", "fit"]:
            return None
        return parse_command(arguments[2:])
    except (SlxrdError, ValueError):
        return None


#: Options of ``slxrd fit`` for its outputs; True where a value follows.
OUTPUTS = {
    "--verbose": False,
    "--out": True,
    "--json": True,
    "--plot": True,
    "--report": True,
    "--bootstrap": True,
    "--resample": True,
    "--posterior": True,
    "--seed": True,
    "--maps": False,
    "--map": True,
    "--map-kind": True,
    "--force": False,
}


def parse_command(arguments: Sequence[str], *, outputs: bool = True) -> State:
    """Read the state from the arguments of ``slxrd fit``.

    Parameters
    ----------
    arguments : sequence of str
        Options and the file.
    outputs : bool
        Whether options of outputs are allowed; they are ignored.

    Raises
    ------
    SlxrdError
        If an option is unknown, or its value is missing or invalid.
    """
    parts = plain_options()
    known = {option.flag: option for options in parts.values() for option in options.values()}
    texts: dict[str, list[str]] = {}
    files: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        name, sign, value = argument.partition("=")
        if argument == "--":
            files += rest
        elif not argument.startswith("--"):
            files.append(argument)
        elif name in OUTPUTS:
            if not outputs:
                raise SlxrdError(f"{name} is for slxrd fit; leave it out")
            if OUTPUTS[name] and not sign:
                next(rest, None)
        elif name in known and isinstance(known[name].kind, Flag):
            texts[name] = [""]
        elif name in known:
            given = value if sign else next(rest, None)
            if given is None:
                raise SlxrdError(f"{name}: its value is missing")
            texts.setdefault(name, []).append(given)
        else:
            raise SlxrdError(f"unknown option {name}; slxrd fit --help lists them")
    if not files:
        raise SlxrdError("the file is missing; give at least one")
    if files[1:]:
        texts["--with"] = files[1:] + texts.get("--with", [])
    values = {known[flag].name: known[flag].kind.parse(typed, flag) for flag, typed in texts.items()}
    groups = {
        part: {name: values[name] for name in options if name in values} for part, options in parts.items()
    }
    state = State(files[0]).changed(**groups)
    check(state, files=False)
    return state


def script(state: State) -> str:
    """Write a Python script that makes the fit of a state.

    Raises
    ------
    SlxrdError
        If there is no file yet.
    """
    file = _file(state)
    chosen, parts = _changed(state), plain_options()
    head = [line for name, value in chosen.items() for line in OPTIONS[name].kind.imports(value)]
    head, where = [*sorted(head), "import slxrd"], repr(file)
    if file.startswith(EXAMPLE):
        head.insert(0, "from importlib.resources import files\n")
        where = f"files('slxrd.io.examples') / {EXAMPLES[file.removeprefix(EXAMPLE)].file!r}"
    reading = "".join(f", {name}={chosen[name]!r}" for name in parts["reading"] if name in chosen)
    lines = [*head, "", f"pattern = slxrd.read({where}{reading})"]
    if is_counting(chosen.get("noise")):
        lines.append("pattern = slxrd.counting_statistics(pattern)")
    if not chosen.get("no_lp"):
        angle = f", {chosen['monochromator']!r}" if "monochromator" in chosen else ""
        lines += [
            'if pattern.axis == "2theta":',
            f"    pattern = slxrd.correct_lorentz_polarisation(pattern{angle})",
        ]
    lines += ["result = slxrd.fit(", "    pattern,"]
    lines += [
        f"    {name}={OPTIONS[name].kind.source(chosen[name])},"
        for name in parts["choices"]
        if name in chosen
    ]
    lines += [")", "print(result)"]
    return "\n".join(lines) + "\n"
