"""Grades of fits to patterns with known departures from the model, and how wrong their results are.

    python benchmarks/departures.py --numbers 12            # 192 fits, about five minutes
    python benchmarks/departures.py --numbers 12 --table    # only the table of what is stored

Finished fits are stored in departures.jsonl in the working directory, and not calculated again.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from departures_generator import DEPARTURES, draw_sample, measured, options, truth

import slxrd

FILE = Path("departures.jsonl")
#: Deviations, in printed errors, beyond which a value is wrong.
WRONG = 3.0
QUANTITIES = ("thickness_with_surface", "L", "period")


def fitted(number: int, kind: str, departure: str) -> dict[str, Any]:
    """Fit one pattern without knowledge of its departure; every second one with an assumed noise."""
    sample = draw_sample(number, kind, departure)
    q, counts = measured(sample, number)
    noise = "counting" if number % 2 == 0 else 0.03
    line: dict[str, Any] = {"number": number, "kind": kind, "departure": departure, "noise": noise}
    try:
        fit = slxrd.fit(slxrd.Pattern(q, counts, source="simulated"), **options(sample, noise))
    except slxrd.SlxrdError as error:
        return {**line, "refused": str(error)}
    assert fit.assessment is not None
    line |= {"grade": fit.assessment.grade, "widening": fit.assessment.widening, "pulls": {}}
    for name, value in truth(sample).items():
        estimate = fit.parameters.get(name) or fit.derived.get(name)
        if name in QUANTITIES and estimate is not None and estimate.status == "determined" and estimate.error:
            line["pulls"][name] = (estimate.value - value) / estimate.error
    return line


def table(lines: list[dict[str, Any]]) -> list[str]:
    """Return the table of grades, and of values that are wrong by more than :data:`WRONG` errors."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        rows[f"{line['kind']}, {line['departure']}"].append(line)
    out = ["| departure | fits | describes | systematic | rejected | wrong and confident |"]
    out.append("| --- | --- | --- | --- | --- | --- |")
    for name, group in [*rows.items(), ("all", lines)]:
        grades = [line.get("grade", "rejected") for line in group]
        wrong = sum(any(abs(pull) > WRONG for pull in line.get("pulls", {}).values()) for line in group)
        counts = " | ".join(str(grades.count(grade)) for grade in ("describes", "systematic", "rejected"))
        out.append(f"| {name} | {len(group)} | {counts} | {wrong} |")
    return out


def main() -> None:
    """Fit what is not stored, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=12)
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    lines = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()] if FILE.exists() else []
    done = {(line["number"], line["kind"], line["departure"]) for line in lines}
    for number in range(0 if arguments.table else arguments.numbers):
        for kind, departures in DEPARTURES.items():
            for departure in departures:
                if (number, kind, departure) in done:
                    continue
                lines.append(fitted(number, kind, departure))
                with FILE.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(lines[-1]) + "\n")
    print("\n".join(table(lines)))


if __name__ == "__main__":
    main()
