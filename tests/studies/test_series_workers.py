"""Tasks on processes: results come over whole, and a process that dies takes nothing with it."""

import json
import os
import signal
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from slxrd._interruption import check_interruption, interruptible
from slxrd.studies.series.executors import Interrupted, Processes, run_tasks
from slxrd.studies.series.member import failed_unless_interrupted


def double(number: int) -> str:
    return json.dumps(2 * number)


def die_once(number: int, marker: str) -> str:
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return json.dumps(2 * number)


def die_always(number: int) -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return json.dumps(number)


def what_is_loaded() -> str:
    import sys

    heavy = [name for name in ("matplotlib", "slxrd.ui.cli.main", "typer") if name in sys.modules]
    return json.dumps(
        [heavy, os.cpu_count(), os.environ["OMP_NUM_THREADS"], sys.modules["__main__"].__name__]
    )


def work_until_stopped(begun: str) -> str:
    Path(begun).touch()
    while True:
        check_interruption()


def collected(tasks: dict, **how: object) -> dict[int, object]:
    found: dict[int, object] = {}
    run_tasks(tasks, lambda i, text: found.__setitem__(i, json.loads(text)), **how)  # type: ignore[arg-type]
    return found


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_process_that_dies(tmp_path: Path) -> None:
    tasks: dict = {i: (double, (i,)) for i in range(4)}
    tasks[4] = (die_once, (4, str(tmp_path / "marker")))
    tasks[5] = (die_always, (5,))
    tasks[6] = (what_is_loaded, ())
    before = dict(os.environ)
    with Processes(2) as processes:
        found = collected(tasks, processes=processes)
        for process in processes.pool()._processes.values():
            os.kill(process.pid, signal.SIGKILL)
            process.join()
        assert collected({0: (double, (4,)), 1: (double, (5,))}, processes=processes) == {0: 8, 1: 10}
    assert {i: found[i] for i in range(5)} == {i: 2 * i for i in range(5)}
    assert "its process died 3 times" in found[5]["failed"]  # type: ignore[index]
    heavy, cores, threads, _ = found[6]  # type: ignore[misc]
    assert (heavy, cores, threads) == ([], 1, "1")
    assert os.environ == before


def test_an_executor_of_ones_own_stays_open() -> None:
    with ThreadPoolExecutor(2) as pool:
        assert collected({i: (double, (i,)) for i in range(200)}, executor=pool) == {
            i: 2 * i for i in range(200)
        }
        assert pool.submit(double, 1).result() == "2"


class _Pressed(Executor):
    """Runs one task after the other; at the third, Ctrl-C is pressed."""

    def __init__(self) -> None:
        self.seen = 0

    def submit(self, function, /, *arguments):  # type: ignore[no-untyped-def]
        self.seen += 1
        if self.seen == 3:
            raise KeyboardInterrupt
        future: Future[str] = Future()
        future.set_running_or_notify_cancel()
        future.set_result(function(*arguments))
        return future


def test_what_is_at_work_is_handed_over_after_an_interruption() -> None:
    found: dict[int, str] = {}
    with pytest.raises(Interrupted):
        run_tasks({i: (double, (i,)) for i in range(9)}, found.__setitem__, _Pressed())
    assert found == {0: "0", 1: "2"}


@pytest.mark.slow
def test_an_interruption_stops_what_the_processes_work_at(tmp_path: Path) -> None:
    begun = [tmp_path / name for name in ("first", "second")]

    def interrupt() -> None:
        if all(file.exists() for file in begun):
            raise KeyboardInterrupt

    tasks: dict = {i: (work_until_stopped, (str(file),)) for i, file in enumerate(begun)}
    with Processes(2) as processes:
        pool = processes.pool()
        with pytest.raises(Interrupted), interruptible(interrupt):
            run_tasks(tasks, lambda i, text: None, processes=processes)
        pool.shutdown()  # waits for the processes
    assert not processes.started


def test_an_interruption_within_compiled_code_is_one() -> None:
    """What compiled code makes of Ctrl-C is no failure of the pattern."""
    try:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as interrupt:
            raise SystemError("returned a result with an exception set") from interrupt
    except SystemError as error:
        with pytest.raises(KeyboardInterrupt):
            failed_unless_interrupted(error)
    assert "ZeroDivisionError" in json.loads(failed_unless_interrupted(ZeroDivisionError("x")))["failed"]
