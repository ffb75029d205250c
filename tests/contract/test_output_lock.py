"""Two runs do not write into one output; what an ended run leaves behind does not keep others away."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_shell import CUBES, EXAMPLES, FEW, call
from simulated_raster import Q, raster

from slxrd._output_lock import locked
from slxrd.errors import FileError

HOLD = """
import sys
from pathlib import Path
from slxrd._output_lock import locked
with locked(Path(sys.argv[1]), file=sys.argv[2] == "file"):
    print("locked", flush=True)
    sys.stdin.read()
"""


class Holder:
    """Another process that has an output."""

    def __init__(self, output: str, kind: str = "folder") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, output, kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "locked\n"

    def end(self, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        self.process.communicate()


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_second_run_is_refused_and_names_the_first() -> None:
    holder = Holder("out")
    expected = f"out: another run .process {holder.process.pid} on .*wait for it"
    with pytest.raises(FileError, match=expected), locked(Path("out")):
        pass
    holder.end()
    assert not Path("out").exists()
    with locked(Path("out")):
        assert os.listdir("out") == [".slxrd-lock"]
    assert not Path("out").exists()


def test_a_killed_run_leaves_no_lock() -> None:
    holder = Holder("out")
    holder.end(kill=True)
    assert Path("out/.slxrd-lock").exists()
    with locked(Path("out")):
        pass
    assert os.listdir("out") == []


def test_files_beside_one_another_are_different_outputs() -> None:
    holder = Holder("a.h5", "file")
    with locked(Path("b.h5"), file=True), locked(Path()):
        pass
    with pytest.raises(FileError, match="another run"), locked(Path("a.h5"), file=True):
        pass
    holder.end()
    assert os.listdir() == []


def _count(_: int) -> int:
    """Read, add one and write, again and again, with the lock."""
    done = 0
    while done < 30:
        try:
            with locked(Path("out")):
                number = int(Path("number").read_text())
                Path("number").write_text(str(number + 1))
                done += 1
        except FileError:
            continue
    return done


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="the functions of a test are not sent to other processes")
def test_no_two_have_it_at_once() -> None:
    Path("number").write_text("0")
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert sum(pool.map(_count, range(3))) == 90
    assert Path("number").read_text() == "90"


@pytest.mark.slow
def test_commands_are_refused_before_they_write() -> None:
    pytest.importorskip("h5py")
    Path("film.csv").write_bytes(CUBES.read_bytes())
    np.savez("stack.npz", q=Q, intensity=raster().intensity[:3, :3])
    films = sorted((EXAMPLES / "cspbbr3-annealing").iterdir())[:2]
    for output, kind, words in (
        ("out", "folder", ["series", *films, *FEW, "--out", "out"]),
        ("out", "folder", ["gallery", "--only", "S4", "--out", "out"]),
        ("map.h5", "file", ["map", "stack.npz", "--region", "0.9:1.25", "--check", "2", "--out", "map.h5"]),
    ):
        holder = Holder(output, kind)
        before = sorted(Path().rglob("*"))
        message = call(*words).refused()
        assert f"{output}: another run (process {holder.process.pid} on " in message
        assert sorted(Path().rglob("*")) == before
        holder.end()


@pytest.mark.slow
def test_the_lock_is_gone_after_a_run() -> None:
    assert call("gallery", "--only", "S4", "--out", "out").code == 0
    assert ".slxrd-lock" not in os.listdir("out")
    assert call("gallery", "--only", "S4", "--out", "out").code == 0
