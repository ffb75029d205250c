"""``slxrd series``: files, refusals, and ends at any moment, after which it goes on with the same numbers."""

import csv
import importlib.util
import json
import os
import shutil
import signal
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_shell import call, contents, start, untouched
from empty_pictures import empty_pictures

import slxrd
from slxrd.fitting.examples import SERIES
from slxrd.fitting.record.write import pattern_csv

Q = np.round(np.arange(0.9, 1.2501, 0.0025), 6)
QUICK = ["--region", "0.9:1.25", "--bounds", "L=24:50", "--fix", "q_zero=0", "--systematics", "none"]


@cache
def texts() -> dict[str, str]:
    """Files of a series of eight."""
    made = {}
    for i in range(8):
        truth = {"d": 5.84, "L": 36.9 - 0.2 * i, "sigma_L": 1.2, "N": 13.0, "sigma_N": 1.55}
        pattern = slxrd.simulate(Q, truth, peak=3000.0, noise="counting", seed=i)
        made[f"film_{25 + 10 * i}C.csv"] = pattern_csv(pattern)
    return made


def write(folder: Path, count: int = 8) -> Path:
    folder.mkdir()
    for name, text in list(texts().items())[:count]:
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def numbers(path: Path) -> Any:
    """All of series.json but the command."""
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document.pop("command")
    return document


def finished(folder: Path) -> int:
    return len(list(folder.glob("patterns/film_*C.json")))


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The numbers of an undisturbed run in one process."""
    folder = tmp_path_factory.mktemp("reference")
    write(folder / "films")
    os_folder = Path.cwd()
    os.chdir(folder)
    words = ["series", "films", *QUICK, "--smooth", "L", "--degree", 1, "--out", "out"]
    try:
        with empty_pictures():
            done = call(*words, "--processes", 1)
    finally:
        os.chdir(os_folder)
    assert done.code == 0, done.err
    return numbers(folder / "out" / "series.json")


@pytest.mark.slow
def test_files_and_table(here: Path) -> None:
    write(here / "films", 3)
    (here / "films" / "broken_99C.csv").write_text("nothing", encoding="utf-8")
    shutil.copy(here / "films" / "film_25C.csv", here / "films" / "copy_26C.csv")
    quick = [*QUICK, "--resolution", 0]
    done = call("series", "films", *quick, "--processes", 1, "--shared", "N,sigma_N", "--show", "0.9:1.0",
                "--out", "out")  # fmt: skip
    assert done.code == 0, done.err
    assert "3 patterns, temperature (°C)  [simulated]" in done.out
    assert "left out: films/broken_99C.csv: " in done.out.replace("\\", "/")
    assert "copy_26C.csv: " in done.out or "film_25C.csv: contains the same data" in done.out
    names = {
        "series.csv",
        "series.json",
        "joint.csv",
        "stack.png",
        "waterfall.png",
        "heatmap.png",
        "parameters.png",
    }
    assert names <= {path.name for path in (here / "out").iterdir()}
    rows = list(csv.DictReader((here / "out" / "series.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["temperature (°C)"] for row in rows] == ["25", "35", "45"]
    # The same as the single fit of that file.
    alone = call("fit", rows[1]["file"], *quick, "--json", "-")
    parameters = json.loads(alone.out)["parameters"]
    for name in ("d", "L", "N"):
        unit = parameters[name]["unit"]
        assert float(rows[1][f"{name} ({unit})"]) == pytest.approx(parameters[name]["value"], rel=1e-9)
        assert float(rows[1][f"{name}_error"]) == pytest.approx(parameters[name]["error"], rel=1e-9)
        assert rows[1][f"{name}_status"] == parameters[name]["status"]
    curves = (here / "out" / "patterns" / "film_35C.csv").read_text(encoding="utf-8").splitlines()
    assert len(curves) == Q.size + 1
    assert "overwrite it with --force" in call("series", "films", *QUICK, "--out", "out").refused()
    # Opened again, it says what it said.
    for path in ("out", "out/series.json"):
        shown = call("show", path)
        assert shown.out.startswith(done.out[: done.out.index("wrote ")])
        assert "made by slxrd" in shown.out
    assert "is a series" in call("report", "out/series.json", "--out", "page.html").refused()


@pytest.mark.parametrize(
    ("schema", "said"), [(99, "install a newer slxrd"), (1, "does not contain the printed text")]
)
def test_series_of_other_layouts(here: Path, schema: int, said: str) -> None:
    document = {"slxrd": "0.0.1", "schema": schema, "variable": "temperature", "patterns": []}
    (here / "series.json").write_text(json.dumps(document), encoding="utf-8")
    assert said in call("show", "series.json").refused()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no file to fit"),
        (["nowhere"], "none of 1 files could be read"),
        (["films", "--shared", "M"], "unknown parameter 'M'"),
        (["films", "--shared", "N", "--fix", "N=13"], "N is fixed"),
        (["films", "--processes", "0"], "processes 0: at least 1"),
        (["films", "--processes", "2", "--scheduler", "tcp://127.0.0.1:1"], "leave one out"),
        (["films", "--show", "2:1"], "the lower end must come first"),
        (["films", "--variable", "humidity", "--pattern-of-name", "rh(\\d+)"], "has no humidity"),
        (["films", "--table", "none.csv"], "none.csv: does not exist; check the path"),
        (["--example", "none"], "is not a packaged series; there is cspbbr3-annealing"),
        (["films", "--example", "cspbbr3-annealing"], "leave out the files"),
        (["films", "--region", "3:4", "--processes", "1"], "none of the 2 patterns could be fitted"),
        (["films", "--wavelength", "CuKa1", "--no-lp"], "none of 2 files could be read"),
    ],
)
def test_mistakes(here: Path, words: list[str], said: str) -> None:
    write(here / "films", 2)
    with untouched(here):
        assert said in call("series", *words).refused()


def stopped_when(process: Any, out: Path, count: int, number: int) -> None:
    """Send a signal as soon as so many patterns are finished."""
    until = time.monotonic() + 120.0
    while finished(out) < count and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(number)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.usefixtures("without_pictures")
def test_killed_and_started_again(tmp_path: Path, reference: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed twice at different moments, then interrupted: the numbers at the end are those of one run."""
    write(tmp_path / "films")
    words = ["series", "films", *QUICK, "--smooth", "L", "--degree", 1, "--out", "out"]
    out = tmp_path / "out"
    for processes, count in ((2, 1), (1, 4)):
        process = start(*words, "--processes", processes, folder=tmp_path)
        stopped_when(process, out, count, signal.SIGKILL)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        assert count <= finished(out) < 8
        assert not (out / "series.json").exists()
    # On a busy machine more may have been finished before the signal came: enough is left to be interrupted.
    for path in sorted(out.glob("patterns/film_*C.json"))[4:]:
        path.unlink()
    before = {name: data for name, data in contents(out).items() if name.endswith("C.json")}
    process = start(*words, "--processes", 1, folder=tmp_path)
    stopped_when(process, out, len(before) + 1, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "of 8 patterns are fitted and kept in out; the same command goes on from there" in errors
    assert "Traceback" not in errors
    monkeypatch.chdir(tmp_path)
    last = call(*words, "--processes", 1)
    assert last.code == 0, last.err
    after = contents(out)
    assert all(after[name] == data for name, data in before.items())
    assert numbers(out / "series.json") == reference


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="dask is not installed")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("without_pictures")
def test_on_a_scheduler_one_of_whose_workers_is_killed(here: Path, reference: Any) -> None:
    from distributed import LocalCluster

    write(here / "films")
    words = ["series", "films", *QUICK, "--smooth", "L", "--degree", 1, "--out", "out"]
    finished_before = []

    def kill(pid: int) -> None:
        until = time.monotonic() + 120.0
        while finished(here / "out") < 2 and time.monotonic() < until:
            time.sleep(0.01)
        finished_before.append(finished(here / "out"))
        os.kill(pid, signal.SIGKILL)

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        killing = threading.Thread(target=kill, args=(next(iter(cluster.workers.values())).pid,))
        killing.start()
        done = call(*words, "--scheduler", cluster.scheduler_address)
        killing.join()
    assert 2 <= finished_before[0] < 8
    assert done.code == 0, done.err
    assert numbers(here / "out" / "series.json") == reference


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="dask is not installed")
def test_no_scheduler(here: Path) -> None:
    write(here / "films", 2)
    for address, said in (("nonsense", "no scheduler answers"), ("foo://1", "no scheduler answers")):
        assert said in call("series", "films", "--scheduler", address).refused()


@pytest.mark.slow
def test_low_angles_of_a_series(here: Path) -> None:
    """Two packaged patterns, simulated without refraction: L − w is d, and what was finished is kept."""
    (here / "films").mkdir()
    example = SERIES["cspbbr3-annealing"]
    for at in (25.0, 125.0):
        text = pattern_csv(example.patterns()[at])
        (here / "films" / f"film_{at:g}C.csv").write_text(text, encoding="utf-8")
    words = ["series", "films", *QUICK, "--low-angle", "0.12:0.45", "--critical", 0, "--processes", 1]
    done = call(*words, "--out", "out")
    assert done.code == 0, done.err
    assert "L − w on average" in done.out
    rows = list(csv.DictReader((here / "out" / "lowangle.csv").read_text(encoding="utf-8").splitlines()))
    for row, at in zip(rows, (25.0, 125.0), strict=True):
        truth = example.truth[at]
        for name, true in (("w", truth["L"] - truth["d"]), ("L_minus_w", truth["d"])):
            assert row[f"{name}_status"] == "determined"
            assert float(row[f"{name} (Å)"]) == pytest.approx(true, abs=4.0 * float(row[f"{name}_error"]))
    assert (here / "out" / "lowangle.png").read_bytes().startswith(b"\x89PNG")
    document = json.loads((here / "out" / "series.json").read_text(encoding="utf-8"))
    kept = here / "out" / "patterns" / "film_25C.lowangle.json"
    assert json.loads(kept.read_text(encoding="utf-8"))["content"] == document["patterns"][0]["low_angle"]
    assert call(*words, "--out", "out", "--force").out == done.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--low-angle", "0.4:0.1"], "the lower end must come first"),
        (["--low-angle", "-0.1:0.4"], "must begin above 0"),
        (["--low-angle", "0.1:0.4", "--critical", "0.2"], "must be 0 or more, and below 0.1"),
        (["--critical", "0.02"], "--critical belongs to --low-angle"),
    ],
)
def test_low_angles_that_cannot_be(here: Path, words: list[str], expected: str) -> None:
    write(here / "films", 2)
    with untouched(here):
        done = call("series", "films", *QUICK, *words, "--out", "out")
    assert done.code == 2
    assert expected in done.err
