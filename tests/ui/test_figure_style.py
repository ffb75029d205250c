"""The style of figures: widths, fonts, symbols, captions."""

import re
import struct
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from example_fits import example_fit

import slxrd
from slxrd import style
from slxrd.ui.plotting.fit import figure_bytes
from slxrd.ui.plotting.style import math, typeset

PATTERN = slxrd.simulate(
    np.arange(0.9, 1.25, 0.002), {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5}
)


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("d", "$d$"),
        ("σ_L", r"$\sigma_{L}$"),
        ("σ_G", r"$\sigma_{\mathrm{G}}$"),
        ("q₀", "$q_{0}$"),
        ("d(B)", r"$d_{\mathrm{B}}$"),
        ("N·d", r"$N\cdot d$"),
        ("Λ", r"$\Lambda$"),
    ],
)
def test_symbols_are_typeset(symbol: str, expected: str) -> None:
    assert math(symbol) == expected


def test_names_in_code_become_symbols_with_units() -> None:
    assert style.label("sigma_L") == r"$\sigma_{L}$ (Å)"
    assert style.symbol("period") == r"$\Lambda$"
    assert style.label("q_zero") == "$q_{0}$ (Å$^{-1}$)"


def test_formulas_have_subscripts() -> None:
    assert style.formula("CsPbBr3") == "CsPbBr$_{3}$"
    assert style.formula("PbS-100") == "PbS-100"
    assert typeset("PbBr₂, $N_2$") == "PbBr$_{2}$, $N_2$"


@pytest.mark.slow
@pytest.mark.parametrize("width", [style.COLUMN, style.PAGE])
def test_figures_have_the_width_of_a_column_at_300_dpi(width: float) -> None:
    before = dict(mpl.rcParams)
    with style.context(width):
        picture = slxrd.pattern_figure(PATTERN, "q")
    assert dict(mpl.rcParams) == before
    assert struct.unpack(">I", figure_bytes(picture)[16:20])[0] == round(width * 300)


@pytest.mark.slow
def test_a_pdf_contains_its_fonts_as_truetype() -> None:
    content = figure_bytes(slxrd.pattern_figure(PATTERN, "q"), "pdf")
    assert b"/FontFile2" in content
    assert b"/Type3" not in content


@pytest.mark.slow
def test_a_figure_has_no_file_name_but_its_caption_has(tmp_path: Path) -> None:
    fit = example_fit("cspbbr3-cubes")
    picture = slxrd.plot(fit, tmp_path / "fit.pdf")
    shown = [text.get_text() for text in picture.findobj(mpl.text.Text)]  # type: ignore[arg-type]
    assert not any("cubes" in text for text in shown)
    caption = (tmp_path / "fit.caption.txt").read_text(encoding="utf-8")
    assert caption == f"{style.caption(picture)}\n"
    assert caption.startswith("cspbbr3-cubes.csv (simulated)")
    assert re.search(r"^σ_L = 1\.4\d+ ± 0\.0\d+ Å$", caption, re.M)
    with pytest.raises(slxrd.FileError, match="exists"):
        slxrd.plot(fit, tmp_path / "fit.pdf")


def test_own_figures_can_have_the_style() -> None:
    with mpl.rc_context():
        style.use()
        assert mpl.rcParams["pdf.fonttype"] == 42
        assert mpl.rcParams["font.family"][-1] == "DejaVu Sans"


@pytest.mark.slow
def test_the_truth_is_marked_in_one_histogram() -> None:
    figure = slxrd.histogram_matrix({"L": np.arange(30.0)}, truth={"L": 12.0})
    assert [12.0, 12.0] in [list(line.get_xdata()) for line in figure.axes[0].get_lines()]
