"""The stages of a map, block by block: refinement, solutions of neighbours, assessment, and the check."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.search.scan import Progress
from slxrd.studies.maps.blocks.assessment import Assessed, assess_rows
from slxrd.studies.maps.blocks.refinement import (
    SIGNAL,
    Solutions,
    candidates,
    neighbours,
    refine_from_neighbours,
    refine_rows,
)
from slxrd.studies.maps.check import Check, compare, draw_sample
from slxrd.studies.maps.files.store import BlockStore
from slxrd.studies.maps.pattern_stack import PatternStack
from slxrd.studies.maps.plan import Plan
from slxrd.units import FloatArray

#: Largest number of times that solutions go on to neighbours.
SWEEPS = 60
#: Blocks that wait on an executor of unknown size.
_AHEAD = 16
#: Names of the blocks on disk.
REFINED, NEIGHBOURS, ASSESSED = "refined", "neighbours", "assessed"

Task = tuple[int, Callable[..., Any], tuple[Any, ...]]


class MapInterrupted(KeyboardInterrupt):
    """Ctrl-C during a map; finished blocks are kept.

    Parameters
    ----------
    done, of : int
        Patterns that were refined, and all.
    """

    def __init__(self, done: int, of: int) -> None:
        super().__init__(f"{done} of {of} patterns were refined")
        self.done, self.of = done, of


class Stages:
    """The stages of one map.

    Parameters
    ----------
    stack : PatternStack
        The patterns.
    plan : Plan
        What is common to them.
    size : int
        Patterns in a block.
    store : BlockStore
        Finished blocks.
    executor : concurrent.futures.Executor
        Runs them.
    report : callable, optional
        Called with steps done and steps in all.
    """

    def __init__(
        self, stack: PatternStack, plan: Plan, size: int, store: BlockStore, executor: Executor,
        report: Progress | None,
    ) -> None:  # fmt: skip
        self.stack, self.plan, self.size, self.store, self.executor = stack, plan, size, store, executor
        self._report = report
        self._threads = isinstance(executor, ThreadPoolExecutor)
        self._ahead = 2 * (os.cpu_count() or 1) if self._threads else _AHEAD
        self.notes: list[str] = []

    def blocks(self) -> Iterator[tuple[int, int, int]]:
        """Index, first pattern, and the one after the last, of each block."""
        for index, first in enumerate(range(0, self.stack.count, self.size)):
            yield index, first, min(first + self.size, self.stack.count)

    def solutions(self, stage: str, index: int) -> Solutions:
        """Read the solutions of a block."""
        return self.store.load(stage, index, Solutions.empty(*self._numbers(index)))

    def assessed(self, index: int) -> Assessed:
        """Read what was assessed of a block."""
        return self.store.load(ASSESSED, index, Assessed.empty(*self._numbers(index)))

    def _numbers(self, index: int) -> tuple[int, int]:
        """Patterns of a block, and parameters."""
        return min(self.size, self.stack.count - index * self.size), len(self.plan.names)

    def refine(self) -> None:
        """Refine all patterns from the starts of the plan."""
        done = sum(last - first for index, first, last in self.blocks() if self.store.has(REFINED, index))

        def tasks() -> Iterator[Task]:
            for index, first, last in self.blocks():
                if not self.store.has(REFINED, index):
                    rows = self.stack.rows(first, last)
                    yield index, refine_rows, (self.plan, rows, self.stack.saturated(rows))

        def finished(index: int, block: Solutions) -> None:
            nonlocal done
            self.store.save(REFINED, index, block)
            done += len(block.kind)
            self._step(0, done)

        try:
            self._each(tasks(), finished)
        except KeyboardInterrupt:
            raise MapInterrupted(done, self.stack.count) from None

    def pass_on(self) -> None:
        """Refine patterns from the solutions of their neighbours until no χ² becomes lower."""
        end = -(-self.stack.count // self.size)
        if self.store.has(NEIGHBOURS, end):
            return
        best = np.full((self.stack.count, len(self.plan.names)), np.nan)
        stage: dict[int, str] = {}
        for index, first, last in self.blocks():
            best[first:last] = self.solutions(REFINED, index).values[:, 0]
            stage[index] = REFINED
        changed = np.isfinite(best[:, 0])
        for sweep in range(SWEEPS):
            changed = self._sweep(f"{NEIGHBOURS}{sweep % 2}", best, changed, stage)
            self._step(1, int(self.stack.count * min(1.0, (sweep + 1) / 4)))
            if not changed.any():
                break
        else:
            self.notes.append(f"solutions were still passed on to neighbours after {SWEEPS} rounds")
        for index, _, _ in self.blocks():
            self.store.save(NEIGHBOURS, index, self.solutions(stage[index], index))
        self.store.save(NEIGHBOURS, end, Solutions.empty(0, 0))

    def _sweep(
        self, name: str, best: FloatArray, changed: NDArray[np.bool_], stage: dict[int, str]
    ) -> NDArray[np.bool_]:
        """Pass the solutions of the patterns that changed on to their neighbours; which of these change."""
        lower = np.zeros(self.stack.count, dtype=bool)
        pairs = neighbours(self.stack.shape)
        updated: dict[int, FloatArray] = {}

        def tasks() -> Iterator[Task]:
            for index, first, last in self.blocks():
                if not any(np.any(changed[s[(t >= first) & (t < last)]]) for t, s in pairs):
                    continue
                known = self.solutions(stage[index], index)
                starts = candidates(self.plan, best, known, first, last, changed, pairs)
                if starts:
                    rows = self.stack.rows(first, last)
                    yield index, refine_from_neighbours, (self.plan, rows, known, starts)

        def finished(index: int, answer: tuple[Solutions, NDArray[np.bool_]]) -> None:
            first = index * self.size
            lower[first : first + len(answer[1])] = answer[1]
            self.store.save(name, index, answer[0])
            updated[index] = answer[0].values[:, 0]

        self._each_or_interrupted(tasks(), finished)
        # Only now, so that the result does not depend on the order of the blocks.
        for index, values in updated.items():
            best[index * self.size : index * self.size + len(values)] = values
            stage[index] = name
        return lower

    def assess(self) -> None:
        """Assess all patterns."""
        done = sum(last - first for index, first, last in self.blocks() if self.store.has(ASSESSED, index))

        def tasks() -> Iterator[Task]:
            for index, first, last in self.blocks():
                if not self.store.has(ASSESSED, index):
                    known = self.solutions(NEIGHBOURS, index)
                    yield index, assess_rows, (self.plan, self.stack.rows(first, last), known)

        def finished(index: int, block: Assessed) -> None:
            nonlocal done
            self.store.save(ASSESSED, index, block)
            done += len(block.grade)
            self._step(2, done)

        self._each_or_interrupted(tasks(), finished)

    def check(self, kind: NDArray[np.uint8], number: int, seed: int) -> Check:
        """Search a random sample of the fitted patterns in full."""
        drawn = draw_sample(np.flatnonzero(kind == SIGNAL), number, seed, 1).tolist()
        verdicts: dict[int, int] = {}

        def tasks() -> Iterator[Task]:
            for i in drawn:
                block = self.solutions(NEIGHBOURS, i // self.size)
                row = self.stack.rows(i, i + 1)
                scale2 = float(self.plan.noise_scale(row)[0]) ** 2
                own = block.values[i % self.size], block.chi2[i % self.size]
                yield i, compare, (self.plan, row[0], scale2, *own)

        self._each_or_interrupted(tasks(), verdicts.__setitem__)
        return Check(tuple(drawn), tuple(verdicts[i] for i in drawn), seed)

    def _step(self, stage: int, done: int) -> None:
        if self._report is not None:
            self._report(stage * self.stack.count + done, 3 * self.stack.count)

    def _each_or_interrupted(self, tasks: Iterator[Task], finished: Callable[[int, Any], None]) -> None:
        try:
            self._each(tasks, finished)
        except KeyboardInterrupt:
            raise MapInterrupted(self.stack.count, self.stack.count) from None

    def _each(self, tasks: Iterator[Task], finished: Callable[[int, Any], None]) -> None:
        """Run tasks, some of them waiting, and pass on each result; after Ctrl-C those that were running."""
        running: dict[Future[Any], int] = {}

        def collect() -> None:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda each: running[each]):
                finished(running.pop(future), future.result())

        try:
            for index, function, arguments in tasks:
                running[self.executor.submit(function, *arguments)] = index
                while len(running) >= self._ahead:
                    collect()
            while running:
                collect()
        except KeyboardInterrupt:
            for future in list(running):
                if future.cancel():
                    del running[future]
            # Threads end their blocks; of other executors only finished blocks are taken.
            for future, index in sorted(running.items(), key=lambda each: each[1]):
                if self._threads or future.done():
                    finished(index, future.result())
            raise
