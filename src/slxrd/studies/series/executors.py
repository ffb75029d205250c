"""Run tasks in processes of this machine, on any executor, or on the workers of a dask scheduler.

Processes are spawned, so that they do not inherit threads or library state, and end with their parent, even
if that is killed. A task whose process dies is repeated alone. Only this module imports dask.distributed.
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
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from multiprocessing.synchronize import Event
from types import ModuleType
from typing import Any

from slxrd import _interruption
from slxrd._interruption import use_check, wait_for_first
from slxrd.errors import SlxrdError

#: Time limit for the connection to a scheduler, in seconds.
_TIMEOUT = 10


@contextmanager
def dask_workers(address: str) -> Iterator[Executor]:
    """Connect to a scheduler and yield an executor of its workers.

    Parameters
    ----------
    address : str
        Address of the scheduler, ``tcp://host:8786``.

    Yields
    ------
    concurrent.futures.Executor
        Executor that runs tasks on the workers.

    Raises
    ------
    SlxrdError
        If dask is not installed, the scheduler does not answer or has no worker, or a worker has another
        version of slxrd.
    """
    try:
        import distributed
    except ImportError:
        raise SlxrdError("--scheduler needs dask: python -m pip install 'slxrd[dask]'") from None
    try:
        client_of: Any = distributed.Client
        client = client_of(address, timeout=_TIMEOUT)
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
                installed = f"slxrd {theirs}" if isinstance(theirs, str) else "no slxrd"
                raise SlxrdError(
                    f"--scheduler {address}: worker {worker} has {installed}, here is {own}; install the same"
                )
        yield client.get_executor()


Task = tuple[Callable[..., str], tuple[Any, ...]]
#: Largest number of attempts for a task whose process dies.
_ATTEMPTS = 3
#: Tasks submitted for each process: one running and one waiting.
_AHEAD = 2
#: Tasks submitted at once to an executor of unknown size.
_AHEAD_ELSEWHERE = 64
#: Limits of threads inside a fit, since every core has a pattern of its own.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Interrupted(Exception):
    """Raised after a KeyboardInterrupt; the tasks that were running have ended or were stopped."""


class Processes:
    """Processes of this machine, which start when they are first needed and end with the context.

    Parameters
    ----------
    count : int, optional
        Largest number of processes; by default all cores.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count or os.cpu_count() or 1
        self._pool: ProcessPoolExecutor | None = None
        self._stopped: Event | None = None

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def started(self) -> bool:
        """Whether there is a pool already, whose processes may have died since."""
        return self._pool is not None

    def pool(self) -> ProcessPoolExecutor:
        """Return an executor of the processes."""
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            count = min(self.count, 61) if sys.platform == "win32" else self.count  # the most Windows allows
            self._stopped = context.Event()
            self._pool = ProcessPoolExecutor(
                count, context, initializer=_initialise, initargs=(self._stopped,)
            )
        return self._pool

    def stop(self) -> None:
        """End the running tasks of the processes, without results, and the processes."""
        if self._stopped is not None:
            self._stopped.set()
        self.end()

    def end(self) -> None:
        """End the processes; :meth:`pool` starts new ones."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def run_tasks(
    tasks: Mapping[int, Task],
    finished: Callable[[int, str], None],
    executor: Executor | None = None,
    processes: Processes | None = None,
) -> None:
    """Run tasks and pass on each result as soon as it is available.

    Parameters
    ----------
    tasks : mapping of int to (function, arguments)
        Module-level functions that take plain data and return JSON text.
    finished : callable
        Called in this thread with the key of a task and its result.
    executor : concurrent.futures.Executor, optional
        Executor to use; it is not shut down.
    processes : Processes, optional
        Processes to use without an executor, which are not ended; a count of 1 is this process itself. By
        default as many as there are cores, for these tasks only.

    Raises
    ------
    Interrupted
        After Ctrl-C. Running tasks of processes of this machine are stopped; those of an executor finish
        first, unless there is a second Ctrl-C.
    SlxrdError
        If the executor fails.
    """
    if not tasks:
        return
    if executor is not None:
        try:
            _drain(executor, dict(tasks), finished, _AHEAD_ELSEWHERE)
        except BrokenExecutor as error:
            raise SlxrdError(
                f"the executor failed ({error}); completed results are stored if a folder was given"
            ) from None
        return
    if processes is None:
        with Processes() as processes:
            run_tasks(tasks, finished, None, processes)
        return
    if min(processes.count, len(tasks)) == 1:
        for i, (function, arguments) in tasks.items():
            try:
                finished(i, function(*arguments))
            except KeyboardInterrupt:
                raise Interrupted from None
        return
    _run_in_processes(dict(tasks), finished, processes)


def _run_in_processes(
    waiting: dict[int, Task], finished: Callable[[int, str], None], processes: Processes
) -> None:
    """Run tasks in a pool, and in a new one if a process died."""
    attempts: dict[int, int] = {}
    done: set[int] = set()

    def complete(i: int, text: str) -> None:
        done.add(i)
        finished(i, text)

    while waiting:
        # Tasks that were running when a process died are repeated alone, to find the one that fails.
        suspects = [i for i in waiting if attempts.get(i, 0)]
        portion = {i: waiting[i] for i in (suspects[:1] or waiting)}
        started = processes.started
        try:
            running = _drain(processes.pool(), portion, complete, _AHEAD * processes.count, processes)
        except BrokenExecutor:
            processes.end()
            if not started:
                raise
            continue  # a process died while it had no task
        if running:
            processes.end()
        waiting = {i: task for i, task in waiting.items() if i not in done}
        for i in running:
            attempts[i] = attempts.get(i, 0) + 1
            if attempts[i] >= _ATTEMPTS:
                why = f"its process died {_ATTEMPTS} times; is there enough memory?"
                complete(i, json.dumps({"failed": why}))
                waiting.pop(i, None)


def _drain(
    executor: Executor,
    tasks: dict[int, Task],
    finished: Callable[[int, str], None],
    ahead: int,
    own: Processes | None = None,
) -> list[int]:
    """Run all tasks on an executor; return the tasks that were running when that of own processes broke."""
    queue = iter(tasks.items())
    running: dict[Future[str], int] = {}

    def submit() -> None:
        while len(running) < ahead:
            following = next(queue, None)
            if following is None:
                return
            i, (function, arguments) = following
            with _isolated_spawn():
                running[executor.submit(function, *arguments)] = i

    def collect() -> bool:
        done, _ = wait_for_first(running)
        intact = True
        for future in sorted(done, key=lambda future: running[future]):
            try:
                text = future.result()
            except BrokenExecutor:
                if own is None:
                    raise
                intact = False
                continue
            except Exception as error:  # such as a remote worker that died repeatedly
                text = json.dumps({"failed": f"its worker failed ({type(error).__name__}: {error})"})
            finished(running.pop(future), text)
        return intact

    try:
        try:
            submit()
            while running:
                if not collect():
                    return list(running.values())
                submit()
        except BrokenExecutor:
            if own is None or not running:
                raise
            return list(running.values())
    except KeyboardInterrupt:
        for future in list(running):
            if future.cancel():
                del running[future]
        if own is not None:
            own.stop()
        else:
            while running and collect():
                pass
        raise Interrupted from None
    return []


@contextlib.contextmanager
def _isolated_spawn() -> Iterator[None]:
    """Prevent a spawned process from running the caller's script, starting threads, and receiving Ctrl-C.

    A script without ``if __name__ == "__main__"`` would otherwise run again in every process.
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


def _initialise(stopped: Event) -> None:
    """Set up a new process: ignore Ctrl-C, end with the parent, use one core, end tasks that are stopped."""

    def check() -> None:
        if stopped.is_set():
            raise _interruption.Interrupted

    use_check(check)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.cpu_count = lambda: 1
    parent = multiprocessing.parent_process()
    if parent is not None:

        def end() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=end, daemon=True).start()
