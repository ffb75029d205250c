"""What print, repr and a notebook show of a pattern, a fit, a series and a comparison."""

from functools import cache
from html.parser import HTMLParser

import numpy as np
import pytest

import slxrd
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.result.summary import format_estimate

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}


class Cells(HTMLParser):
    """Collects the texts of a table, and refuses elements that are not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert tag in {"div", "b", "table", "thead", "tbody", "tr", "td", "th"}
        self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def pattern(source: str = "film.xy") -> slxrd.Pattern:
    q = np.arange(0.9, 1.25, 0.002)
    made = slxrd.simulate(q, TRUTH, wavelength="CuKa1", peak=3000.0, noise="counting", seed=1)
    return slxrd.Pattern(q, made.intensity, "q", wavelength=made.wavelength, source=source)


@cache
def fit() -> slxrd.Fit:
    return slxrd.fit(pattern("<b>&film"), regions=[(0.9, 1.25)], start=TRUTH, fix={"q_zero": 0.0})


def test_a_pattern_is_printed_in_a_few_lines() -> None:
    shown = pattern().masked(1.0, 1.01)
    text = str(shown)
    assert len(text.splitlines()) < 12
    assert text.splitlines()[0] == "film.xy"
    for part in (
        "0.9 to 1.248 Å⁻¹, 175 points",
        f"masked      {int(shown.mask.sum())} points",
        "1.54059 Å",
        "mask (from = 1",
    ):
        assert part in text
    assert repr(shown) == "<Pattern film.xy: q 0.9 to 1.248 Å⁻¹, 175 points>"


def test_a_pattern_over_two_theta() -> None:
    shown = slxrd.Pattern([10.0, 20.0, 30.0], [1.0, 2.0, 3.0], "2theta")
    assert "2θ          10 to 30°, 3 points" in str(shown)
    assert "wavelength  not known" in str(shown)


def test_a_pattern_in_a_notebook() -> None:
    cells = Cells(pattern("a<b>&c")._repr_html_())
    assert cells.text.startswith("a<b>&c")
    assert ["q", "0.9 to 1.248 Å⁻¹, 175 points"] in cells.rows


@pytest.mark.slow
def test_a_fit_in_a_notebook() -> None:
    assert "<b>&film" not in fit()._repr_html_()
    cells = Cells(fit()._repr_html_())
    rows = {row[0]: row for row in cells.rows}
    assert fit().parameters["L"].status == "ambiguous"
    assert rows["L"][2] == "ambiguous (95 %)"
    assert "±" not in rows["L"][1]
    printed = " ".join(str(fit()).split())
    assert f"L ambiguous 95 %: {rows['L'][1]}" in printed
    assert rows["d"][1] == format_estimate(fit().parameters["d"])
    assert rows["q₀"][2] == "fixed"
    assert repr(fit()).startswith("<Fit of <b>&film: reduced χ² ")
    assert "\n" not in repr(fit())


@pytest.mark.slow
def test_a_reopened_fit_shows_the_same(tmp_path) -> None:  # type: ignore[no-untyped-def]
    slxrd.save(fit(), tmp_path / "results")
    saved = slxrd.load(tmp_path / "results")
    assert isinstance(saved, SavedFit)
    assert Cells(saved._repr_html_()).rows == Cells(fit()._repr_html_()).rows
    assert repr(saved) == repr(fit()).replace("<Fit ", "<SavedFit ")


@pytest.mark.slow
def test_what_is_not_determined_is_shown_as_such() -> None:
    found = slxrd.fit(
        slxrd.example("pbs-spheres").pattern(), regions=[(1.9, 2.32)], bounds={"L": (10.0, 30.0)}
    )
    rows = {row[0]: row for row in Cells(found._repr_html_()).rows}
    assert rows["L"][1:3] == ["not determined", "undetermined"]
    assert rows["σ_L"][1].startswith("> ")
    assert found.parameters["L"].why in rows["L"][3]


@pytest.mark.slow
def test_a_series_in_a_notebook() -> None:
    patterns = [pattern(f"film_{t}<C>.xy") for t in (25, 50)]
    patterns[1] = slxrd.Pattern(patterns[1].q, 2.0 * patterns[1].intensity, source="film_50<C>.xy")
    found = slxrd.fit_series(
        patterns, [25.0, 50.0], variable="temperature", unit="°C", processes=1, regions=[(0.9, 1.25)],
        start=TRUTH, fix={"q_zero": 0.0}, bounds={"L": (34.0, 40.0)},
    )  # fmt: skip
    cells = Cells(found._repr_html_())
    printed = [line.split() for line in str(found).splitlines() if "<C>" in line]
    assert [" ".join(row).split() for row in cells.rows[1:]] == printed[:2]
    assert repr(found) == "<SeriesFit of 2 patterns over temperature: 2 fitted>"


@pytest.mark.slow
def test_a_comparison_in_a_notebook() -> None:
    found = slxrd.compare_models(
        pattern(), ["planes", "planes+mixed"], regions=[(0.9, 1.25)], bounds={"L": (34.0, 40.0)},
        fix={"q_zero": 0.0},
    )  # fmt: skip
    cells = Cells(found._repr_html_())
    assert [row[0] for row in cells.rows[1:]] == [model.name for model in found.models]
    assert cells.rows[0][0] == "model"
    assert repr(found).startswith("<Comparison of 2 models, the most probable first: planes")
