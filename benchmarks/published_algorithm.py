"""The same simulated patterns fitted by the published algorithm and by slxrd.

    python benchmarks/error_budget.py --numbers 10          # the fits of slxrd, stored
    python benchmarks/published_algorithm.py --numbers 10   # those of the published algorithm, and the table

The published algorithm (``algorithm2021.py``) starts from values that a user could have: d within 0.5 %,
N within one plane, L within 3 Å of the true values. Its errors are those of the covariance for a noise of 3 %
of the maximum, which its bootstrap of flat noise draws from. q_zero is 0, as in the paper.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import algorithm2021
import numpy as np
from error_budget_generator import DEPARTURES, RESOLUTION, Case, M, draw, truth
from error_budget_measurement import measure

QUANTITIES = ("d", "L", "sigma_L", "N", "sigma_N")
#: Bounds relative to the true values of d and N, and in Å and planes otherwise.
BOUNDS = {"L": (-8.0, 8.0), "N": (-4.0, 4.0), "d": (-0.15, 0.15)}


def published(case: Case) -> dict[str, tuple[float, float]]:
    """Fit a case by the published algorithm: values and errors of the quantities."""
    random = np.random.default_rng([21, case.seed, case.sample == "sheets"])
    true, data = truth(case), measure(case)
    regions = [
        algorithm2021.Region(data.q[inside], data.y[inside])
        for low, high in case.regions
        for inside in [(data.q >= low - 1e-9) & (data.q <= high + 1e-9)]
    ]
    start = {
        "d": case.d * (1.0 + random.uniform(-0.005, 0.005)),
        "L": case.L + random.uniform(-3.0, 3.0),
        "sigma_L": 1.0,
        "N": case.N + random.uniform(-1.0, 1.0),
        "sigma_N": 1.0,
    }
    bounds = {name: (true[name] + low, true[name] + high) for name, (low, high) in BOUNDS.items()}
    bounds |= {"N": (max(1.0, bounds["N"][0]), bounds["N"][1]), "sigma_L": (0.05, 5.0), "sigma_N": (0.2, 5.0)}
    found, result = algorithm2021.fit(regions, start, bounds, sigma_G=RESOLUTION, C=M // 2)
    errors = np.sqrt(np.diag(np.linalg.pinv(result.jac.T @ result.jac)))
    names = [name for name in algorithm2021.PARAMETERS if name in bounds]
    return {name: (found[name], float(error)) for name, error in zip(names, errors, strict=True)}


def contained(row: dict[str, Any], name: str) -> bool | None:
    """Whether the 95 % intervals of a stored fit of slxrd contain the true value; None if there are none."""
    intervals = row["estimates"].get(name, {}).get("interval_95")
    return None if not intervals else any(low <= row["truth"][name] <= high for low, high in intervals)


def wrong_L(value: float, error: float, true: float) -> bool:
    """Whether L is stated with an error, and belongs to another solution."""
    return abs(value - true) > max(1.0, 4.0 * error)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--numbers", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--file", type=Path, default=Path("error_budget.jsonl"))
    options = parser.parse_args()
    numbers = range(options.first, options.first + options.numbers)
    rows = [json.loads(line) for line in options.file.read_text(encoding="utf-8").splitlines()]
    stored = {(r["sample"], r["departure"], r["number"]): r for r in rows if not r["options"]}
    print("| departure | fits | 95 % cover: published, slxrd (%) | another L stated: published, slxrd |")
    print("| --- | --- | --- | --- |")
    total: list[list[bool]] = [[], [], [], []]
    for departure in DEPARTURES:
        inside: list[list[bool]] = [[], [], [], []]
        count = 0
        for sample in ("cubes", "sheets"):
            for number in numbers:
                case, row = draw(number, sample, departure), stored[sample, departure, number]
                true, count = truth(case), count + 1
                found = published(case)
                inside[0] += [abs(v - true[name]) < 1.96 * e for name, (v, e) in found.items()]
                inside[1] += [held for name in QUANTITIES if (held := contained(row, name)) is not None]
                inside[2].append(wrong_L(*found["L"], true["L"]))
                L = row["estimates"].get("L", {})
                stated = L.get("status") == "determined" and L.get("error") is not None
                inside[3].append(stated and wrong_L(L["value"], L["error"], true["L"]))
        print(_line(departure, count, inside), flush=True)
        total = [have + new for have, new in zip(total, inside, strict=True)]
    print(_line("**all**", len(total[2]), total))


def _line(label: str, count: int, inside: list[list[bool]]) -> str:
    cover = [f"{100.0 * sum(part) / len(part):.0f}" if part else "–" for part in inside[:2]]
    assert all(math.isfinite(float(part)) for part in cover if part != "–")
    return f"| {label} | {count} | {', '.join(cover)} | {sum(inside[2])}, {sum(inside[3])} |"


if __name__ == "__main__":
    main()
