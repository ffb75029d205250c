"""slxrd show and slxrd report, and the way from a fit to its file and back."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from cli_shell import QUICK, call, untouched

from slxrd.fitting.record.command_line import OUTPUTS, parse_command
from slxrd.fitting.request.declaration import plain_options
from slxrd.fitting.request.kinds import Flag
from slxrd.ui.cli import main as cli
from slxrd.ui.session.controller import Session


@pytest.mark.slow
def test_show_prints_the_table_again(here: Path) -> None:
    fitted = call("fit", "cubes.csv", *QUICK, "--out", "results")
    # Without the diagnosis, which is printed after the fit.
    table = fitted.out.partition("\n\nThe pattern shows")[0]
    with untouched(here):
        for name in ("results", "results/result.json"):
            shown = call("show", name)
            assert shown.code == 0
            assert shown.out.startswith(table + "\n")
            assert "slxrd fit cubes.csv --region 0.9:1.25" in shown.out.splitlines()[-1]


@pytest.mark.slow
def test_command_and_script_give_the_same_numbers(here: Path) -> None:
    """From one session: fitted by it, typed, and run as a script in a process of its own."""
    session = Session()
    session.open_file("film.xrdml")
    session.do(
        "as published",
        choices={
            "coherent": 1,
            "substrate": "none",
            "regions": [(1.94, 2.05)],
            "noise": "counting",
            "systematics": "none",
            "budget": 300.0,
        },
    )
    session.do("monochromator", preparation={"monochromator": 13.3})
    session.do("bounds", choices={"bounds": {"N": (110.0, 130.0)}, "fix": {"q_zero": -0.0001}})
    fit = session.fit()
    words = shlex.split(session.command_line())
    assert words[:2] == ["slxrd", "fit"]
    typed = call(*words[1:], "--json", "typed.json")
    assert typed.code == 0, typed.err
    document = json.loads((here / "typed.json").read_text(encoding="utf-8"))
    assert document["chi2"] == fit.chi2
    assert {n: e["value"] for n, e in document["parameters"].items()} == {
        n: e.value for n, e in fit.parameters.items()
    }
    assert document["asked"] == session.state.request()
    (here / "again.py").write_text(session.script(), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-W", "error", "again.py"],
        capture_output=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{fit}\n"
    assert call("show", "typed.json", "--script").out == session.script()


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_a_result_is_a_session_and_the_other_way_round(here: Path) -> None:
    call("fit", "cubes.csv", *QUICK, "--out", "results")
    session = Session.open("results/result.json")
    assert session.state.request() == {
        **parse_command([*QUICK, "cubes.csv"]).request(),
        "sha256": session.pattern().metadata["sha256"],
    }
    session.save("work.json")
    assert call("show", "work.json").out == call("show", "results").out


@pytest.mark.slow
def test_report_of_a_result_and_of_a_file(here: Path) -> None:
    call("fit", "cubes.csv", *QUICK, "--out", "results")
    done = call("report", "results", "--out", "saved.html")
    assert (done.code, done.out, done.err) == (0, "wrote saved.html\n", "")
    done = call("report", *QUICK, "cubes.csv", "--out", "direct.html")
    assert done.code == 0, done.err
    saved, direct = ((here / name).read_text("utf-8") for name in ("saved.html", "direct.html"))
    assert saved.partition("<h2>Reproduction")[0] == direct.partition("<h2>Reproduction")[0]
    assert "--region 0.9:1.25" in direct


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "absent.json"], "absent.json: does not exist"),
        (["show", "."], "result.json: does not exist"),
        (["show", "cubes.csv"], "cubes.csv: is no result of slxrd"),
        (["show", "newer.json"], "install a newer slxrd"),
        (["report", "cubes.csv", "--out", "cubes.csv"], "is what the report is about"),
        (["report", "cubes.csv", "--out", "film.xrdml"], "film.xrdml: exists"),
        (["report", "newer.json", "--out", "r.html"], "install a newer slxrd"),
        (
            ["report", "newer.json", "--out", "r.html", "--region", "1:2"],
            "newer.json: is a saved fit, which takes no options",
        ),
        (["report", "absent.csv", "--out", "r.html"], "absent.csv: does not exist"),
        (["report", "cubes.csv", "--out", "r.html", "--new"], "unknown option --new"),
        (["report", "cubes.csv", "--out", "r.html", "--region"], "--region: its value is missing"),
        (["report", "cubes.csv", "--out", "r.html", "--region", "5:6"], "region 5:6 lies outside"),
        (["report", "cubes.csv", "--out", "r.html", "--bootstrap", "9"], "--bootstrap is for slxrd fit"),
        (["report", "cubes.csv", "missing.csv", "--out", "r.html"], "missing.csv"),
        (["report", "cubes.csv"], "--out"),
    ],
)
def test_mistakes_are_named_and_nothing_is_written(here: Path, words: list[str], said: str) -> None:
    (here / "newer.json").write_text('{"slxrd": "9.9", "schema": 99}')
    with untouched(here):
        assert said in call(*words).refused()


def test_every_option_of_fit_has_its_place_in_a_session() -> None:
    """What is typed can be kept, and what is kept can be typed."""
    group = cli.program()
    options = {name: p for p in group.commands["fit"].params for name in p.opts if name.startswith("--")}
    kept = {option.flag: option.kind for part in plain_options().values() for option in part.values()}
    assert set(kept) | set(OUTPUTS) >= set(options) - {"--help"}
    assert set(kept) <= set(options)
    for name, parameter in options.items():
        if name in kept:
            assert parameter.is_flag == isinstance(kept[name], Flag), name
            assert parameter.multiple == kept[name].repeatable, name
        elif name in OUTPUTS:
            assert parameter.is_flag != OUTPUTS[name], name
