"""``slxrd directions``: files, printed text and errors."""

import json
from pathlib import Path

import pytest
from cli_shell import call, untouched
from simulated_cuts import FOLDER

from slxrd.errors import SlxrdError
from slxrd.ui.cli.commands.directions import split_cut

CUTS = [FOLDER / "cumulative-scan.csv", f"{FOLDER / 'cumulative-100.csv'}:100"]
QUICK = ("--budget", 10000, "--coherent", 6, "--share", "d,N,sigma_N", "--region", "0.95:1.2")


@pytest.mark.slow
def test_files(here: Path) -> None:
    done = call("directions", *CUTS, *QUICK, "--out", "out")
    assert done.code == 0, done.err
    assert "The model describes the data" in done.out
    assert "σ_T(z)" in done.out
    assert "[simulated]" in done.out
    content = json.loads((here / "out" / "directions.json").read_text(encoding="utf-8"))
    assert content["schema"] == 1
    assert [cut["direction"] for cut in content["cuts"]] == ["scan", "100"]
    assert content["parameters"]["L_xy"]["value"] == pytest.approx(39.5, abs=0.1)
    assert (here / "out" / "directions.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    table = (here / "out" / "directions.csv").read_text(encoding="utf-8").splitlines()
    assert table[0] == "region,q,measured,sigma,calculated,residual"
    assert len(table) > 150
    caption = (here / "out" / "directions.caption.txt").read_text(encoding="utf-8")
    assert "cumulative-100.csv (100)" in caption


@pytest.mark.slow
def test_both_kinds_of_disorder(here: Path) -> None:
    fixed = [
        item
        for name in ("L_z=36.9", "N_z=13", "sigma_N_z=1.2", "d_z=5.84", "W_z=5")
        for item in ("--fix", name)
    ]
    done = call(
        "directions",
        CUTS[0],
        "--coherent",
        6,
        *fixed,
        "--disorder",
        "compare",
        "--budget",
        10000,
        "--json",
        "-",
    )
    assert done.code == 0, done.err
    content = json.loads(done.out)
    assert set(content["fits"]) == {"cumulative", "sinusoidal"}
    assert content["conclusion"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scan.csv:1x0"], "direction '1x0' is not known"),
        ([CUTS[0], "--share", "rho"], "share rho"),
        ([CUTS[0], "--disorder", "waves"], "waves"),
        (
            [*CUTS, "--further-resolutions", "0.01", "--further-resolutions", "0.02"],
            "2 --further-resolutions for 1",
        ),
        ([*CUTS, "--fix", "L=36"], "L is not a parameter of these cuts"),
        ([CUTS[0], "missing.csv:100"], "missing.csv"),
    ],
)
def test_mistakes(here: Path, arguments: list[str], message: str) -> None:
    with untouched(here):
        done = call("directions", *arguments)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err


def test_a_file_and_its_direction(here: Path) -> None:
    assert split_cut("film.xrdml")[1].name == "scan"
    assert split_cut("example:cspbbr3-cubes")[1].name == "scan"
    file, direction = split_cut("a:b.csv:110")
    assert (str(file), direction.name) == ("a:b.csv", "110")
    with pytest.raises(SlxrdError, match="direction 'csv'"):
        split_cut("a:csv")


def test_no_cut_is_overwritten(here: Path) -> None:
    (here / "100.csv").write_bytes((FOLDER / "cumulative-100.csv").read_bytes())
    done = call("directions", CUTS[0], "100.csv:100", "--json", "100.csv", "--force")
    assert done.code == 2
    assert "would overwrite the pattern itself" in done.err
