"""What an open file contains and what its pattern shows, as HTML."""

from __future__ import annotations

import re

from slxrd._escape import html_text as escape
from slxrd.data.corrections import MONOCHROMATOR
from slxrd.data.description import describe_scans
from slxrd.data.pattern import Pattern, Step
from slxrd.fitting.diagnosis.diagnose import FEWEST
from slxrd.fitting.diagnosis.options import diagnosis_of
from slxrd.fitting.diagnosis.result import Diagnosis
from slxrd.fitting.request.declaration import OPTIONS
from slxrd.ui.app.controls.widgets import html_table
from slxrd.ui.app.state.messages import name_page_fields

#: Rows of a diagnosis that stand elsewhere: peaks in a table, the command under 5 Save.
_ELSEWHERE = ("peaks", "command")
_ENOUGH_PEAKS = 12
_NAMES = {"coherent": "M, coherent crystals", "mask": "mask (Å⁻¹)", "regions": "region (Å⁻¹)"}
_NAMES |= {"resolution": "σ_G (Å⁻¹)", "substrate": "d of the substrate (Å)", "start": "start values"}


def facts_html(of_file: Pattern, corrected: Pattern) -> str:
    """Return what the file contains, with its own intensities, and the corrections made to it.

    Parameters
    ----------
    of_file : Pattern
        As it is in the file.
    corrected : Pattern
        As it is fitted.
    """
    rows = _rows(describe_scans(of_file.source, [of_file]).splitlines()[1:])
    done = corrected.history[len(of_file.history) :]
    return html_table(("", ""), rows + [("corrected", _correction(step)) for step in done])


def _correction(step: Step) -> str:
    """Return a correction with its settings; that there is no monochromator in words."""
    if step.details.get(MONOCHROMATOR) != "none":
        return str(step)
    others = {name: value for name, value in step.details.items() if name != MONOCHROMATOR}
    return f"{Step(step.name, others)}, no monochromator"


def _rows(lines: list[str]) -> list[tuple[str, str]]:
    """Split lines of name and text; a line without a name continues the previous one."""
    rows: list[tuple[str, str]] = []
    for line in lines:
        if not line.strip():
            continue
        name, _, rest = line[2:].partition("  ") if not line.startswith("    ") else ("", "", line)
        if not rest and line[2:16].strip():  # the name takes the whole column
            name, rest = line[2:16], line[16:]
        rows.append((name.strip(), re.sub(r"\s+", " ", rest).strip()))
    return rows


def diagnosis_html(pattern: Pattern) -> str:
    """Return what the pattern shows and what a fit takes from it; empty if it has too few points."""
    if len(pattern) < FEWEST:
        return ""
    found = diagnosis_of(pattern)
    rows: list[tuple[str, str]] = []
    for name, written in _rows(str(found).splitlines()):
        rows.append((name or ("" if not rows else rows[-1][0]), name_page_fields(written)))
    kept = [(name, written) for name, written in rows if name not in _ELSEWHERE]
    kept.sort(key=lambda row: row[0] != "proposal")
    listed = [
        (name if i == 0 or kept[i - 1][0] != name else "", written) for i, (name, written) in enumerate(kept)
    ]
    table = html_table(("", ""), listed)
    return f"<h3>What the pattern shows</h3>{table}{_used_html(found, pattern)}{_peaks_html(found)}"


def _used_html(found: Diagnosis, pattern: Pattern) -> str:
    """Return the options that a fit takes from the pattern unless they are chosen."""
    used = []
    for name, value in found.proposal.options.items():
        option = OPTIONS[name]
        label = _NAMES.get(name) or option.option.label or name.replace("_", " ")
        texts = option.kind.texts(name, value)
        if name in ("regions", "mask"):
            texts = [" to ".join(text.split(":")[:2]) for text in texts]
        used.append((label, ", ".join(text.replace("=", " = ") for text in texts)))
    if pattern.per_count is not None:
        used.append(("σ of the points", "counting statistics"))
    if not used:
        return ""
    return f"<h3>Taken from the pattern, unless you choose otherwise</h3>{html_table(('', ''), used)}"


def _peaks_html(found: Diagnosis) -> str:
    shown = [peak for peak in found.peaks if peak.kind in ("Bragg", "substrate")]
    if not shown:
        return ""
    highest = sorted(sorted(shown, key=lambda peak: -peak.height)[:_ENOUGH_PEAKS], key=lambda peak: peak.q)
    rows = [
        (
            f"{peak.q:.4f}",
            f"{peak.d:.4f}",
            f"{peak.width:.4f}",
            ", ".join(["substrate"] * (peak.kind == "substrate") + ["masked"] * peak.masked),
        )
        for peak in highest
    ]
    more = len(shown) - len(highest)
    return (
        f"<h3>Maxima</h3>{html_table(('q (Å⁻¹)', 'd (Å)', 'width (Å⁻¹)', ''), rows, numbers=(0, 1, 2))}"
        + (f"<p>and {escape(str(more))} weaker ones</p>" if more > 0 else "")
    )
