"""Tasks on the processes of this machine, or on any executor; results are handed over as they come.

Processes are spawned, so that nothing of the caller's threads or libraries is in them, and end with the
process that made them, even if that is killed. A task whose process dies is tried again by itself.

The one door to dask.distributed: the workers of a running scheduler as an executor.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from importlib.metadata import version
from types import ModuleType
from typing import Any

from slxrd.errors import SlxrdError

#: Seconds to wait for a scheduler to answer.
_PATIENCE = 10


@contextmanager
def dask_workers(address: str) -> Iterator[Executor]:
    """Connect to a scheduler, and give its workers as an executor.

    Parameters
    ----------
    address : str
        ``tcp://host:8786``.

    Raises
    ------
    SlxrdError
        If dask is not installed, nothing answers, there is no worker, or a worker has another slxrd.
    """
    try:
        import distributed
    except ImportError:
        raise SlxrdError("--scheduler needs dask: python -m pip install 'slxrd[dask]'") from None
    try:
        client_of: Any = distributed.Client
        client = client_of(address, timeout=_PATIENCE)
    except (OSError, ValueError, TypeError) as error:
        text = " ".join(str(error).split())
        raise SlxrdError(
            f"--scheduler {address}: no scheduler answers ({text}); write its address as tcp://host:8786"
        ) from None
    with client:
        own = version("slxrd")
        try:
            found = client.run(version, "slxrd", on_error="return")
        except ValueError:
            found = {}
        if not found:
            raise SlxrdError(f"--scheduler {address}: has no worker; start some (dask worker {address})")
        for worker, theirs in found.items():
            if theirs != own:
                said = f"slxrd {theirs}" if isinstance(theirs, str) else "no slxrd"
                raise SlxrdError(
                    f"--scheduler {address}: worker {worker} has {said}, here is {own}; install the same"
                )
        yield client.get_executor()


Task = tuple[Callable[..., str], tuple[Any, ...]]
#: How often a task is tried whose process dies.
_ATTEMPTS = 3
#: Tasks handed out for each process: one at work and one waiting.
_AHEAD = 2
#: Tasks handed out at once to an executor of unknown size.
_AHEAD_ELSEWHERE = 64
#: With every core at work on a pattern of its own, threads inside a fit only get in each other's way.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Interrupted(Exception):
    """A KeyboardInterrupt came; what was at work was finished and handed over."""


def run_tasks(
    tasks: Mapping[int, Task],
    finished: Callable[[int, str], None],
    executor: Executor | None = None,
    processes: int | None = None,
) -> None:
    """Run tasks and hand over each result at once, in the order in which they come.

    Parameters
    ----------
    tasks : mapping of int to (function, arguments)
        The function belongs to a module, takes plain data and returns JSON text.
    finished : callable
        Called in this thread with the number of a task and its result.
    executor : concurrent.futures.Executor, optional
        Where they run; it is not shut down.
    processes : int, optional
        Without an executor; 1 for this process itself, all cores if not given.

    Raises
    ------
    Interrupted
        After Ctrl-C. The tasks at work have been handed over; a second Ctrl-C does not wait for them.
    SlxrdError
        If the executor breaks.
    """
    if not tasks:
        return
    if executor is not None:
        try:
            _drain(executor, dict(tasks), finished, _AHEAD_ELSEWHERE)
        except BrokenExecutor as error:
            raise SlxrdError(
                f"the executor has broken down ({error}); what was finished is kept where a folder was given"
            ) from None
        return
    count = min(processes or os.cpu_count() or 1, len(tasks))
    if count == 1:
        for i, (function, arguments) in tasks.items():
            try:
                finished(i, function(*arguments))
            except KeyboardInterrupt:
                raise Interrupted from None
        return
    _on_processes(dict(tasks), finished, count)


def _on_processes(waiting: dict[int, Task], finished: Callable[[int, str], None], count: int) -> None:
    """Run tasks on a pool, and on a new one where a process has died."""
    attempts: dict[int, int] = {}
    done: set[int] = set()

    def over(i: int, text: str) -> None:
        done.add(i)
        finished(i, text)

    while waiting:
        # What was at work when a process died is tried by itself, so that the culprit is known.
        suspects = [i for i in waiting if attempts.get(i, 0)]
        portion = {i: waiting[i] for i in (suspects[:1] or waiting)}
        pool = ProcessPoolExecutor(
            min(count, len(portion)), multiprocessing.get_context("spawn"), initializer=_settle
        )
        try:
            at_work = _drain(pool, portion, over, _AHEAD * count, ours=True)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        waiting = {i: task for i, task in waiting.items() if i not in done}
        for i in at_work:
            attempts[i] = attempts.get(i, 0) + 1
            if attempts[i] >= _ATTEMPTS:
                why = f"its process died {_ATTEMPTS} times; is there enough memory?"
                over(i, json.dumps({"failed": why}))
                waiting.pop(i, None)


def _drain(
    executor: Executor,
    tasks: dict[int, Task],
    finished: Callable[[int, str], None],
    ahead: int,
    ours: bool = False,
) -> list[int]:
    """Keep an executor busy until all is done; return what was at work when a pool of ours broke."""
    queue = iter(tasks.items())
    at_work: dict[Future[str], int] = {}

    def hand_out() -> None:
        while len(at_work) < ahead:
            following = next(queue, None)
            if following is None:
                return
            i, (function, arguments) = following
            with _nothing_of_the_caller():
                at_work[executor.submit(function, *arguments)] = i

    def take() -> bool:
        done, _ = wait(at_work, return_when=FIRST_COMPLETED)
        whole = True
        for future in sorted(done, key=lambda future: at_work[future]):
            try:
                text = future.result()
            except BrokenExecutor:
                if not ours:
                    raise
                whole = False
                continue
            except Exception as error:  # such as a worker elsewhere that died again and again
                text = json.dumps({"failed": f"its worker failed ({type(error).__name__}: {error})"})
            finished(at_work.pop(future), text)
        return whole

    try:
        try:
            hand_out()
            while at_work:
                if not take():
                    return list(at_work.values())
                hand_out()
        except BrokenExecutor:
            if not (ours and at_work):
                raise
            return list(at_work.values())
    except KeyboardInterrupt:
        for future in list(at_work):
            if future.cancel():
                del at_work[future]
        while at_work and take():
            pass
        raise Interrupted from None
    return []


@contextlib.contextmanager
def _nothing_of_the_caller() -> Iterator[None]:
    """Keep a spawned process from running the caller's script again, from starting threads, and from Ctrl-C.

    A script without ``if __name__ == "__main__"`` would otherwise run anew in every process.
    """
    main = sys.modules["__main__"]
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    sys.modules["__main__"] = ModuleType("__main__")
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    blocked = hasattr(signal, "pthread_sigmask")
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]) if blocked else set()
    try:
        yield
    finally:
        if blocked:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        sys.modules["__main__"] = main
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _settle() -> None:
    """In a new process: leave Ctrl-C to its parent, end with it, and use one core."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.cpu_count = lambda: 1
    parent = multiprocessing.parent_process()
    if parent is not None:

        def end() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=end, daemon=True).start()
