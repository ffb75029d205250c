"""Errors and intervals against the true values, for samples that depart from the model in one way each.

    python benchmarks/error_budget.py --numbers 3                       # 138 fits, a few minutes
    python benchmarks/error_budget.py --numbers 50                      # 2300 fits, about an hour
    python benchmarks/error_budget.py --sample cubes --departure tilt   # repeatable: a part of them
    python benchmarks/error_budget.py --option systematics=none         # with another option of slxrd.fit
    python benchmarks/error_budget.py --table                           # only the tables of what is stored

Each fit is made as a user makes it, without knowledge of the departure: regions, M and the noise are given.
Finished fits are stored in error_budget.jsonl in the working directory (``--file``), each with the options of
``--option``, and not calculated again. Fits of one file with different options, and those of ``--against``
FILE, stand side by side in the tables.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from error_budget_generator import DEPARTURES, SAMPLES, M, draw, truth
from error_budget_measurement import measure
from error_budget_table import tables

import slxrd

QUANTITIES = ("d", "L", "sigma_L", "N", "sigma_N", "period", "thickness")


def fitted(number: int, sample: str, departure: str, options: dict[str, Any]) -> dict[str, Any]:
    """Fit one case without knowledge of its departure, and return what is stored of it."""
    case = draw(number, sample, departure)
    data = measure(case)
    pattern = slxrd.Pattern(data.q, data.y, sigma=data.sigma, source="simulated")
    line: dict[str, Any] = {"number": number, "sample": sample, "departure": departure, "options": options}
    line |= {"size": case.size * case.sign, "truth": truth(case)}
    began = time.perf_counter()
    try:
        fit = slxrd.fit(pattern, regions=case.regions, coherent=M, noise=data.noise, **options)
    except slxrd.SlxrdError as error:
        return {**line, "refused": str(error), "seconds": time.perf_counter() - began}
    line |= {"seconds": time.perf_counter() - began, "reduced_chi2": fit.reduced_chi2}
    assert fit.assessment is not None
    line |= {"grade": fit.assessment.grade, "widening": fit.assessment.widening, "estimates": {}}
    for name in QUANTITIES:
        estimate = fit.parameters.get(name) or fit.derived[name]
        stored = {key: getattr(estimate, key) for key in ("value", "error", "status", "why")}
        for key in ("interval_68", "interval_95", "statistical", "systematic"):
            if hasattr(estimate, key):
                stored[key] = getattr(estimate, key)
        line["estimates"][name] = stored
    keys = ("d", "L", "sigma_L", "N", "sigma_N")
    line["solutions"] = [[*(s.values[k] for k in keys), s.delta_chi2, s.probability] for s in fit.solutions]
    line["notes"] = list(fit.notes)
    return line


def read(path: Path) -> list[dict[str, Any]]:
    """Return the fits stored in a file, none if it does not exist."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def _key(line: dict[str, Any]) -> tuple[Any, ...]:
    options = json.dumps(line["options"], sort_keys=True)
    return line["number"], line["sample"], line["departure"], options


def _options(items: list[str]) -> dict[str, Any]:
    """Return NAME=VALUE as keywords; a value that is no JSON is a string."""
    out: dict[str, Any] = {}
    for item in items:
        name, separator, value = item.partition("=")
        if not separator:
            raise SystemExit(f"--option {item}: expected NAME=VALUE")
        try:
            out[name] = json.loads(value)
        except json.JSONDecodeError:
            out[name] = value
    return out


def _cases(arguments: argparse.Namespace) -> Iterator[tuple[int, str, str]]:
    for number in range(arguments.first, arguments.first + arguments.numbers):
        for sample in arguments.sample or SAMPLES:
            for departure in arguments.departure or DEPARTURES:
                yield number, sample, departure


def main() -> None:
    """Fit what is not stored, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--numbers", type=int, default=3, help="samples drawn for every departure")
    parser.add_argument("--first", type=int, default=0, help="the number of the first of them")
    parser.add_argument("--departure", action="append", choices=list(DEPARTURES))
    parser.add_argument("--sample", action="append", choices=list(SAMPLES))
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--file", type=Path, default=Path("error_budget.jsonl"))
    parser.add_argument("--against", type=Path, help="stored fits to print beside those of --file")
    parser.add_argument("--table", action="store_true", help="fit nothing")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="start no fit after this time")
    arguments = parser.parse_args()
    options = _options(arguments.option)
    began = time.perf_counter()
    lines = read(arguments.file)
    done = {_key(line) for line in lines}
    for number, sample, departure in () if arguments.table else _cases(arguments):
        if time.perf_counter() - began > arguments.seconds:
            break
        new = {"number": number, "sample": sample, "departure": departure, "options": options}
        if _key(new) in done:
            continue
        lines.append(fitted(number, sample, departure, options))
        with arguments.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(lines[-1]) + "\n")
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, stored in ((arguments.against, read(arguments.against) if arguments.against else []),
                         (arguments.file, lines)):  # fmt: skip
        for line in stored:
            name = ", ".join([path.stem, *(f"{k}={v}" for k, v in line["options"].items())])
            groups.setdefault(name, []).append(line)
    print("\n".join(tables(groups)))


if __name__ == "__main__":
    main()
