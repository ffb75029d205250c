"""The background job that reads, remaps and cuts an image, and the cut as the pattern of the fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from slxrd.errors import SlxrdError
from slxrd.fitting.search.scan import Progress
from slxrd.ui.app.state.image import ImageRequest, ShownImage
from slxrd.ui.app.state.workspace import Workspace

_NAME = "the image"


def ask(workspace: Workspace, **changes: Any) -> None:
    """Change what is asked of the image, and process it in the background.

    While the image is processed, the change is kept, and the image is processed again after it. While
    something else runs, the change is refused.

    Parameters
    ----------
    workspace : Workspace
        Holds the image.
    **changes
        Fields of :class:`.ImageRequest`.
    """
    state = workspace.image
    with state.lock:
        job = workspace.job
        if job is None or job.name == _NAME:
            state.request = replace(state.request, **changes)
            state.again = job is not None
    if job is None and state.request.file:
        _start(workspace)
    elif job is not None and not state.again:
        workspace.check_idle()
    workspace.notify("job")


def _start(workspace: Workspace) -> None:
    state = workspace.image
    asked = state.request

    def work(report: Progress) -> tuple[ImageRequest, ShownImage]:
        try:
            return state.process(asked, report)
        except SlxrdError:
            state.processed, state.shown = asked, None
            raise
        except BaseException:  # cancelled
            state.request, state.again = state.processed, False
            raise

    def done(found: tuple[ImageRequest, ShownImage]) -> None:
        request, shown = found
        state.processed, state.shown = request, shown
        with state.lock:
            # A range that was given meanwhile stays.
            new = {k: v for k, v in state.request.ranges.items() if asked.ranges.get(k) != v}
            state.request = replace(state.request, ranges={**request.ranges, **new})
        if shown.problem:
            raise SlxrdError(shown.problem)
        assert shown.pattern is not None
        workspace.show_message(
            f"Cut {shown.cut}: {len(shown.pattern)} points over {_along(shown)}.", "success"
        )

    def ended() -> None:
        with state.lock:
            again, state.again = state.again, False
        if again:
            _start(workspace)

    workspace.start_job(_NAME, work, done, on_end=ended)


def _along(shown: ShownImage) -> str:
    assert shown.cut is not None
    return "|q_xy|" if shown.cut.along == "q_xy" else shown.cut.along


def send_to_fit(workspace: Workspace) -> bool:
    """Open the cut as the pattern that is fitted, with its σ; return whether that was possible."""
    files: list[tuple[str, str]] = []
    if not workspace.try_action(lambda: files.append(workspace.image.cut_csv())):
        return False
    ((name, content),) = files
    return workspace.open_file(content.encode(), name)
