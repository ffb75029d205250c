"""Jupyter notebooks of the samples: fit, χ² maps and bootstrap."""

from __future__ import annotations

import json
from typing import Any

from slxrd.ui.paper.samples import PaperSample

#: Replicates of the bootstrap in the paper (SI section S.j), and in quick notebooks.
REPLICATES, QUICK_REPLICATES = 100, 10
_SETTINGS = """\
%matplotlib inline
import shutil
from pathlib import Path

import slxrd

replicates = {replicates}  # of the bootstrap; 100 in the paper
refined = {refined}  # False: χ² maps with the other parameters fixed, as in the paper

measured, simulated = Path("{name}.csv"), Path("{name}_simulated.csv")
file = measured if measured.exists() else simulated"""
_PATTERN = """\
pattern = slxrd.read(file, axis="q")
print(pattern)
slxrd.pattern_figure(pattern, "q")"""
_FILES = """\
The folder `results` receives the whole result, which `slxrd show` and `slxrd report` read. `FIT_{name}.csv`,
or `FIT_{name}_simulated.csv`, receives the curves: q (Å⁻¹), measured, σ, calculated, residual, region."""
_SAVE = """\
folder = Path("results", file.stem)
slxrd.save(result, folder, force=True)
shutil.copyfile(folder / "fit.csv", f"FIT_{file.name}")"""
_MAPS = """\
## χ² maps

Along L there are minima at distances of d (Fig. S6). `slxrd.fit` searches all of them."""
_DRAW_MAPS = """\
slxrd.chi2_maps_figure(slxrd.chi2_maps(result, ["L", "sigma_L", "N"], profiled=refined))"""
_BOOTSTRAP = """\
## Bootstrap

Noise is added to the fitted curve, and each replicate is refined. With `kind="flat", level=0.03` the noise is
added to the measured points and is 3 % of the maximum, as in section S.j. Values that the data do not
determine have no error."""
_REPLICATES = """\
samples = slxrd.bootstrap(result, replicates, seed=1)
for name in samples.names:
    estimate = result.parameters[name]
    known = f"{samples.mean(name):.4f} ± {samples.std(name):.4f}" if estimate.error else estimate.status
    print(f"{name:8} {known}")"""
_HISTOGRAMS = """\
Histograms need `python -m pip install "slxrd[posterior]"`, and more replicates than parameters."""
_DRAW_HISTOGRAMS = """\
values = {name: samples.all_values[name] for name in samples.names if result.parameters[name].error}
slxrd.histogram_matrix(values, f"{samples.done} replicates of {file.stem}")"""


def notebook(sample: PaperSample, quick: bool) -> str:
    """Write the notebook of a sample.

    Parameters
    ----------
    sample : PaperSample
        The sample.
    quick : bool
        Few replicates, and maps with the other parameters fixed.
    """
    name, replicates = sample.name, QUICK_REPLICATES if quick else REPLICATES
    options = ", ".join(f"{key}={value!r}" for key, value in sample.options.items())
    document = {
        "cells": [
            _markdown("title", _title(sample)),
            _code("settings", _SETTINGS.format(name=name, replicates=replicates, refined=not quick)),
            _code("pattern", _PATTERN),
            _markdown("about-fit", "## Fit"),
            _code("fit", f"result = slxrd.fit(pattern, {options})\nprint(result)"),
            _code("figure", "slxrd.plot(result)"),
            _markdown("about-files", _FILES.format(name=name)),
            _code("files", _SAVE),
            _markdown("about-maps", _MAPS),
            _code("maps", _DRAW_MAPS),
            _markdown("about-bootstrap", _BOOTSTRAP),
            _code("bootstrap", _REPLICATES),
            _markdown("about-histograms", _HISTOGRAMS),
            _code("histograms", _DRAW_HISTOGRAMS),
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _title(sample: PaperSample) -> str:
    return (
        f"# {sample.title}\n\n"
        "Fit, χ² maps and bootstrap with slxrd, after the supporting information of Toso, Baranov *et al.*, "
        "ACS Nano 2021, 15, 6243.\n\n"
        f"If the authors' `{sample.name}.csv` is in this folder, it is fitted. Otherwise "
        f"`{sample.simulated}.csv` is, which is **simulated** ({sample.source})."
    )


def _cell(kind: str, name: str, text: str, **further: Any) -> dict[str, Any]:
    return {"cell_type": kind, "id": name, "metadata": {}, "source": text.splitlines(True), **further}


def _markdown(name: str, text: str) -> dict[str, Any]:
    return _cell("markdown", name, text)


def _code(name: str, text: str) -> dict[str, Any]:
    return _cell("code", name, text, execution_count=None, outputs=[])
