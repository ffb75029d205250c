"""Compare two runs of the benchmarks: ``python benchmarks/compare_runs.py OLD.json NEW.json``."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    """Print each value of both runs and their ratio; the exit code is 1 if one has doubled or halved."""
    old, new = (json.loads(Path(name).read_text())["measured"] for name in sys.argv[1:3])
    changed = False
    for what in sorted(old.keys() & new.keys()):
        ratio = new[what] / old[what] if old[what] else float("nan")
        mark = "" if 0.5 < ratio < 2.0 else "  CHANGED"
        changed = changed or bool(mark)
        print(f"{what:<100} {old[what]:>10.3g} {new[what]:>10.3g} {ratio:>8.2f}{mark}")
    for what in sorted(old.keys() ^ new.keys()):
        print(f"{what:<100} only in the {'first' if what in old else 'second'}")
    sys.exit(int(changed))


if __name__ == "__main__":
    main()
