"""Values in file names by a user's regular expression, in a limited time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

from slxrd.errors import SlxrdError
from slxrd.studies.series import expression_search

#: Time for all names, in s. A usual expression needs 10⁻⁶ s for a name.
SECONDS = 0.7
#: Time in s after which the process is ended from outside; it may start late on a busy computer.
LONGEST = 60.0


def search_names(expression: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """Search names for value and unit.

    Parameters
    ----------
    expression : str
        Regular expression. Its group ``value`` (or first group) is the value, its group ``unit`` the unit.
    names : sequence of str
        Names of files.

    Returns
    -------
    list of (str, str)
        Value and unit in each name; empty where there is none.

    Raises
    ------
    SlxrdError
        If it is not a regular expression, has no group, or takes too long.
    """
    request = json.dumps({"expression": expression, "names": list(names), "seconds": SECONDS})
    too_long = SlxrdError(
        f"--pattern-of-name {expression}: takes too long; leave out repetitions of repetitions, as in '(a+)+'"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", expression_search.__file__],
            input=request,
            capture_output=True,
            text=True,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        raise too_long from None
    if done.returncode:
        raise too_long
    answer = json.loads(done.stdout)
    if "wrong" in answer:
        raise SlxrdError(f"--pattern-of-name {expression}: {answer['wrong']}")
    return [(str(value), str(unit)) for value, unit in answer["found"]]
