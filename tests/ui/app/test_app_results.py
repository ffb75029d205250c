"""What the page shows of a fit: assessment, chosen solution, what is not determined."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("panel")

from slxrd.fitting.result.summary import format_estimate
from slxrd.ui.app.state.shown import chi2_of, shown_by
from slxrd.ui.app.state.workspace import Workspace
from slxrd.ui.app.views.contents import facts_html
from slxrd.ui.app.views.results import banner_html, estimates_html, solution_lines
from slxrd.ui.symbols_html import symbol_html, text_html


def _fitted(name: str, **choices: object) -> Workspace:
    made = Workspace()
    assert made.open_file(f"example:{name}")
    if choices:
        assert made.do("choices", choices=choices)
    made.session.fit()
    made.reset_values()
    return made


@pytest.fixture(scope="module")
def cubes() -> Workspace:
    return _fitted("cspbbr3-cubes")


@pytest.fixture(scope="module")
def spheres() -> Workspace:
    return _fitted("pbs-spheres", budget=3.0)


def _text(html: str) -> str:
    return re.sub(r"<[^>]+>", "", re.sub(r"<span style='visibility:hidden'[^>]*>[.0]*</span>", "", html))


@pytest.mark.slow
def test_the_chosen_solution_is_that_of_header_and_table(cubes: Workspace) -> None:
    fit = cubes.fit
    assert fit is not None
    first = shown_by(cubes)
    assert first.of_fit is not None
    assert chi2_of(cubes, first, cubes.curves()) == fit.chi2
    table = _text(estimates_html(first.of_fit, 0))
    value, _, error, unit = format_estimate(fit.parameters["L"]).split(" ")
    assert f"L{value}± {error}{unit}" in table
    cubes.select_solution(1)
    second = shown_by(cubes)
    assert (second.solution, second.moved) == (1, False)
    assert second.of_fit is not None
    assert chi2_of(cubes, second, cubes.curves()) == fit.solutions[1].chi2
    table = _text(estimates_html(second.of_fit, 1))
    decimals = len(value.partition(".")[2])  # those of the estimate
    assert f"L{fit.solutions[1].values['L']:.{decimals}f}Å" in table
    assert "±" not in table
    assert "Solution 2 of" in banner_html(second)
    cubes.select_solution(0)


@pytest.mark.slow
def test_moved_sliders_are_not_shown_as_the_fit(cubes: Workspace) -> None:
    assert cubes.fit is not None
    assert "describes the data" in banner_html(shown_by(cubes))
    assert "Sliders were moved" not in banner_html(shown_by(cubes))
    cubes.move_sliders({"L": cubes.values["L"] + 1.0}, finished=True)
    moved = shown_by(cubes)
    assert moved.of_fit is None
    assert "Sliders were moved" in banner_html(moved)
    chi2 = chi2_of(cubes, moved, cubes.curves())
    assert chi2 is not None
    assert chi2 > cubes.fit.chi2
    cubes.select_solution(0)


@pytest.mark.slow
def test_what_is_not_determined_has_no_number(spheres: Workspace) -> None:
    shown = shown_by(spheres)
    assert shown.of_fit is not None
    assert {"L", "period"} <= shown.not_determined
    assert "Lnot\u00a0determined" in _text(estimates_html(shown.of_fit, 0))
    header, lines = solution_lines(shown.of_fit)
    assert "L" in header
    assert f"{spheres.values['L']:.2f}" not in next(iter(lines))
    spheres.move_sliders({"L": 30.0}, finished=True)  # a value of the user is drawn
    assert shown_by(spheres).not_determined == frozenset()


@pytest.mark.slow
def test_an_ambiguous_value_shows_its_intervals() -> None:
    narrow = _fitted("cspbbr3-cubes", regions=[[1.04, 1.14]])
    result = narrow.saved
    assert result is not None
    assert result.parameters["L"].status == "ambiguous"
    table = _text(estimates_html(result, 0))
    row = re.search(r"\nL.*|L[0-9. ]+to.*?\(95 %\)", table)
    assert row is not None
    assert " or " in row[0]
    assert "±" not in row[0]
    assert "Not unique" in banner_html(shown_by(narrow))


def test_symbols_have_subscripts() -> None:
    assert "<i>σ</i><sub" in symbol_html("σ_L")
    assert symbol_html("L") == "<i>L</i>"
    assert ">0</sub>" in symbol_html("q₀")
    assert ">bottom</sub>" in symbol_html("ε(bottom)")
    assert text_html("q_zero was <fixed>") == f"{symbol_html('q₀')} was &lt;fixed&gt;"
    assert "--fix q_zero=0" in text_html("--fix q_zero=0")


def test_the_absence_of_a_monochromator_is_stated_in_words() -> None:
    workspace = Workspace()
    assert workspace.open_file("example:cumnsb-film")
    measured = workspace.session.pattern_of_file()
    assert "Lorentz-polarisation, no monochromator" in facts_html(measured, workspace.session.pattern())
    assert workspace.do("monochromator", preparation={"monochromator": 13.6})
    shown = facts_html(measured, workspace.session.pattern())
    assert "13.6" in shown
    assert "no monochromator" not in shown
