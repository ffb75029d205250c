"""A progress bar on standard error, for work that lasts longer than half a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from slxrd.scan import Progress


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """Give a function that reports steps done and steps in all; silent where nobody looks."""
    from tqdm import tqdm

    with tqdm(desc=what, delay=0.5, leave=False, disable=None, unit="step") as bar:

        def report(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        yield report
