"""The audit, which ``nox -s audit`` runs: ``python -m audit --count 100``.

Each row of the table is tried with mutated or random input, calls or kills. A case follows from the seed and
its number. Results are added to a file, so that an interrupted audit goes on. The exit code is 1 if anything
fell.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Lock
from typing import cast

from audit.results import ROOT, Results, digest
from audit.rows import GROUPS, Row, all_rows
from audit.worker import Report, work

#: Cases between two lines of the results, of kills fewer; seconds in which a row is prepared.
BATCH, KILLS, PREPARED = 100, 5, 300.0


def arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(prog="audit", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="inputs per reader; others in proportion")
    parser.add_argument("--kills", type=int, help="kills per command; by default a hundredth of --count")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="rows with a text")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end after so many minutes")
    parser.add_argument("--results", type=Path, default=ROOT / "build" / "audit", help="folder of results")
    parser.add_argument("--case", metavar="ROW:NUMBER", help="try one case here, with all that it raises")
    return parser.parse_args()


def count_of(row: Row, given: argparse.Namespace) -> int:
    """How many cases of a row are tried."""
    if row.group == "kill" and given.kills is not None:
        return int(given.kills)
    return max(1, GROUPS[row.group] * given.count // 10_000)


class Audit:
    """An audit that runs.

    Parameters
    ----------
    results : Results
        Where results are added.
    given : argparse.Namespace
        What was typed.
    """

    def __init__(self, results: Results, given: argparse.Namespace) -> None:
        self.results, self.given = results, given
        self.until = time.monotonic() + 60.0 * given.minutes
        self.lock, self.stopped = Lock(), Event()

    @property
    def over(self) -> bool:
        """Whether it was interrupted, or its time is over."""
        return self.stopped.is_set() or time.monotonic() > self.until

    def run(self, rows: list[Row]) -> None:
        """Try the cases of some rows that are not done, in one process, or the next where that ends."""
        while not self.over:
            counts = {row: (self.results.done(row.key), count_of(row, self.given)) for row in rows}
            tasks = {row: count for row, count in counts.items() if count[0] < count[1]}
            if not tasks:
                return
            self._process(tasks)

    def _process(self, tasks: dict[Row, tuple[int, int]]) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        plain = [(row.key, *cases) for row, cases in tasks.items()]
        process = context.Process(target=work, args=(plain, self.given.seed, theirs), daemon=True)
        process.start()
        theirs.close()
        try:
            for row, (first, last) in tasks.items():
                if not self._row(row, first, last, ours):
                    return
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # its own group, with all that it started
            process.kill()
            process.join()

    def _row(self, row: Row, first: int, last: int, ours: Connection) -> bool:
        """Receive the reports of a row; return whether its process can go on."""
        faults: list[Report] = []
        done = reported = first
        limit = PREPARED
        while done < last and not self.over:
            report = _received(ours, limit)
            if isinstance(report, str):
                faults.append((done, "hang" if report.startswith("not done") else "traceback", report))
                self._add(row, reported, done + 1, faults)
                return False
            limit = row.limit + 2.0
            number, column, text = report
            if number < 0:
                continue
            done = number + 1
            if column:
                faults.append((number, column, text))
            if done - reported >= (KILLS if row.group == "kill" else BATCH) or done == last:
                self._add(row, reported, done, faults)
                reported, faults = done, []
        if done > reported:
            self._add(row, reported, done, faults)
        return not self.over

    def _add(self, row: Row, first: int, last: int, faults: list[Report]) -> None:
        with self.lock:
            self.results.add(row.key, first, last, faults)
            for number, column, text in faults:
                print(f"! {row.key}:{number} {column}: {text}", flush=True)
            tally = self.results.tallies[row.key]
            fell = ", ".join(f"{n} {column}" for column, n in tally.faults.items()) or "nothing fell"
            print(f"{row.key}: {tally.done} of {count_of(row, self.given)}, {fell}", flush=True)


def _received(ours: Connection, limit: float) -> Report | str:
    """The next report of a process, or what is wrong with it."""
    if not ours.poll(limit):
        return f"not done after {limit:g} s"
    try:
        return cast(Report, ours.recv())
    except EOFError:
        return "the process ended"


def one_case(given: argparse.Namespace) -> None:
    """Try one case in this process."""
    key, _, number = given.case.rpartition(":")
    with tempfile.TemporaryDirectory() as folder:
        attempt = all_rows()[key].prepare(Path(folder))
        attempt(int(number), random.Random(f"{given.seed} {key} {int(number)}"))
        os.chdir("/")
    print("nothing fell")


def main() -> int:
    """Run the audit and print its table; return the exit code."""
    given = arguments()
    if given.case:
        one_case(given)
        return 0
    rows = [
        row for row in all_rows().values() if not given.only or any(text in row.key for text in given.only)
    ]
    path = given.results / f"{digest()}-{given.seed}.jsonl"
    audit = Audit(Results(path), given)
    print(f"{len(rows)} rows; results are added to {path}", flush=True)
    shares = [rows[i :: given.jobs] for i in range(given.jobs)]
    with ThreadPoolExecutor(given.jobs) as pool:
        waiting = [pool.submit(audit.run, share) for share in shares]
        try:
            for each in waiting:
                each.result()
        except KeyboardInterrupt:
            audit.stopped.set()
            print("interrupted; the same command goes on", flush=True)
    print(audit.results.table(rows))
    return 1 if audit.results.faults(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
