"""Tables and the reliability diagram of the calibration."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

#: Smallest number of fits of a row that is shown.
FEWEST = 8
METHODS = ("default", "covariance", "profile", "bootstrap", "MCMC")
NAMES = {
    "d": "d", "L": "L", "sigma_L": "σ_L", "N": "N", "sigma_N": "σ_N", "q_zero": "q₀",
    "thickness": "t", "period": "Λ", "free_gap": "ℓ", "occupancy": "occupancy",
}  # fmt: skip
Line = dict[str, Any]
PAGES = Path(__file__).parent
#: L within this many d of another is the same solution.
SAME = 0.4
BINS = (0.0, 0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 0.99, 1.0 + 1e-9)


def report(lines: list[Line], folder: Path | None, title: str = "calibration") -> None:
    """Print the report, and write it as a page with this title if a folder is given."""
    fits = [_pooled(line) for line in lines if "refused" not in line]
    text = [f"{len(lines)} fits of simulated patterns, {len(lines) - len(fits)} failed.", ""]
    text += _recovery([line for line in fits if line["weight"] == 1.0])
    for weight, heading in ((1.0, "Equal weights"), (0.1, "Second order at a weight of 1/10")):
        weighted = [line for line in fits if line["weight"] == weight]
        if weighted:
            text += ["", f"## {heading}", "", *_coverage(weighted)]
    bins = reliability([line for line in fits if line["weight"] == 1.0])
    text += [
        "",
        "## Probabilities of solutions",
        "",
        "| probability | solutions | mean | fraction true |",
        "| --- | --- | --- | --- |",
    ]
    text += [
        f"| {a:g} to {min(b, 1):g} | {n} | {mean:.3f} | {true:.3f} ± {error:.3f} |"
        for a, b, n, mean, true, error in bins
    ]
    print("\n".join(text))
    if folder is not None:
        page = (PAGES / f"{title}.md").read_text(encoding="utf-8").replace("{}", str(len(fits)))
        page = page.replace("{tables}", "\n".join(text))
        (folder / f"{title}.md").write_text(page, encoding="utf-8")
        if f"{title}.svg" in page:
            draw(bins, folder / f"{title}.svg")


def _pooled(line: Line) -> Line:
    """Give the occupancies of all surfaces the same name."""
    for entry in (line["truth"], line["status"], line["value"], *line["intervals"].values()):
        for name in [name for name in entry if name.startswith("occ_")]:
            entry["occupancy"] = entry.pop(name)
    return line


def _clusters(line: Line) -> tuple[np.ndarray, np.ndarray, int | None]:
    """Solutions that differ in L: L, probability, and which is the true one."""
    gaps: list[float] = []
    shares: list[float] = []
    for L, d, _, probability in line["solutions"]:
        same = [k for k, gap in enumerate(gaps) if abs(gap - L) < SAME * d]
        if same:
            shares[same[0]] += probability
        else:
            gaps.append(L)
            shares.append(probability)
    away = np.abs(np.array(gaps) - line["truth"]["L"])
    true = int(away.argmin())
    return np.array(gaps), np.array(shares), true if away[true] < SAME * line["truth"]["d"] else None


def _recovery(lines: list[Line]) -> list[str]:
    seen = [line for line in lines if line["status"]["L"] in ("determined", "ambiguous")]
    listed = [_clusters(line)[2] is not None for line in seen]
    unique = [line for line in seen if line["unique"]]
    right = [_clusters(line)[2] == 0 for line in unique]
    missed = [line["number"] for line in lines if line["chi2"][1] < line["chi2"][0] - 1e-3]
    return [
        f"Of {len(lines)} patterns, {len(seen)} show fringes. The true solution is in the list for "
        f"{sum(listed)} of these ({np.mean(listed):.2%}). {len(unique)} have no other solution with Δχ² < 9; "
        f"for {sum(right)} of these ({np.mean(right):.2%}) the best solution is the true one. χ² of the true "
        f"values is below that of the best solution for {len(missed)} patterns.",
    ]


def _inside(value: float, pieces: list[list[float]]) -> bool:
    return any(low <= value <= high for low, high in pieces)


def _coverage(lines: list[Line]) -> list[str]:
    methods = [m for m in METHODS if any(m in line["intervals"] for line in lines)]
    text = [
        "| | " + " | ".join(f"{m}, 68 %, 95 %" for m in methods) + " |",
        "| --- " * (len(methods) + 1) + "|",
    ]
    for name, symbol in NAMES.items():
        for status in ("determined", "ambiguous"):
            chosen = [line for line in lines if line["status"].get(name) == status]
            if len(chosen) < FEWEST:
                continue
            label = (
                f"{symbol} ({len(chosen)})"
                if status == "determined"
                else f"{symbol}, ambiguous ({len(chosen)})"
            )
            text.append(f"| {label} | " + " | ".join(_covered(chosen, name, m) for m in methods) + " |")
    limits = [
        (n, line) for line in lines for n in NAMES if line["status"].get(n) in ("upper bound", "lower bound")
    ]
    kept = [
        line["truth"][n] <= line["value"][n]
        if line["status"][n] == "upper bound"
        else line["truth"][n] >= line["value"][n]
        for n, line in limits
    ]
    text += [
        "",
        f"{len(kept)} limits at 95 % were given; {np.mean(kept):.1%} of them are correct." if kept else "",
    ]
    return text


def _covered(lines: list[Line], name: str, method: str) -> str:
    said = [
        (line["truth"][name], line["intervals"][method][name])
        for line in lines
        if name in line["intervals"].get(method, {})
    ]
    if not said:
        return "–"
    shares = [np.mean([_inside(truth, levels[k]) for truth, levels in said]) for k in (0, 1)]
    few = f" of {len(said)}" if len(said) < len(lines) else ""
    return f"{shares[0]:.1%}, {shares[1]:.1%}{few}"


def reliability(lines: list[Line]) -> list[tuple[float, float, int, float, float, float]]:
    """Return bins of the probability: ends, count, mean, fraction that is true, its standard error."""
    given, true = [], []
    for line in lines:
        if line["status"]["L"] not in ("determined", "ambiguous"):
            continue
        _, shares, which = _clusters(line)
        given += shares.tolist()
        true += [k == which for k in range(len(shares))]
    p, hit = np.array(given), np.array(true)
    rows = []
    for a, b in pairwise(BINS):
        inside = (p >= a) & (p < b)
        n = int(inside.sum())
        if n:
            mean, share = float(p[inside].mean()), float(hit[inside].mean())
            rows.append((a, b, n, mean, share, float(np.sqrt(max(mean * (1 - mean), 0.0) / n))))
    return rows


def draw(bins: list[tuple[float, float, int, float, float, float]], path: Path) -> None:
    """Draw the reliability diagram."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.add_subplot()
    _, _, counts, mean, true, error = map(np.array, zip(*bins, strict=True))
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    axes.errorbar(mean, true, error, fmt="o", color="#0b5c8a", capsize=3)
    for x, y, n in zip(mean, true, counts, strict=True):
        axes.annotate(f"{n}", (x, y), xytext=(6, -10), textcoords="offset points", fontsize=8, color="0.35")
    axes.set(
        xlabel="probability given to a solution",
        ylabel="fraction that is the true one",
        xlim=(-0.03, 1.03),
        ylim=(-0.03, 1.06),
        aspect="equal",
    )
    figure.savefig(path)
