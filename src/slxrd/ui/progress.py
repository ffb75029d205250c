"""Progress on standard error: a bar for work that lasts longer than half a second, a word while compiling."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from slxrd._compiling import watched

if TYPE_CHECKING:
    from slxrd.fitting.search.scan import Progress


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """Give a function that reports steps done and steps in all; silent where nobody looks."""
    from tqdm import tqdm

    with tqdm(desc=what, delay=0.5, leave=False, disable=None, unit="step") as bar:

        def report(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        yield report


@contextmanager
def told_of_compiling() -> Iterator[None]:
    """Say it where somebody looks, if what is done inside waits for the compiler."""

    def say(text: str) -> None:
        if sys.stderr.isatty():
            from tqdm import tqdm

            tqdm.write(text, file=sys.stderr)  # above the bar, if there is one

    with watched(say):
        yield
