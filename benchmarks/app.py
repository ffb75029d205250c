"""How long the page takes from a slider to the screen, in a real browser.

    python benchmarks/app.py             # needs the extra app, playwright, and Chromium
    python benchmarks/app.py --moves 200

A slider of the two-region example is moved. For each movement the time is taken from the change of the slider
in the browser to the frame in which the new curve is painted: over the socket, through the model, and back.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys

import numpy as np

TIMER = """
([name, moves]) => new Promise(resolve => {
  const doc = Bokeh.documents[0], models = [...doc._all_models.values()];
  const slider = models.find(m => m.tags && m.tags.includes(name));
  const curves = models.filter(m => m.name === 'calculated' && m.data);
  const times = []; let left = moves, begun = 0, waiting = curves.length, up = true;
  const painted = () => { times.push(performance.now() - begun); setTimeout(next, 5); };
  curves.forEach(c => c.properties.data.change.connect(() => {
    if (--waiting === 0) requestAnimationFrame(() => setTimeout(painted, 0));
  }));
  const next = () => {
    if (left-- === 0) { resolve(times); return; }
    waiting = curves.length; begun = performance.now();
    if (slider.value + 2 * slider.step > slider.end) up = false;
    if (slider.value - 2 * slider.step < slider.start) up = true;
    slider.value = slider.value + (up ? slider.step : -slider.step);
  };
  next();
})
"""


def measured(moves: int, name: str) -> list[float]:
    """Milliseconds from the slider to the painted curve, for each movement."""
    from playwright.sync_api import sync_playwright

    browser_path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    command = [sys.executable, "-m", "slxrd", "app", "example:cspbbr3-cubes", "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = next(line.split()[-1] for line in server.stdout if "http://" in line)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(address)
            page.get_by_role("button", name="3 Play").click()
            page.get_by_text("fringes are lost").wait_for()
            page.evaluate(TIMER, [name, 10])
            times: list[float] = page.evaluate(TIMER, [name, moves])
            browser.close()
    finally:
        server.terminate()
        server.wait()
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=100)
    moves = parser.parse_args().moves
    for name in ("L", "sigma_N"):
        times = np.array(measured(moves, name))
        print(
            f"{name:8} {moves} movements: median {np.median(times):.0f} ms, 95 % below "
            f"{np.percentile(times, 95):.0f} ms, longest {times.max():.0f} ms"
        )


if __name__ == "__main__":
    main()
