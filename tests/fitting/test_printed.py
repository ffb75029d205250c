"""The printed text of a fit: the assessment first, one table of 80 columns, notes."""

import io
import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from example_fits import example_fit

import slxrd
from slxrd.fitting.result.assessment import Assessment
from slxrd.fitting.result.budget_table import largest_parts
from slxrd.ui.cli import terminal

pytestmark = pytest.mark.slow


def cubes() -> slxrd.Fit:
    return example_fit("cspbbr3-cubes")


@cache
def two_solutions() -> slxrd.Fit:
    truth = {"d": 5.84, "L": 31.0, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5}
    return slxrd.fit(
        slxrd.simulate(np.arange(0.88, 1.28, 0.004), truth, noise=0.03, seed=7), regions=[(0.88, 1.28)]
    )


def rows(text: str) -> dict[str, str]:
    """Rows of the table by their symbols."""
    return {
        found[1]: found[0] for found in re.finditer(r"^  (\S+) .*(?:\n {6,}.*)*", text.split("\n\n")[2], re.M)
    }


def test_the_assessment_is_the_first_paragraph() -> None:
    first = str(cubes()).split("\n\n")[0]
    assert cubes().assessment is not None
    assert " ".join(first.split()) == cubes().assessment.headline


@pytest.mark.parametrize("width", [80, 100])
def test_lines_are_no_wider_than_the_terminal(width: int) -> None:
    for fit in (cubes(), example_fit("pbs-spheres")):
        lines = fit.text(width=width).splitlines()
        assert max(len(line) for line in lines if fit.pattern.source not in line) <= width


def test_details_are_in_the_long_text_only() -> None:
    short, long = cubes().text(), cubes().text(verbose=True)
    assert sum(line.startswith("  Λ") for line in short.splitlines()) == 1
    for detail in ("Λ (N whole)", "Λ (S13)", "N·d", "mean squared residual", "χ² =", "errors from"):
        assert detail not in short
        assert detail in long


def test_decimal_points_are_aligned() -> None:
    found = [row.index(".") for row in rows(str(cubes())).values()]
    assert len(found) > 6
    assert len(set(found)) == 1


def test_what_is_not_determined_has_no_number() -> None:
    fit = example_fit("pbs-spheres")
    table = rows(str(fit))
    for symbol in ("L", "Λ"):
        assert "not determined" in table[symbol]
        assert re.search(r"\d", table[symbol]) is None
    assert "lower bound" in table["σ_L"]


def test_an_ambiguous_quantity_has_intervals_and_no_error() -> None:
    fit = two_solutions()
    assert fit.parameters["L"].status == "ambiguous"
    table, text = rows(str(fit)), str(fit)
    assert "±" not in table["L"]
    assert " or " in " ".join(table["L"].split())
    assert "Not unique" in text.split("\n\n")[0]
    assert "  1. L" in text


def test_of_a_rejected_fit_nothing_is_a_value() -> None:
    fit = cubes()
    none = {
        name: replace(each, status="rejected", error=None, interval_68=(), interval_95=())
        for name, each in fit.parameters.items()
    }
    rejected = replace(fit, parameters=none, derived={}, assessment=Assessment("rejected"), budget=None)
    assert "±" not in str(rejected)
    assert all("no result" in row for row in rows(str(rejected)).values())


def test_the_largest_part_of_each_error_is_named_once() -> None:
    fit = cubes()
    parts = largest_parts(fit)
    assert fit.budget is not None
    named = [symbol for shares in parts.values() for symbol in shares]
    assert sorted(named) == sorted(set(named))
    others = [part.errors.get("d", 0.0) for part in fit.budget.contributions]
    largest = max([fit.budget.statistical["d"], *others])
    share = next(shares["d"] for shares in parts.values() if "d" in shares)
    assert share == pytest.approx((largest / fit.budget.total["d"]) ** 2)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("NO_COLOR", None)])
def test_colour_is_for_terminals_that_show_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None
) -> None:
    monkeypatch.setattr("os.name", "posix")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if value is not None:
        monkeypatch.setenv(variable, value)
    for stream, shown in ((Terminal(), value is None), (io.StringIO(), False)):
        made: Any = terminal.PrintableStream(stream)
        monkeypatch.setattr("sys.stdout", made)
        terminal.print_result("The model \x1b[31m\n\nrest", "green")
        printed = stream.getvalue()
        assert printed.count("\x1b") == (2 if shown else 0)
        assert "\\u001b[31m" in printed
        assert printed.endswith("\n\nrest\n")


def test_only_a_unique_result_that_describes_the_data_is_green() -> None:
    fit = replace(cubes(), assessment=Assessment("describes"))
    assert terminal.colour_of(fit) == "green"
    assert terminal.colour_of(replace(fit, converged=False)) == "yellow"
    replaced = Assessment("describes", replaced="σ_G was replaced")
    assert terminal.colour_of(replace(fit, assessment=replaced)) == "yellow"
    assert terminal.colour_of(replace(fit, assessment=Assessment("systematic"))) == "yellow"
    assert terminal.colour_of(replace(fit, assessment=Assessment("rejected"))) == "red"
    assert terminal.colour_of(replace(fit, assessment=None)) is None
    assert terminal.colour_of(replace(two_solutions(), assessment=Assessment("describes"))) == "yellow"
