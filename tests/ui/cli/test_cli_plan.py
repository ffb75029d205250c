"""``slxrd plan``: the expected result of a measurement."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cli_shell import call, contents, untouched
from test_cli_options_arrive import options

from slxrd.errors import SlxrdError
from slxrd.studies.planning import plan as planning
from slxrd.studies.planning.result import Plan

VALUES = ("d=5.84", "L=36.9", "sigma_L=1.43", "N=13", "sigma_N=1.55")
SETS = [word for value in VALUES for word in ("--set", value)]
SCAN = ["--range", "0.9:1.3", "--step", "0.0025", "--region", "0.9:1.3"]
COARSE = ["--range", "0.9:1.3", "--step", "0.005", "--region", "0.9:1.3"]
QUICK = [*SETS, *SCAN, "--counts", "1500", "--background", "15", "--number", "2"]
PNG = b"\x89PNG\r\n\x1a\n"


class Stop(Exception):
    pass


_planned: dict[str, Plan] = {}


@pytest.fixture
def planned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans of the same arguments are calculated once, for tests of what the command does with them."""
    made = planning.plan

    def plan(values: Any, *, report: Any, **named: Any) -> Plan:
        key = repr((dict(values), named))
        if key not in _planned:
            _planned[key] = made(values, report=report, **named)
        return _planned[key]

    monkeypatch.setattr(planning, "plan", plan)


def spied(monkeypatch: pytest.MonkeyPatch, *words: str) -> dict[str, Any]:
    """Arguments that the planning is called with."""
    seen: dict[str, Any] = {}

    def spy(values: Any, **named: Any) -> None:
        seen.update(named, values=dict(values))
        raise Stop

    monkeypatch.setattr(planning, "plan", spy)
    with pytest.raises(Stop):
        call("plan", *words)
    seen.pop("report")
    return seen


@pytest.mark.slow
def test_plan_says_errors_and_solutions_and_what_it_takes(here: Path) -> None:
    before = contents(here)
    outcome = call("plan", *SETS, *SCAN, "--counts", 150, "--number", 2, "--seed", 1)
    assert outcome.code == 0
    assert outcome.err == ""
    assert contents(here) == before
    assert "2 simulated measurements of 161 points, 150 counts at the peak" in outcome.out
    for symbol in ("d", "L", "σ_L", "N", "σ_N", "t", "Λ"):
        assert re.search(rf"^  {symbol}  ", outcome.out, re.M), symbol
    assert re.search(r"L [+-]1·d: L \d+\.\d+ Å, N \d+\.\d+; Δχ² < 9 in \d+%", outcome.out)
    found = re.search(r"a single solution in 95 of 100 measurements: from about (\d+) counts", outcome.out)
    assert found is not None
    assert 280 <= int(found[1]) <= 420


@pytest.mark.slow
@pytest.mark.usefixtures("planned_once")
def test_comparison(here: Path) -> None:
    words = ["--compare", "100,1500,10000", "--json", "plan.json", "--plot", "plan.png"]
    outcome = call("plan", *QUICK, *words)
    assert outcome.code == 0, outcome.err
    document = json.loads((here / "plan.json").read_text(encoding="utf-8"))
    assert [plan["counts"] for plan in document["plans"]] == [1500.0, 100.0, 10_000.0]
    assert [plan["background"] for plan in document["plans"]] == pytest.approx([15.0, 1.0, 100.0])
    errors = {plan["counts"]: plan["expected"]["L"]["quoted"] for plan in document["plans"]}
    assert errors[1500.0] / errors[10_000.0] == pytest.approx((10_000 / 1500) ** 0.5, rel=0.3)
    lines = [line for line in outcome.out.splitlines() if "counts at the peak  " in line]
    assert [line.split()[0] for line in lines] == ["100", "1500", "1e+04"]
    assert all(line.count("%") == 3 for line in lines)
    assert (here / "plan.png").read_bytes().startswith(PNG)
    first = document["plans"][0]
    assert first["asked"] == first["done"] == 2
    assert first["expected"]["period"]["truth"] == pytest.approx(12 * 5.84 + 36.9)
    assert first["foresight"]["rivals"][0]["step"] in (-1, 1)
    assert 350 / 1500 < first["foresight"]["more_for_unique"] < 700 / 1500  # more than without background
    assert first["regions"] == [{"low": 0.9, "high": 1.3, "weight": 1.0}]
    assert outcome.out.endswith("wrote plan.json\nwrote plan.png\nwrote plan.caption.txt\n")


@pytest.mark.slow
def test_noise_instead_of_counts(here: Path) -> None:
    outcome = call(
        "plan", *SETS, *COARSE, "--noise", 0.02, "--number", 2, "--compare", "0.005,0.02", "--plot", "p.svg"
    )
    assert outcome.code == 0, outcome.err
    assert "noise of 2 % of the peak" in outcome.out
    assert re.search(r"at about [\d.]+ % of noise, [\d.]+ times the counting time", outcome.out)
    lines = [line for line in outcome.out.splitlines() if re.match(r"  noise of [\d.]+ % of the peak", line)]
    assert [line.split()[2] for line in lines] == ["2", "0.5"]
    assert (here / "p.svg").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.slow
def test_a_film(here: Path) -> None:
    words = [
        "--set",
        "d=3.02",
        "--set",
        "N=40",
        "--set",
        "sigma_N=2",
        "--coherent",
        1,
        "--resolution",
        0.0005,
    ]
    outcome = call(
        "plan", *words, "--range", "1.94:2.22", "--step", 0.004, "--region", "1.94:2.2", "--counts", 1e5,
        "--number", 2, "--plot", "film.png",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "fringes" not in outcome.out
    assert "a single solution" not in outcome.out
    assert (here / "film.png").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("planned_once")
def test_json_on_standard_output_is_alone(here: Path) -> None:
    with untouched(here):
        outcome = call("plan", *QUICK, "--json", "-")
    assert outcome.code == 0
    assert len(json.loads(outcome.out)["plans"]) == 1


def test_options_arrive(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [
        "--counts",
        "70",
        "--background",
        "3",
        "--range",
        "0.9:1.2",
        "--step",
        "0.01",
        "--region",
        "1:1.1:0.5",
    ]
    words += [
        "--resolution",
        "0.01",
        "--coherent",
        "7",
        "--number",
        "4",
        "--seed",
        "9",
        "--set",
        "q_zero=0.001",
    ]
    seen = spied(monkeypatch, *SETS, *words)
    (region,) = seen.pop("regions")
    assert (region.low, region.high, region.weight) == (1.0, 1.1, 0.5)
    assert seen == {
        "values": {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55, "q_zero": 0.001},
        "counts": 70.0, "noise": None, "background": 3.0, "q_low": 0.9, "q_high": 1.2, "step": 0.01,
        "resolution": 0.01, "coherent": 7, "n": 4, "seed": 9,
    }  # fmt: skip


def test_like_an_example(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = spied(monkeypatch, "--like", "pbs-sheets", "--set", "N=5")
    assert seen["values"] == {
        "d": 3.0083, "L": 44.444, "sigma_L": 0.325, "N": 5.0, "sigma_N": 0.85, "q_zero": 0.0,
    }  # fmt: skip
    assert (seen["q_low"], seen["q_high"], seen["step"], seen["counts"]) == (1.0, 2.8, 0.002, 1500.0)
    assert seen["regions"] == [(1.2, 1.6, 0.1), (1.65, 2.6)]
    seen = spied(monkeypatch, "--like", "pbs-sheets", "--noise", "0.03", "--range", "1:2")
    assert (seen["counts"], seen["noise"], seen["q_high"]) == (None, 0.03, 2.0)


def test_every_option_is_tested_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [option for option in options("plan") if f'"{option}"' not in text] == []


def interrupt(monkeypatch: pytest.MonkeyPatch, level: int, simulations: int) -> None:
    """Interrupt a counting time, counted from 0, after so many simulations."""
    made, calls = planning.plan, []

    def plan(values: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) <= level:
            return made(values, **named)
        if simulations == 0:
            raise KeyboardInterrupt

        def stop(done: int, of: int) -> None:
            if done == simulations:
                raise KeyboardInterrupt

        return made(values, **{**named, "report": stop})

    monkeypatch.setattr(planning, "plan", plan)


@pytest.mark.slow
def test_an_interruption_keeps_what_was_simulated(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(monkeypatch, 0, 3)
    outcome = call("plan", *SETS, *COARSE, "--counts", 1500, "--compare", "50,5000", "--json", "plan.json")
    assert outcome.code == 130
    assert "! interrupted after 3 of 20 simulations" in outcome.out
    assert "! interrupted: 2 of 3 were not simulated" in outcome.out
    assert outcome.err == "slxrd: interrupted; the result is that of the simulations done so far\n"
    document = json.loads((here / "plan.json").read_text(encoding="utf-8"))
    assert [(plan["done"], plan["asked"]) for plan in document["plans"]] == [(3, 20)]


@pytest.mark.slow
@pytest.mark.usefixtures("planned_once")
def test_an_interrupted_comparison_keeps_the_first(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(monkeypatch, 1, 0)
    outcome = call("plan", *QUICK, "--compare", "50,5000")
    assert outcome.code == 130
    assert "! interrupted: 2 of 3 were not simulated" in outcome.out
    assert "2 simulated measurements" in outcome.out


def test_interrupted_before_anything_was_done(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(monkeypatch, 0, 0)
    with untouched(here):
        outcome = call("plan", *QUICK, "--json", "plan.json")
    assert outcome.code == 130
    assert outcome.err.strip().endswith("nothing was written")


@pytest.mark.slow
@pytest.mark.usefixtures("planned_once")
def test_a_counting_time_that_cannot_be_fitted_is_said(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = planning.plan

    def plan(values: Any, **named: Any) -> Any:
        if named["counts"] == 20.0:
            raise SlxrdError("none of 2 simulated measurements can be fitted")
        return made(values, **named)

    monkeypatch.setattr(planning, "plan", plan)
    outcome = call("plan", *QUICK, "--compare", "20,10000")
    assert outcome.code == 0, outcome.err
    assert "\n! 20 counts: none of 2 simulated measurements can be fitted\n" in outcome.out
    assert re.search(r"^  1e\+04 counts at the peak ", outcome.out, re.M)


BASE = [*SETS, "--counts", "1500"]


@pytest.mark.parametrize(
    ("words", "culprit", "remedy"),
    [
        ([], "sample", "--set d=5.84"),
        (SETS, "--counts 1500", "--noise 0.03"),
        ([*BASE, "--noise", "0.03"], "--counts and --noise", "leave one out"),
        (["--set", "d=5.84", "--counts", "100"], "L, sigma_L, N, sigma_N", "give a value for each"),
        ([*BASE, "--set", "x=1"], "'x'", "d, L, sigma_L"),
        ([*BASE, "--set", "q_zero"], "--set q_zero", "NAME=VALUE"),
        (["--like", "gold", "--counts", "100"], "'gold'", "cspbbr3-cubes"),
        (["--like", "cumnsb-film"], "--like cumnsb-film", "cspbbr3-cubes"),
        ([*SETS, "--counts", "0"], "counts 0", "1 or more"),
        ([*SETS, "--counts", "nan"], "counts nan", "1 or more"),
        ([*SETS, "--counts", "many"], "--counts", "float|number"),
        ([*SETS, "--noise", "1.5"], "noise 1.5", "fraction"),
        ([*SETS, "--noise", "-0.1"], "noise -0.1", "fraction"),
        ([*BASE, "--background", "-1"], "background -1", "0 or more"),
        ([*BASE, "--number", "1"], "1 simulation:", "at least 2"),
        ([*BASE, "--seed", "-1"], "seed -1", "0 or more"),
        ([*BASE, "--range", "2:1"], "scan 2:1", "start < end"),
        ([*BASE, "--range", "2"], "--range 2", "A:B"),
        ([*BASE, "--step", "0"], "scan 0.8:2.5:0", "positive step"),
        ([*BASE, "--step", "1e-9"], "points", "longer step"),
        ([*BASE, "--region", "5:6"], "region 5:6", "covers 0.8 to 2.5"),
        ([*BASE, "--compare", "100,a"], "--compare 100,a", "number"),
        ([*BASE, "--compare", "100,-5"], "--compare 100,-5", "above 0"),
        ([*BASE, "--compare", ""], "--compare", "number"),
        ([*BASE, "--compare", ",".join("9" * k for k in range(1, 30))], "29", "20 at most"),
        ([*SETS, "--noise", "0.03", "--compare", "2"], "noise 2.0", "fraction"),
        ([*BASE, "--coherent", "0"], "coherent 0", "1 or more"),
        ([*BASE, "--resolution", "-1"], "resolution", "0 or more"),
        ([*BASE, "--plot", "plan.jpeg"], "plan.jpeg", ".png, .svg or .pdf"),
        ([*BASE, "--json", "p.png", "--plot", "p.png"], "outputs", "each its own"),
        ([*BASE, "--json", "cubes.csv"], "cubes.csv", "--force"),
    ],
    ids=lambda value: " ".join(value)[-60:] if isinstance(value, list) else None,
)
def test_refused(here: Path, words: list[str], culprit: str, remedy: str) -> None:
    with untouched(here):
        said = call("plan", *words).refused()
    assert culprit in said
    assert re.search(remedy, said), said
