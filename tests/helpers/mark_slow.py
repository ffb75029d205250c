"""Set the marker slow by measured processor times.

``python -m pytest -n 1 --processor-times times.json`` measures;
``python tests/helpers/mark_slow.py times.json``
marks the tests above the limit, and takes the marker from those that are below a third of it. A test that has
the marker for some of its parameters keeps it for these.
"""

from __future__ import annotations

import argparse
import ast
import json
from collections import defaultdict
from pathlib import Path

MARKER = "@pytest.mark.slow"


def longest(files: list[Path]) -> dict[str, dict[tuple[str, bool], float]]:
    """Longest time in seconds of each test function and of its marked parameters, by file."""
    times: dict[str, dict[tuple[str, bool], float]] = defaultdict(lambda: defaultdict(float))
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            node, seconds, slow = json.loads(line)
            path, _, rest = node.partition("::")
            name = rest.partition("[")[0].rpartition("::")[2]
            times[path][name, slow] = max(times[path][name, slow], seconds)
    return times


def marked(text: str, times: dict[tuple[str, bool], float], limit: float) -> str:
    """The text of a file of tests with the marker where it belongs."""
    lines = text.split("\n")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    for node in sorted(functions, key=lambda node: -node.lineno):
        unmarked, slow = times.get((node.name, False)), times.get((node.name, True))
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
        there = [i for i in range(first, node.lineno) if lines[i].strip() == MARKER]
        if unmarked is not None and unmarked > limit and not there:
            lines.insert(first, " " * node.col_offset + MARKER)
        elif slow is not None and slow < limit / 3.0 and there:
            del lines[there[0]]
    text = "\n".join(lines)
    if MARKER in text and "import pytest\n" not in text:
        first = min(
            node.lineno
            for node in ast.parse(text).body
            if isinstance(node, ast.Import | ast.ImportFrom) and getattr(node, "module", "") != "__future__"
        )
        lines = text.split("\n")
        text = "\n".join([*lines[: first - 1], "import pytest", *lines[first - 1 :]])
    return text


def main() -> None:
    """Change the files of tests in place; format them afterwards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("times", nargs="+", type=Path, help="what --processor-times wrote")
    parser.add_argument("--limit", type=float, default=0.2, help="seconds of processor time (0.2)")
    given = parser.parse_args()
    for name, times in sorted(longest(given.times).items()):
        path = Path(name)
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            path.write_text(marked(text, times, given.limit), encoding="utf-8")


if __name__ == "__main__":
    main()
