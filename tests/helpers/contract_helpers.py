"""Run Python in a process of its own, with modules withheld."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

#: Makes the modules named in ``withheld`` impossible to import, as if they were not installed.
BLOCKER = """
import sys
class Withhold:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {withheld!r}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)
sys.meta_path.insert(0, Withhold())
"""


def python(code: str, *, withheld: tuple[str, ...] = (), folder: Path | None = None) -> str:
    """Run code in a new interpreter; return what it printed."""
    program = BLOCKER.replace("{withheld!r}", repr(set(withheld))) + code if withheld else code
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=180,
        cwd=folder,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def modules_after(*steps: str) -> list[set[str]]:
    """Names of all modules that are imported after each step of a program in a new interpreter."""
    show = "\nimport json, sys\nprint(json.dumps(list(sys.modules)))\n"
    return [set(json.loads(line)) for line in python("".join(f"{step}{show}" for step in steps)).splitlines()]


def loads_strictly(text: str) -> Any:
    """Read JSON as the standard has it: no NaN, no Infinity."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)
