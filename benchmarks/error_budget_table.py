"""Tables of the error-budget benchmark: pulls, coverage, errors relative to those of the exact model.

Only what a user may quote is counted: a quantity with a printed error (determined), or an ambiguous one
by its intervals, which may have several pieces; the true value must lie in one of them. Fits that were
refused or whose model was rejected, and quantities that are not determined, quote nothing: their fractions
stand beside the coverage. A pull is the deviation of the value from the true one over the printed error,
of determined quantities only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

Line = Mapping[str, Any]
#: Half widths in standard deviations that replace an interval which was not calculated.
LEVELS = {"68": 1.0, "95": 1.96}
SYMBOLS = {"sigma_L": "σ_L", "sigma_N": "σ_N", "period": "Λ", "thickness": "t"}


def quoted(line: Line) -> dict[str, Line]:
    """Return the estimates of a fit that are determined or ambiguous."""
    if "refused" in line or line["grade"] == "rejected":
        return {}
    return {
        name: estimate
        for name, estimate in line["estimates"].items()
        if (estimate["status"] == "determined" and estimate["error"]) or estimate["status"] == "ambiguous"
    }


def pulls(line: Line) -> dict[str, float]:
    """Return the pulls of the determined quantities."""
    return {
        name: (estimate["value"] - line["truth"][name]) / estimate["error"]
        for name, estimate in quoted(line).items()
        if estimate["status"] == "determined"
    }


def covered(line: Line, level: str) -> dict[str, bool]:
    """Return whether the interval of each quoted quantity contains the true value."""
    out = {}
    for name, estimate in quoted(line).items():
        pieces = estimate.get(f"interval_{level}")
        if not pieces:
            if not estimate["error"]:
                continue
            half = LEVELS[level] * estimate["error"]
            pieces = [(estimate["value"] - half, estimate["value"] + half)]
        out[name] = any(low <= line["truth"][name] <= high for low, high in pieces)
    return out


def _ratios(lines: Iterable[Line], exact: Mapping[Any, Line]) -> list[float]:
    """Return errors over those of the same sample without a departure, with the reference's options."""
    out = []
    for line in lines:
        reference = exact.get((line["number"], line["sample"]))
        known = quoted(reference) if reference else {}
        for name, estimate in quoted(line).items():
            if name in known and known[name]["error"] and estimate["error"]:
                out.append(estimate["error"] / known[name]["error"])
    return out


def _median(values: Iterable[float], digits: int = 1) -> str:
    kept = [v for v in values if np.isfinite(v)]
    return f"{np.median(kept):.{digits}f}" if kept else "–"


def _worst(values: list[tuple[float, str]]) -> str:
    if not values:
        return "–"
    pull, name = max(values, key=lambda pair: abs(pair[0]))
    return f"{pull:.1f}".replace("-", "−") + (f" ({SYMBOLS.get(name, name)})" if name != "L" else "")


def _percent(flags: list[bool]) -> str:
    return f"{100.0 * np.mean(flags):.0f}" if flags else "–"


def _row(lines: list[Line], exact: Mapping[Any, Line]) -> list[str]:
    own = [pulls(line) for line in lines]
    L = [(p["L"], "L") for p in own if "L" in p]
    others = [(v, k) for p in own for k, v in p.items() if k != "L"]
    flags = {level: [f for line in lines for f in covered(line, level).values()] for level in LEVELS}
    none = [line for line in lines if not quoted(line)]
    possible = sum(len(line["estimates"]) for line in lines if quoted(line))
    undetermined = possible - sum(len(quoted(line)) for line in lines)
    return [
        _median(abs(v) for v, _ in L), _worst(L), _median(abs(v) for v, _ in others), _worst(others),
        str(sum(abs(v) > 4.0 for v, _ in L + others)),
        _median((line.get("reduced_chi2", np.nan) for line in lines), 2),
        _percent(flags["68"]), _percent(flags["95"]), str(len(flags["95"])),
        _median(_ratios(lines, exact)),
        f"{len(none)}/{len(lines)}", f"{undetermined}/{possible}",
    ]  # fmt: skip


HEADER = ("departure", "fits", "L: median pull", "L: worst", "others: median", "others: worst", "beyond 4",
          "χ²", "68 %", "95 %", "quoted", "error/exact", "nothing quoted", "not determined")  # fmt: skip


def tables(groups: Mapping[str, list[Line]]) -> list[str]:
    """Return the tables of all samples as Markdown; ``groups`` are the fits by their name.

    The errors of every group are compared with those of the first one for the exact model.
    """
    out: list[str] = []
    first = next(iter(groups.values()), [])
    exact = {(line["number"], line["sample"]): line for line in first if line["departure"] == "none"}
    samples = list(dict.fromkeys(line["sample"] for lines in groups.values() for line in lines))
    for sample in [*samples, "all"]:
        out += ["", f"{sample}:" if sample != "all" else "all samples:", ""]
        out += ["| " + " | ".join(HEADER) + " |", "| --- " * len(HEADER) + "|"]
        chosen = {
            g: [line for line in lines if sample in ("all", line["sample"])] for g, lines in groups.items()
        }
        names = list(dict.fromkeys(line["departure"] for lines in chosen.values() for line in lines))
        for departure in [*names, "all but none"]:
            for group, lines in chosen.items():
                kept = [line for line in lines
                        if line["departure"] == departure
                        or (departure == "all but none" and line["departure"] != "none")]  # fmt: skip
                if kept:
                    label = departure if len(groups) == 1 else f"{departure} [{group}]"
                    out.append("| " + " | ".join([label, str(len(kept)), *_row(kept, exact)]) + " |")
    return [*out, *_by_quantity(groups)]


def _by_quantity(groups: Mapping[str, list[Line]]) -> list[str]:
    """Return the coverage of each quantity, over all samples."""
    out = ["", "Coverage by quantity in % (68, 95), without and with departures:", ""]
    names = ("d", "L", "sigma_L", "N", "sigma_N", "period", "thickness")
    out += [
        "| fits | " + " | ".join(SYMBOLS.get(n, n) for n in names) + " |",
        "| --- " * (len(names) + 1) + "|",
    ]
    for group, lines in groups.items():
        for label, wanted in (("exact model", True), ("departures", False)):
            kept = [line for line in lines if (line["departure"] == "none") == wanted]
            cells = []
            for name in names:
                parts = [
                    _percent([c[name] for line in kept if name in (c := covered(line, level))])
                    for level in LEVELS
                ]
                cells.append(", ".join(parts))
            out.append(f"| {group}, {label} | " + " | ".join(cells) + " |")
    return out
