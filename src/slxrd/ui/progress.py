"""Progress bar on standard error after half a second."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slxrd.fitting.search.scan import Progress


@contextmanager
def progress(label: str) -> Iterator[Progress]:
    """Yield a function that reports completed and total steps; silent unless standard error is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from tqdm import tqdm

    with tqdm(desc=label, delay=0.5, leave=False, unit="step") as bar:

        def report(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        yield report
