"""Every command takes a bad file or a bad argument for what it is: one line, exit code 2, nothing written."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_shell import call, run, start, untouched, write_columns

Q = np.arange(0.8, 2.5, 0.002)
#: What follows the file, by command.
COMMANDS: dict[str, list[str]] = {
    "fit": ["--out", "o"],
    "info": [],
    "convert": ["o.csv"],
    "plot": ["--out", "o.png"],
    "compare": ["--models", "planes,planes+mixed", "--out", "o"],
    "lowangle": ["--out", "o"],
    "directions": ["--out", "o"],
    "merit": ["--out", "o"],
    "lp": ["--out", "o"],
    "image": ["--out", "o"],
    "orientation": ["--incidence", "0.2", "--out", "o"],
    "saed": ["--camera-constant", "720", "--out", "o"],
    "periods": ["--incidence", "0.4", "--out", "o"],
    "outlines": ["--pixel", "1", "--out", "o"],
    "resolution": ["--standard", "LaB6", "--out", "o.toml"],
    "correct": ["--out", "o.csv", "--beam", "1", "--sample", "2"],
    "background": ["--out", "o.csv"],
    "peaks": ["--region", "0.9:1.2"],
    "noise": ["cubes.csv", "--region", "0.9:1.2"],
    "series": ["--out", "o"],
    "report": ["--out", "o.html"],
    "show": [],
    "sample-table": [],
}
#: Files that nothing can be made of, and what must be said.
FILES: dict[str, str] = {
    "folder": "",
    "empty.csv": "",
    "junk.dat": "",
    "nothing.csv": "does not exist",
}


@pytest.fixture
def bad(here: Path) -> Path:
    (here / "folder").mkdir()
    (here / "empty.csv").write_text("")
    (here / "junk.dat").write_bytes(bytes(range(256)) * 20)
    write_columns(here / "flat.csv", [Q, np.full(Q.size, 3.0)])
    return here


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_of_which_nothing_can_be_made(bad: Path, command: str, file: str) -> None:
    with untouched(bad):
        said = call(command, file, *COMMANDS[command]).refused()
    assert file in said
    assert FILES[file] in said


REFUSED: list[tuple[list[str], str]] = [
    (["fit", "flat.csv", "--region", "0.9:1.2"], "is flat: every intensity in it is 3"),
    (["plot", "cubes.csv", "--lp", "--out", "o.png"], "--lp: cubes.csv is over q"),
    (["plot", "film.xrdml", "--monochromator", "1", "--out", "o.png"], "add --lp"),
    (["merit", "cubes.csv", "--line-width", "-1"], "--line-width -1: must be a positive number"),
    (["merit", "cubes.csv", "--line-width", "0.001"], "needs the wavelength"),
    (["merit", "cubes.csv", "--radius", "-1"], "--radius -1: must be a positive number"),
    (["merit", "cubes.csv", "--bulk", "-1"], "--bulk -1: the plane distance must be positive"),
    (["series", "--example", "cspbbr3-annealing", "--smooth", "foo"], "unknown parameter 'foo'"),
    (["series", "--example", "cspbbr3-annealing", "--processes", "0"], "processes 0"),
    (["series", "cubes.csv", "--show", "3:2"], "--show: the lower end must come first"),
    (["background", "cubes.csv", "--out", "o.csv", "--method", "bridge"], "(--signal)"),
    (["noise", "cubes.csv", "film.xrdml", "--region", "1:2", "--out", "cubes.csv"], "overwrite the pattern"),
    (["simulate", "o.csv", "--set", "d=5.8"], "no value for L"),
    (["plan", "--like", "cspbbr3-cubes", "--counts", "-5"], "1 or more"),
    (["crystal", "CsPbBr3", "--planes", "0"], "--planes 0"),
    (["demo", "--out", "cubes.csv"], "is not a directory"),
    (["gallery", "--out", "o", "--only", "S99"], "unknown figure"),
    (["paper", "--out", "o", "--only", "anneal_150"], "unknown sample"),
    (["paper", "--out", "cubes.csv"], "cubes.csv"),
    (["convert", "cubes.csv", "cubes.csv", "--force"], "overwrite the pattern itself"),
    (["nothing"], "No such command"),
    (["fit"], "Missing argument 'FILE"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED, ids=lambda value: " ".join(value))
def test_an_argument_that_cannot_be(bad: Path, words: list[str], says: str) -> None:
    with untouched(bad):
        assert says in call(*words).refused()


def test_info_reports_why_a_file_cannot_be_read(here: Path) -> None:
    write_columns(here / "nan.csv", [Q, np.where(Q > 1.001, np.nan, 1.0)], "# q intensity")
    outcome = call("info", "nan.csv")
    assert outcome.code == 2
    assert "  not read: 749 of 850 points cannot be used (intensity not a number: line " in outcome.out
    assert outcome.err == "slxrd: nan.csv: none of its scans can be read\n"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_an_output_that_accepts_nothing_is_reported(here: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "slxrd", "crystal"],
            cwd=here,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=120,
        )
    assert done.returncode == 2
    assert done.stderr.decode() == (
        "slxrd: standard output: cannot be read or written (No space left on device)\n"
    )


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no pipes of this kind")
def test_a_reader_that_stops_reading_is_no_error(here: Path) -> None:
    with start("crystal", folder=here) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


@pytest.mark.slow
def test_a_name_that_begins_with_a_dash(here: Path) -> None:
    (here / "cubes.csv").rename(here / "-cubes.csv")
    outcome = run("info", "--", "-cubes.csv", folder=here)
    assert outcome.code == 0
    assert outcome.out.startswith("-cubes.csv\n")
