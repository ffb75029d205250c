"""The page that describes the folder, README.md."""

from __future__ import annotations

from collections.abc import Iterable

from slxrd.ui.paper.samples import SAMPLES

#: Programs of the authors, and what replaces each.
REPLACED = (
    (
        "*Data Conversion.xlsx*",
        "`slxrd convert scan.xrdml anneal_RT.csv --monochromator 1`: from 2θ and counts in any format to q "
        "and corrected intensity (monochromator at 1°, as in the paper)",
    ),
    (
        "*Deconvolution.py*",
        "`slxrd fit anneal_RT.csv --axis q --region 0.88:1.28 --region 1.98:2.33:0.1 --out results`; with "
        "`--objective paper2021` it minimises what *Deconvolution.py* minimises",
    ),
    ("its bootstrap", "`slxrd fit` with `--bootstrap 100`, or `slxrd.bootstrap`"),
    ("its χ² maps", "`slxrd.chi2_maps`; `profiled=False` keeps the other parameters fixed, as in the paper"),
)
_PAGE = """\
# Files of the paper

S. Toso, D. Baranov *et al.*, ACS Nano 2021, 15, 6243, list the files that they provide in section S.r of the
supporting information. `slxrd paper` writes the same set.

**The patterns that end in `_simulated.csv` are simulated**, with noise. They are not those of the authors.
The last column shows which of their parameters are in the paper.

| sample | name | parameters of the simulation |
| --- | --- | --- |
{samples}

For each name there are

* `NAME_simulated.csv`: q (Å⁻¹), intensity corrected for Lorentz and polarisation factors, and σ;
* `NAME.ipynb`: a notebook with the fit, χ² maps and a bootstrap;
* `FIT_NAME_simulated.csv`: the fit, as q (Å⁻¹), measured, σ, calculated, residual and region.

## With the files of the authors

Put the authors' `NAME.csv` into this folder. From then on `NAME.ipynb` fits that pattern, and

    slxrd paper --out .

fits it too, and writes `FIT_NAME.csv`. Files that exist stay as they are. `--force` writes them again, but
never `NAME.csv`.

## What replaces their programs

| authors | slxrd |
| --- | --- |
{programs}
"""


def page() -> str:
    """Write the page."""
    samples = ((sample.title, f"`{name}`", sample.source) for name, sample in SAMPLES.items())
    return _PAGE.format(samples=_rows(samples), programs=_rows(REPLACED))


def _rows(cells: Iterable[Iterable[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
