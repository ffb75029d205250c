"""Calls in a fork of this process: each command is a process of its own, but Python is started once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from audit.rows import Lost, Wrong
from audit.worker import LARGE, peak

#: Exceptions that a fork hands over as they are.
KINDS: dict[str, type[Exception]] = {"Lost": Lost, "Wrong": Wrong, "MemoryError": MemoryError}


def in_a_fork(call: Callable[[], None]) -> None:
    """Make a call in a fork, and raise here what it raises, or MemoryError if it took more than 500 MB."""
    receiving, sending = os.pipe()
    child = os.fork()
    if not child:
        said = ["", ""]
        try:
            call()
            if peak() > LARGE:
                said = ["MemoryError", f"{peak() / 1e6:.0f} MB"]
        except BaseException as error:
            said = [type(error).__name__, str(error)]
        finally:
            os.write(sending, json.dumps(said).encode())
            os._exit(0)
    os.close(sending)
    with os.fdopen(receiving, "rb") as file:
        answer = file.read()
    _, status = os.waitpid(child, 0)
    if not answer:
        raise RuntimeError(f"the process ended with status {status}")
    kind, text = json.loads(answer)
    if kind:
        raise KINDS.get(kind, RuntimeError)(text if kind in KINDS else f"{kind}: {text}")
