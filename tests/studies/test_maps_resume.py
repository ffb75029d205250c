"""A map that is interrupted goes on with the same numbers, on threads and on the workers of a scheduler."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from simulated_raster import OPTIONS, Q, raster

import slxrd
from slxrd.errors import FileError
from slxrd.studies.maps import run
from slxrd.studies.maps.blocks.refinement import Solutions
from slxrd.studies.maps.files.store import BlockStore
from slxrd.studies.maps.stages import MapInterrupted

QUICK = {**OPTIONS, "systematics": "none", "bounds": {"L": (30.0, 40.0)}}
ROWS = raster().intensity[3:5, 1:6]
ARRAYS = ("best", "errors", "status", "grade", "solutions", "rises", "reduced_chi2")


def fit(folder: Path | None = None, **how: Any) -> slxrd.MapFit:
    return slxrd.fit_map(Q, ROWS, check=2, folder=folder, **{"workers": 1, **how}, **QUICK)


def same(one: slxrd.MapFit, other: slxrd.MapFit) -> None:
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert one.check == other.check


class _Interrupting(Executor):
    """Runs tasks at once; at one of them Ctrl-C is pressed."""

    def __init__(self, after: int) -> None:
        self.left = after

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future


@pytest.mark.slow
def test_an_interrupted_map_goes_on_with_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "patterns_at_once", lambda plan: 2)
    whole = fit()
    for after in (3, 6):  # during refinement, and during the assessment
        folder = tmp_path / str(after)
        with pytest.raises(MapInterrupted):
            fit(folder, workers=None, executor=_Interrupting(after))
        kept = list(folder.glob("*.npz"))
        assert kept
        before = {path: path.read_bytes() for path in kept if path.name.startswith("refined")}
        resumed = fit(folder)
        assert any("finished blocks of an earlier run" in note for note in resumed.notes)
        assert all(path.read_bytes() == content for path, content in before.items())
        same(resumed, whole)


@pytest.mark.slow
def test_blocks_of_another_map_are_not_used(tmp_path: Path) -> None:
    store = BlockStore(tmp_path / "blocks")
    arrays = {"starts": np.ones(3)}
    block = Solutions(np.ones((1, 4, 6)), np.ones((1, 4)), np.zeros(1, dtype=np.uint8))
    assert not store.open("one", arrays)
    store.save("refined", 0, block)
    assert store.open("one", arrays)
    np.testing.assert_array_equal(store.load("refined", 0, Solutions.empty(1, 6)).values, block.values)
    assert not store.open("one", {"starts": np.full(3, 2.0)})
    assert not store.has("refined", 0)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(FileError, match="is not a folder of an unfinished map"):
        BlockStore(tmp_path).open("key", {})
    assert (tmp_path / "thesis.txt").exists()


def test_a_damaged_block_is_named(tmp_path: Path) -> None:
    store = BlockStore(tmp_path / "blocks")
    store.open("key", {})
    (store.folder / "refined-000000.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(FileError, match="remove it, and it is calculated again"):
        store.load("refined", 0, Solutions.empty(1, 6))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("values", np.zeros((2, 4, 6))),
        ("chi2", np.zeros((1, 5))),
        ("chi2", np.zeros((1, 4), dtype=complex)),
        ("kind", np.zeros(1)),
        ("kind", None),
        ("values", np.zeros(30_000_000)),
    ],
    ids=["patterns", "solutions", "type", "kind", "missing", "large"],
)
def test_a_block_of_other_arrays_is_refused(tmp_path: Path, name: str, values: np.ndarray | None) -> None:
    store = BlockStore(tmp_path / "blocks")
    store.open("key", {})
    arrays = {"values": np.zeros((1, 4, 6)), "chi2": np.zeros((1, 4)), "kind": np.zeros(1, dtype=np.uint8)}
    arrays |= {name: values}
    np.savez_compressed(
        store.folder / "refined-000000.npz", **{key: each for key, each in arrays.items() if each is not None}
    )
    with pytest.raises(FileError, match="remove it, and it is calculated again"):
        store.load("refined", 0, Solutions.empty(1, 6))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_block_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    store = BlockStore(tmp_path / "blocks")
    store.open("key", {})
    os.mkfifo(store.folder / "refined-000000.npz")
    with pytest.raises(FileError, match="pipe or a device"):
        store.load("refined", 0, Solutions.empty(1, 6))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.filterwarnings("ignore")
def test_a_worker_of_a_scheduler_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two local workers one is killed during the refinement; the numbers are those of threads."""

    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(run, "patterns_at_once", lambda plan: 2)
    whole = fit()
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        processes = list(client.run(os.getpid).values())
        killed: list[int] = []

        def report(done: int, of: int) -> None:
            if not killed:
                killed.append(processes[0])
                os.kill(processes[0], signal.SIGKILL)

        found = fit(workers=None, executor=client.get_executor(), report=report)
    assert killed
    same(found, whole)
