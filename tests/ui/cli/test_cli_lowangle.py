"""``slxrd lowangle``, ``slxrd merit`` and ``slxrd lp``: files, printed text and errors."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_shell import EXAMPLES, call, contents, untouched, write_columns
from test_cli_options_arrive import options

ROOT = Path(__file__).parents[3]
PNG = b"\x89PNG\r\n\x1a\n"
SHEETS = EXAMPLES / "pbs-sheets.csv"


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def strict(text: str) -> dict[str, Any]:
    return dict(json.loads(text, parse_constant=refuse))


def written(folder: Path, name: str) -> dict[str, Any]:
    assert sorted(contents(folder)) == [f"{name}.caption.txt", f"{name}.csv", f"{name}.json", f"{name}.png"]
    assert (folder / f"{name}.png").read_bytes().startswith(PNG)
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 5
    content = strict((folder / f"{name}.json").read_text(encoding="utf-8"))
    assert content["schema"] == 1
    assert len(content["sha256"]) == 64
    assert content["command"].startswith(f"slxrd {name}")
    return content


@pytest.fixture
def gap(here: Path) -> Path:
    """A low-angle region with a gap of 31.06 Å, no fringes, simulated."""
    q = np.arange(0.1, 0.6, 0.004)
    dips = (1.0 - 0.95 * np.exp(-0.5 * (1.4 * q) ** 2) * np.cos(31.06 * q)) / np.sin(q * 2.92) ** 2
    expected = 300.0 * dips + 20.0
    random = np.random.default_rng(3)
    columns = (q, random.poisson(expected), np.sqrt(expected))
    return write_columns(here / "gap.csv", columns, "# simulated: gap\n# q in 1/Å, intensity, sigma")


@pytest.mark.slow
def test_low_angle(gap: Path) -> None:
    done = call("lowangle", "gap.csv", "--d", 5.84, "--critical", 0, "--out", "out")
    assert done.code == 0, done.err
    assert "[simulated]" in done.out
    assert "wrote out/lowangle.json" in done.out.replace("\\", "/")
    content = written(gap.parent / "out", "lowangle")
    estimate = content["estimates"]["gap"]
    assert estimate["status"] == "determined"
    assert abs(estimate["value"] - 31.06) < 4.0 * estimate["error"] < 1.0
    with untouched(gap.parent):
        again = call("lowangle", "gap.csv", "--d", 5.84, "--out", "out")
        assert "exists" in again.refused()


@pytest.mark.slow
def test_json_alone_on_standard_output(gap: Path) -> None:
    with untouched(gap.parent):
        done = call("lowangle", "gap.csv", "--critical", 0.03, "--json", "-")
    assert done.code == 0
    content = strict(done.out)
    assert content["estimates"]["critical"]["status"] == "fixed"
    assert content["estimates"]["spacing"]["status"] == "undetermined"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lowangle", "cubes.csv"], "no low-angle part"),
        (["lowangle", "gap.csv", "--region", "0.5:0.2"], "lower end must come first"),
        (["lowangle", "gap.csv", "--region", "0.3:0.36"], "at least 24"),
        (["lowangle", "gap.csv", "--d", "30", "--region", "0.12:0.5"], "reaches the Bragg peak"),
        (["lowangle", "gap.csv", "--d", "-1"], "d = -1.0: must be a positive number"),
        (["lowangle", "gap.csv", "--critical", "0.5"], "q_c must be 0 or more, and below the region"),
        (["lowangle", "gap.csv", "--coherent", "1"], "M must be 2 or more"),
        (["lowangle", "gap.csv", "--result", "gap.csv"], "is not a result.json"),
        (["lowangle", "gap.csv", "--result", "nothing.json"], "nothing.json: does not exist; check the path"),
        (["lowangle", "gap.csv", "--plot", "gap.csv"], "pictures are written as"),
        (["lowangle", "gap.csv", "--json", "gap.csv"], "would overwrite the pattern"),
        (["lowangle", "gap.csv", "--json", "x.png", "--plot", "x.png"], "two outputs have the same name"),
        (["merit", "cubes.csv", "--quick", "--bulk", "5.8"], "--quick makes no fit"),
        (["merit", "cubes.csv", "--slit", "3"], "needs the radius"),
        (["merit", "cubes.csv", "--radius", "467"], "coherence needs the wavelength"),
        (["merit", "cubes.csv", "--bulk", "wide"], "'wide' is not a number"),
        (["lp", "cubes.csv"], "the wavelength is not known"),
        (["lp", "cubes.csv", "--fix", "d"], "write NAME=VALUE"),
    ],
)
def test_refusals_are_one_line(gap: Path, arguments: list[str], message: str) -> None:
    with untouched(gap.parent):
        assert message in call(*arguments).refused()


@pytest.mark.slow
def test_merit(here: Path) -> None:
    words = ["--region", "0.88:1.28", "--region", "1.98:2.33:0.1", "--wavelength", "CuKa1"]
    done = call(
        "merit", "cubes.csv", *words, "--bulk", "5.836:0.003", "--slit", 3, "--radius", 467, "--out", "out"
    )
    assert done.code == 0, done.err
    assert "0.73 Å < δ_Λ < 1.46 Å" in done.out
    content = written(here / "out", "merit")
    assert [order["seen"] for order in content["orders"]] == [True, False]
    merits = content["merits"]
    assert merits["transverse_coherence"] == pytest.approx(240.0, abs=1.0)
    assert merits["estimates"]["strain"]["unit"] == "%"
    assert merits["estimates"]["tilt"]["value"] == pytest.approx(2.3, abs=0.2)
    assert {row["slit"] for row in merits["slits"]} == {0.1, 0.3, 1.0, 3.0}


@pytest.mark.slow
def test_lp(here: Path) -> None:
    words = ["--wavelength", "CuKa1", "--monochromator", 1, "--region", "1.65:2.6", "--fix", "q_zero=0"]
    starts = ("d=3.0083", "L=44.4", "sigma_L=0.33", "N=4", "sigma_N=0.85")
    done = call("lp", SHEETS, *words, *(w for start in starts for w in ("--start", start)), "--out", "out")
    assert done.code == 0, done.err
    content = written(here / "out", "lp")
    rows = {row["name"]: row for row in content["rows"]}
    assert rows["d"]["shift"] < -0.01
    assert "before LP" in done.out
    assert "[simulated]" in done.out


@pytest.mark.parametrize("command", ["lowangle", "merit", "lp"])
def test_every_option_is_described(command: str) -> None:
    page = (ROOT / "docs" / "options-paper.md").read_text(encoding="utf-8")
    text = page.partition(f"## slxrd {command}\n")[2].partition("\n## ")[0]
    assert [option for option in options(command) if f"`{option}`" not in text] == []
