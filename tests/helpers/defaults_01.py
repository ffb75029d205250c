"""The defaults of version 0.1, stated as options: what its requests and commands mean."""

from __future__ import annotations

import shlex
from typing import Any

from slxrd.fitting.record.migrations import DEFAULTS_0_1, with_defaults_0_1
from slxrd.fitting.record.state import State
from slxrd.fitting.request.declaration import OPTIONS

#: Commands that fit a pattern, and the options of a fit that they do not have.
FITTING: dict[str, tuple[str, ...]] = {
    "fit": (),
    "series": (),
    "merit": ("objective", "substrate"),
    "compare": ("objective", "substrate"),
}


def command_0_1(command: str) -> str:
    """Add the defaults of version 0.1 that a command does not contain."""
    words = shlex.split(command)
    if words[1] not in FITTING:
        return command
    if "--background" in words:
        place = words.index("--background") + 1
        words[place] = with_defaults_0_1({"background": words[place]})["background"]
    added: list[str] = []
    for name, value in DEFAULTS_0_1.items():
        option = OPTIONS[name]
        if option.flag not in words and name not in FITTING[words[1]]:
            added += [word for text in option.kind.texts(name, value) for word in (option.flag, text)]
    return shlex.join([*words, *added])


def request_0_1(request: dict[str, Any]) -> dict[str, Any]:
    """A request of version 0.1 with its defaults, as far as they are not those of this version."""
    stated = State(choices=with_defaults_0_1(request["choices"]))
    return {**request, "choices": stated.request()["choices"]}
