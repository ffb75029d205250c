"""Draw the pictures of the page that the documents show.

    python docs/screenshots.py           # needs the extra app, playwright, and Chromium

It starts ``slxrd app``, uses the page as a user would, and writes PNG files to ``docs/images``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FILM = Path(__file__).parents[1] / "src" / "slxrd" / "io" / "examples" / "H1202_o2t_fine_002.xrdml"
#: Milliseconds after which a picture no longer changes.
SETTLED = 3000


@contextmanager
def served(file: str) -> Iterator[str]:
    """Serve the page with a file, and give its address."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "slxrd", "app", file, "--no-browser"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
        assert process.stdout is not None
        try:
            yield next(line.split()[-1] for line in process.stdout if "http://" in line)
        finally:
            process.terminate()
            process.communicate(timeout=30)


def press(page: Any, name: str) -> None:
    """Press a button."""
    page.get_by_role("button", name=name, exact=True).click()


def fit(page: Any) -> None:
    """Run the fit, and wait for its result."""
    press(page, "4 Fit")
    press(page, "Find all solutions")
    page.get_by_text("reduced χ²").locator("visible=true").first.wait_for(timeout=300_000)


def move_slider(page: Any) -> None:
    """Move the slider of L away from the fit."""
    press(page, "3 Model")
    page.get_by_text("Fringes disappear").wait_for()
    handle = page.get_by_role("slider").nth(1)
    handle.focus()
    for _ in range(6):
        handle.press("ArrowRight")


def simulated_image(folder: Path) -> Path:
    """Write the simulated image of docs/images.md."""
    page = (Path(__file__).parent / "images.md").read_text(encoding="utf-8")
    code = page.split("```python")[1].split("```")[0]
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
    return folder / "film.edf"


def cut(page: Any) -> None:
    """Open an image, and set its angle of incidence and a cut."""
    press(page, "7 Image")
    page.get_by_text("Set where the detector stands").wait_for()
    with tempfile.TemporaryDirectory() as folder:
        file = simulated_image(Path(folder))
        page.locator("input[type=file] >> visible=true").set_input_files(file)
        page.get_by_text("points over").wait_for()
    for label, value in (("incidence (°)", "0.3"), ("to (Å⁻¹)", "0.14"), ("from (Å⁻¹)", "0.04")):
        page.get_by_label(label, exact=True).fill(value)
        page.keyboard.press("Enter")
    page.get_by_text("Cut in-plane:0.04:0.14").wait_for()


def draw(browser: Any, name: str, file: str, actions: Callable[[Any], object], scheme: str = "light") -> None:
    """Draw one picture."""
    with served(file) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
        context.set_default_timeout(120_000)
        page = context.new_page()
        page.goto(address)
        page.get_by_text("Contents of").wait_for()
        actions(page)
        page.mouse.move(700, 790)
        page.wait_for_timeout(SETTLED)
        page.screenshot(path=IMAGES / name)
        context.close()
        print(IMAGES / name)


def main() -> None:
    """Draw all pictures."""
    cubes = "example:cspbbr3-cubes"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        draw(browser, "app-open-simulated.png", cubes, lambda page: None)
        draw(browser, "app-save-simulated.png", cubes, lambda page: (fit(page), press(page, "5 Save")))
        draw(browser, "app-regions-measured.png", str(FILM), lambda page: press(page, "2 Regions"))
        draw(browser, "app-model-simulated.png", cubes, lambda page: (fit(page), move_slider(page)))
        draw(browser, "app-fit-simulated.png", cubes, fit)
        draw(browser, "app-image-simulated.png", cubes, cut)
        draw(browser, "app-fit-measured.png", str(FILM), fit, "dark")
        browser.close()


if __name__ == "__main__":
    main()
