"""Fixtures: a Chromium browser and a running server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

#: The first that is installed. The headless shell opens an empty page in a seventh of the time.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
MISSING = [name for name in ("panel", "playwright") if find_spec(name) is None]
#: A change of a model that arrives before the model, or after its end.
OVERTAKEN = re.compile(r"reference p\d+ isn't known")
EXAMPLES = Path(__file__).parents[3] / "src" / "slxrd" / "io" / "examples"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip browser tests, with the reason, if something is missing; run them in one process.

    All are slow. Most of their time is that of other processes, which is not measured.
    """
    why = (
        f"{' and '.join(MISSING)} not installed"
        if MISSING
        else ""
        if CHROMIUM
        else "no Chromium on this machine"
    )
    for item in items:
        if {"browser", "server"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("app"))
            item.add_marker(pytest.mark.slow)
            if why:
                item.add_marker(pytest.mark.skip(reason=why))


def _started(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start ``slxrd app``; return its process and the address that it prints."""
    with (folder / "errors.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "slxrd", "app", "--no-browser"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=folder,
            env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
        )
    assert process.stdout is not None
    return process, next(line.split()[-1] for line in process.stdout if "http://" in line)


@pytest.fixture
def start_server() -> Callable[[Path], tuple[subprocess.Popen[str], str]]:
    """Start a server in a folder."""
    return _started


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address printed by ``slxrd app``."""
    folder = tmp_path_factory.mktemp("app")
    process, address = _started(folder)
    yield address
    process.terminate()
    process.communicate(timeout=30)
    errors = (folder / "errors.txt").read_text()
    assert "Traceback" not in errors, errors


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


_COLUMN = """
([source, name]) => {
  const models = [...Bokeh.documents[0]._all_models.values()]
  const found = models.find(m => m.name === source && m.data)
  if (!found) return null
  const data = found.data instanceof Map ? Object.fromEntries(found.data) : found.data
  return Array.from(data[name])
}
"""
_SLIDER = """
name => {
  const found = [...Bokeh.documents[0]._all_models.values()].find(m => m.tags && m.tags.includes(name))
  return found ? {value: found.value, step: found.step} : null
}
"""
#: Whether a text is shown. As Playwright's get_by_text, but hidden parts, which are most, are not searched.
_SHOWS = """
sought => {
  const normal = text => text.replace(/\\s+/g, ' ').toLowerCase()
  const text = normal(sought)
  const within = element => {
    if (/^(SCRIPT|STYLE|TEMPLATE)$/.test(element.tagName)) return false
    if (getComputedStyle(element).display === 'none') return false
    for (const child of element.shadowRoot?.children ?? []) if (within(child)) return true
    for (const child of element.children) if (within(child)) return true
    if (!normal(element.textContent).includes(text)) return false
    if ([...element.children].some(child => normal(child.textContent).includes(text))) return false
    const box = element.getBoundingClientRect()
    return box.width > 0 && box.height > 0 && element.checkVisibility({visibilityProperty: true})
  }
  return within(document.body)
}
"""


class User:
    """Actions of a user on a page; all requests of the page are recorded."""

    def __init__(self, browser: Any, address: str) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
        self.context.set_default_timeout(60_000)
        self.requests: list[str] = []
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", self._note_error)
        self.page.on("console", self._note_refusal)
        self.page.goto(address)
        self.page.get_by_role("button", name="1 Open").wait_for()

    def _note_error(self, error: Any) -> None:
        """Note an error of a script, except for messages of Panel that overtake one another.

        These are rare (holoviz/panel issue 5072), and tests see by the content of the page if one matters.
        """
        if not OVERTAKEN.search(str(error)):
            self.errors.append(str(error))

    def _note_refusal(self, message: Any) -> None:
        """Note what the browser did not load or run because of the headers of the page."""
        if "Content Security Policy" in message.text:
            self.errors.append(message.text)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def labelled(self, label: str, exact: bool = False) -> Any:
        """Return the field with a label that is visible; other steps may have one of the same name."""
        return self.page.get_by_label(label, exact=exact).locator("visible=true")

    def drop(self, file: str | Path | dict[str, Any]) -> None:
        self.page.locator("input[type=file]").first.set_input_files(file)

    def region_field(self) -> Any:
        """Return the field of all regions as text; it is in a group that is collapsed at first."""
        field = self.page.get_by_label("regions in Å⁻¹")
        if not field.is_visible():
            self.page.get_by_text("Regions and masks as text").click()
        return field

    def sees(self, text: str) -> None:
        """Wait until a text is visible; the same text may also be in a panel that is not shown."""
        self.until(lambda: self.shows(text), f"“{text}” did not appear")

    def shows(self, text: str) -> bool:
        """Whether a text is visible."""
        return bool(self.page.evaluate(_SHOWS, text))

    def fitted(self, example: str = "cspbbr3-cubes.csv") -> None:
        self.drop(EXAMPLES / example)
        self.sees(f"Contents of {example}")
        self.press("4 Fit")
        self.press("Find all solutions")
        self.sees("reduced χ²")

    def plot_box(self) -> dict[str, float]:
        """Return place and size of the first plot in pixels; it may just be redrawn, and has none then."""
        for _ in range(100):
            box = self.page.locator(".bk-Figure >> visible=true").first.bounding_box()
            if box is not None:
                return dict(box)
            self.page.wait_for_timeout(100)
        raise AssertionError("no plot is shown")

    def draws(
        self,
        left: float | Callable[[], float],
        right: float | Callable[[], float],
        done: Callable[[], object],
        down: float = 0.0,
        mouse: str = "",
    ) -> None:
        """Drag over the plot, at distances in pixels from its left; repeat if it was redrawn meanwhile.

        It begins in the middle, and ends ``down`` pixels below it. Distances that follow what is dragged, or
        the axis, are functions. ``mouse`` names the button of what the mouse does, which may be made again as
        well. What was dragged before the plot knew what to do has zoomed it.
        """
        whole = self.page.get_by_role("button", name="Whole pattern", exact=True)
        for attempt in range(12):  # a busy machine answers late: each one waits longer
            if attempt and whole.is_visible():
                whole.click()
            if mouse:
                self.press(mouse)
                self.page.wait_for_timeout(200 * attempt)
            frame = self.plot_box()
            middle = frame["y"] + frame["height"] / 2
            start, end = (each() if callable(each) else each for each in (left, right))
            self.page.mouse.move(frame["x"] + start, middle)
            self.page.mouse.down()
            self.page.mouse.move(frame["x"] + end, middle + down, steps=8)
            self.page.mouse.up()
            for _ in range(10 + 5 * attempt):
                if done():
                    return
                self.page.wait_for_timeout(200)
        raise AssertionError(
            f"drawing with the mouse from {start:.0f} to {end:.0f} had no effect on the plot at {frame}"
        )

    def until(self, done: Callable[[], object], else_: str = "it did not happen") -> None:
        """Wait until something holds, at most a minute."""
        end = time.monotonic() + 60.0
        while not done():
            assert time.monotonic() < end, else_
            self.page.wait_for_timeout(200)

    def column(self, source: str, name: str) -> list[float]:
        """Return a column of a plot's data source."""
        return list(self._found(_COLUMN, [source, name]))

    def _found(self, script: str, sought: object) -> Any:
        """Return what a script finds on the page, as soon as it is there."""
        found: list[Any] = []

        def look() -> bool:
            found[:] = [self.page.evaluate(script, sought)]
            return found[0] is not None

        self.until(look, f"{sought} is not on the page")
        return found[0]

    def slider(self, name: str) -> dict[str, float]:
        """Return value and step of a parameter's slider."""
        return dict(self._found(_SLIDER, name))

    def sees_another_curve(self, old: list[float]) -> None:
        self.until(lambda: self.column("calculated", "calculated") != old)


@contextmanager
def _opened(browser: Any, server: str) -> Iterator[User]:
    """Open a page; at its end no script has failed, and nothing was loaded from elsewhere."""
    someone = User(browser, server)
    yield someone
    someone.context.close()
    assert someone.errors == []
    outside = [
        url for url in someone.requests if not url.startswith((server.split("/open")[0], "blob:", "data:"))
    ]
    assert outside == []


@pytest.fixture
def user(browser: Any, server: str) -> Iterator[User]:
    with _opened(browser, server) as someone:
        yield someone


@pytest.fixture(scope="session")
def opened(browser: Any, server: str) -> Callable[[], AbstractContextManager[User]]:
    """Open a page that several tests share."""
    return lambda: _opened(browser, server)


@pytest.fixture(scope="session")
def fitted_user(browser: Any, server: str) -> Iterator[User]:
    """The page with a fit, which each test leaves as it was: opening and fitting take most of its time."""
    with _opened(browser, server) as someone:
        someone.fitted()
        yield someone


@pytest.fixture
def visit(browser: Any) -> Callable[[str], User]:
    """Open the page of a server."""
    return lambda address: User(browser, address)
