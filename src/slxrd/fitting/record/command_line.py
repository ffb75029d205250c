"""A session's state as what would be typed: the command ``slxrd fit …`` and back, and a Python script."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from slxrd.errors import SlxrdError
from slxrd.fitting.examples import EXAMPLES, example
from slxrd.fitting.record import arguments
from slxrd.fitting.record.request import DEFAULTS, KEYS, WAYS, State, plain
from slxrd.fitting.record.validation import check

#: Arguments whose option has another name.
_NAMES = {"regions": "region"}
#: Text before the name of a packaged example, in place of a path.
EXAMPLE = "example:"


def option(key: str) -> str:
    """The option of ``slxrd fit`` that sets an argument."""
    return "--" + _NAMES.get(key, key).replace("_", "-")


def path_of(file: str) -> Path:
    """The file on disk that a state names, an example's included.

    Raises
    ------
    SlxrdError
        If there is no such example.
    """
    if not file.startswith(EXAMPLE):
        return Path(file)
    from importlib.resources import files

    return Path(str(files("slxrd.io.examples") / example(file.removeprefix(EXAMPLE)).file))


def _groups(state: State) -> Iterator[tuple[str, Any]]:
    for group in KEYS:
        for key in KEYS[group]:
            value = getattr(state, group).get(key)
            if value is not None and value != DEFAULTS[key]:
                yield key, plain(value)


def _texts(key: str, value: Any) -> list[str]:
    """What stands behind each repetition of an option."""
    way = WAYS.get(key, "text")
    if way == "spans":
        return [":".join(map(_number, item)) for item in value]
    if way == "pairs":
        return [f"{name}={':'.join(map(_number, pair))}" for name, pair in value.items()]
    if way in ("values", "ties"):
        return [f"{name}={item if way == 'ties' else _number(item)}" for name, item in value.items()]
    if way == "names":
        return [str(name) for name in value]
    if isinstance(value, Mapping | list):
        raise SlxrdError(
            f"{key}: cannot be typed as an option of slxrd fit; choose a file instead, or take the script"
        )
    return [_number(value) if isinstance(value, int | float) else str(value)]


def _number(value: float) -> str:
    """The shortest text that is read back as the same number."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def command_line(state: State) -> str:
    """Write the command that makes the fit of a state, for a shell.

    Raises
    ------
    SlxrdError
        If there is no file yet, or a choice that the command line cannot express.
    """
    words = ["slxrd", "fit"]
    path = str(path_of(_file(state)))
    for key, value in _groups(state):
        if WAYS.get(key) == "flag":
            words.append(option(key))
            continue
        for text in _texts(key, value):
            # Joined, as a value may begin with a dash.
            words += [f"{option(key)}={text}"] if text.startswith("-") else [option(key), text]
    words[2:2] = ["--", path] if path.startswith("-") else [path]
    if path.startswith("-"):
        words = [*words[:2], *words[4:], "--", path]
    return shlex.join(words)


def _file(state: State) -> str:
    if state.file is None:
        raise SlxrdError("no file is open; open one first")
    return state.file


def from_command(command: str) -> State | None:
    """Read a state off a command line, without what it says of outputs.

    Parameters
    ----------
    command : str
        ``slxrd fit …`` as it was typed.

    Returns
    -------
    State or None
        None where it is another command, or holds what this version does not know.
    """
    try:
        words = shlex.split(command)
        if words[:2] != ["slxrd", "fit"]:
            return None
        return parse_command(words[2:])
    except (SlxrdError, ValueError):
        return None


#: Options of ``slxrd fit`` that say what is written, not what is fitted; True where a value follows.
OUTPUTS = {
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


def parse_command(words: Sequence[str], *, outputs: bool = True) -> State:
    """Read a state off the words behind ``slxrd fit``.

    Parameters
    ----------
    words : sequence of str
        Options and the file.
    outputs : bool
        Whether options that say what is written may be among them; they are passed over.

    Raises
    ------
    SlxrdError
        If an option is unknown, lacks its value or has one that cannot be.
    """
    keys = {option(key): (group, key) for group, names in KEYS.items() for key in names}
    texts: dict[tuple[str, str], list[str]] = {}
    files: list[str] = []
    rest = iter(words)
    for word in rest:
        name, sign, value = word.partition("=")
        if word == "--":
            files += rest
        elif not word.startswith("--"):
            files.append(word)
        elif name in OUTPUTS:
            if not outputs:
                raise SlxrdError(f"{name} is for slxrd fit; leave it out")
            if OUTPUTS[name] and not sign:
                next(rest, None)
        elif WAYS.get(keys[name][1] if name in keys else "") == "flag":
            texts[keys[name]] = [""]
        elif name in keys:
            given = value if sign else next(rest, None)
            if given is None:
                raise SlxrdError(f"{name}: its value is missing")
            texts.setdefault(keys[name], []).append(given)
        else:
            raise SlxrdError(f"unknown option {name}; slxrd fit --help lists them")
    if len(files) != 1:
        raise SlxrdError("one file is fitted at a time")
    groups: dict[str, dict[str, Any]] = {group: {} for group in KEYS}
    for (group, key), told in texts.items():
        groups[group][key] = _value(key, told)
    state = State(files[0]).changed(**groups)
    check(state, files=False)
    return state


def _value(key: str, texts: list[str]) -> Any:
    way, name = WAYS.get(key, "text"), option(key)
    if way == "flag":
        return True
    if way == "spans":
        return [[arguments.number(part, name) for part in text.split(":")] for text in texts]
    if way == "values":
        return arguments.values(texts, name)
    if way == "pairs":
        return arguments.intervals(texts, name)
    if way == "ties":
        return arguments.assignments(texts, name)
    if way == "names":
        return texts
    text = texts[-1]
    if way == "whole":
        if not text.strip().isdecimal():
            raise SlxrdError(f"{name} {text}: must be a whole number")
        return int(text)
    if way == "number":
        return arguments.number(text, name)
    if key == "noise":
        return arguments.noise(text)
    try:
        return float(text) if key in ("resolution", "wavelength", "slab") else text
    except ValueError:
        return text


def script(state: State) -> str:
    """Write a Python script that makes the fit of a state.

    Raises
    ------
    SlxrdError
        If there is no file yet.
    """
    file = _file(state)
    head, where = ["import slxrd"], repr(file)
    if file.startswith(EXAMPLE):
        head.insert(0, "from importlib.resources import files\n")
        where = f"files('slxrd.io.examples') / {EXAMPLES[file.removeprefix(EXAMPLE)].file!r}"
    chosen = dict(_groups(state))
    reading = "".join(f", {key}={chosen[key]!r}" for key in KEYS["reading"] if key in chosen)
    lines = [*head, "", f"pattern = slxrd.read({where}{reading})"]
    if chosen.get("noise") == "counting":
        lines.append("pattern = slxrd.counting_statistics(pattern)")
    if not chosen.get("no_lp"):
        angle = f", {chosen['monochromator']!r}" if "monochromator" in chosen else ""
        lines += [
            'if pattern.axis == "2theta":',
            f"    pattern = slxrd.correct_lorentz_polarisation(pattern{angle})",
        ]
    lines += ["result = slxrd.fit(", "    pattern,"]
    for key in KEYS["choices"]:
        if key in chosen:
            lines.append(f"    {key}={_source(key, chosen[key])},")
    lines += [")", "print(result)"]
    if isinstance(chosen.get("resolution"), Mapping):
        lines.insert(len(head) - 1, "from slxrd.instrument.broadening import Broadening")
    return "\n".join(lines) + "\n"


def _source(key: str, value: Any) -> str:
    """A value as Python writes it."""
    if key == "resolution" and isinstance(value, str):
        return f"slxrd.read_resolution({value!r})"
    if key == "resolution" and isinstance(value, Mapping):
        return "Broadening(" + ", ".join(f"{name}={item!r}" for name, item in value.items()) + ")"
    if WAYS.get(key) == "spans":
        return repr([tuple(item) for item in value])
    if WAYS.get(key) == "pairs":
        return repr({name: tuple(item) for name, item in value.items()})
    return repr(value)
