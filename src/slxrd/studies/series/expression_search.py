"""Search names with a regular expression in a process of its own, which ends itself when it takes too long.

Python cannot interrupt a search, and some expressions, as ``(a+)+$``, would need years.
Run as a script: it reads JSON (``expression``, ``names``, ``seconds``) and imports nothing of slxrd.
"""

import faulthandler
import json
import os
import re
import sys


def main() -> None:
    """Print value and unit in each name, or what is wrong with the expression, as JSON."""
    request = json.load(sys.stdin)
    with open(os.devnull, "w") as nowhere:
        # The only timer that ends a process during a search.
        faulthandler.dump_traceback_later(request["seconds"], exit=True, file=nowhere)
        print(json.dumps(_search(request["expression"], request["names"])))
        faulthandler.cancel_dump_traceback_later()


def _search(text: str, names: list[str]) -> dict[str, object]:
    try:
        expression = re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        return {"wrong": f"is not a regular expression ({error})"}
    if not expression.groups:
        return {"wrong": "put the number into parentheses, such as '_(\\d+)C'"}
    found = []
    for name in names:
        match = expression.search(name)
        groups = {} if match is None else match.groupdict()
        value = groups.get("value") or ("" if match is None else match[1])
        found.append((value or "", groups.get("unit") or ""))
    return {"found": found}


if __name__ == "__main__":
    main()
