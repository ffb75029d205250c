"""Buttons whose content is made when they are pressed."""

from __future__ import annotations

import io
from collections.abc import Callable

import panel as pn

from slxrd.app.bench import Bench


def download(bench: Bench, label: str, end: str, make: Callable[[], bytes | str]) -> pn.widgets.FileDownload:
    """A button that makes a file and gives it to the browser.

    Parameters
    ----------
    bench : Bench
        Says what was done, or what went wrong.
    label, end : str
        On the button, and the end of the file's name.
    make : callable
        Returns the content.
    """

    def content() -> io.BytesIO | None:
        made: list[bytes | str] = []
        if not bench.attempt(lambda: made.append(make())):
            return None
        bench.say(f"{widget.filename} went to your downloads.", "good")
        return io.BytesIO(made[0].encode() if isinstance(made[0], str) else made[0])

    widget = pn.widgets.FileDownload(
        callback=content,
        label=label,
        filename=end,
        auto=True,
        embed=False,
        color="primary",
        width=185,
        tags=[end],
    )
    return widget
