"""Measure slxrd against its baselines and its goals: ``python benchmarks/run.py [--quick]``."""

from __future__ import annotations

import argparse
from pathlib import Path

from fits import fits
from processes import installed_size, processes
from report import machine, write
from series import series
from speed import atoms, kernel, scaling
from uncertainty import uncertainty

from files import files


def main() -> None:
    """Run all benchmarks and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer repetitions: under a minute, less precise"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the values that have a goal")
    arguments = parser.parse_args()
    quick = arguments.quick
    machine()
    kernel(rounds=20 if quick else 100)
    atoms(rounds=20 if quick else 100)
    scaling(rounds=5 if quick else 30)
    fits(rounds=1 if quick else 3, seeds=2 if quick else 5)
    uncertainty(rounds=1 if quick else 3, replicates=250 if quick else 1000)
    series(count=8 if quick else 200)
    files(rounds=2 if quick else 5)
    installed_size()
    processes(rounds=1 if quick else 5)
    if arguments.json:
        write(arguments.json)


if __name__ == "__main__":
    main()
