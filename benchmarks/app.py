"""Time from a change of a slider to the redrawn page in a real browser, and its parts.

    python benchmarks/app.py             # needs the extra app, playwright, and Chromium
    python benchmarks/app.py --moves 200

A slider of the two-region example is moved. For each movement the time is taken from the change of the slider
in the browser to the end of the frame in which both curves are painted: over the socket, through the model,
and back. Other programs on the machine lengthen every stage; how busy it was is printed too, and the
processor time of a movement, which is the same on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from typing import Any

import numpy as np

#: Record messages of the socket. Only the first part of a message with curves begins like this.
SOCKET = """
(() => {
  window.slxrdNoted = []
  window.slxrdNote = what => slxrdNoted.push([performance.timeOrigin + performance.now(), what])
  const Socket = window.WebSocket
  window.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given)
      this.addEventListener('message', ({data}) => {
        if (typeof data === 'string' && data.includes('PATCH-DOC')) slxrdNote('answer')
      })
    }
  }
})()
"""
TIMER = """
([name, moves]) => new Promise(resolve => {
  const models = [...Bokeh.documents[0]._all_models.values()]
  const slider = models.find(m => m.tags && m.tags.includes(name))
  const curves = new Set(models.filter(m => m.name === 'calculated' && m.data))
  const holds = figure => figure.center.some(part => curves.has(part.source))
  const figures = [...Bokeh.index.query(view => view.repainted && holds(view.model))]
  const arrived = new Set(), drawn = new Set(), times = []
  let left = moves, begun = 0, up = true
  const end = () => { slxrdNote('painted'); times.push(performance.now() - begun); setTimeout(next, 5) }
  curves.forEach(curve => curve.properties.data.change.connect(() => {
    arrived.add(curve)
    if (arrived.size === curves.size) { slxrdNote('arrived'); drawn.clear() }
  }))
  figures.forEach(view => view.repainted.connect(() => {
    if (arrived.size < curves.size) return
    drawn.add(view)
    if (drawn.size === figures.length) { slxrdNote('drawn'); arrived.clear(); setTimeout(end, 0) }
  }))
  const next = () => {
    if (left-- === 0) { resolve(times); return }
    arrived.clear(); drawn.clear()
    if (slider.value + 2 * slider.step > slider.end) up = false
    if (slider.value - 2 * slider.step < slider.start) up = true
    begun = performance.now(); slxrdNote('moved')
    slider.value = slider.value + (up ? slider.step : -slider.step)
  }
  next()
})
"""
#: Duration of a frame without a change.
EMPTY = """
() => new Promise(resolve => {
  const times = []
  const next = () => {
    if (times.length === 60) { resolve(times); return }
    const begun = performance.now()
    const end = () => { times.push(performance.now() - begun); setTimeout(next, 5) }
    requestAnimationFrame(() => setTimeout(end, 0))
  }
  next()
})
"""
#: Stages, each from one event to the next.
STAGES = {
    "moved → received": "browser and socket, on the way out",
    "received → called": "server, before the model",
    "called → computed": "model",
    "computed → answer": "server, after the model, and socket",
    "answer → arrived": "browser, until the columns are there",
    "arrived → drawn": "browser, waiting for a frame and drawing",
    "drawn → painted": "browser, the rest of the frame",
}


def serve() -> None:
    """Serve the page, and print the times of events at the end."""
    from bokeh.server.views.ws import WSHandler

    from slxrd.ui.app.serving.server import serve as served
    from slxrd.ui.session.controller import Session

    notes: list[tuple[float, str, float]] = []
    on_message, model_curve = WSHandler.on_message, Session.model_curve

    def noted(what: str) -> None:
        notes.append((1000.0 * time.time(), what, 1000.0 * time.process_time()))

    async def received(self: Any, fragment: Any) -> Any:
        noted("received")
        return await on_message(self, fragment)

    def computed(self: Any, values: Any) -> Any:
        noted("called")
        try:
            return model_curve(self, values)
        finally:
            noted("computed")

    WSHandler.on_message, Session.model_curve = received, computed  # type: ignore[method-assign]
    served("example:cspbbr3-cubes", ready=lambda address, *_: print(address, flush=True))
    print(json.dumps(notes), flush=True)


def measured(
    moves: int, name: str
) -> tuple[list[float], list[tuple[float, str]], list[float], tuple[float, float]]:
    """Return milliseconds from slider to screen, events of both sides, empty frames, processor times."""
    from playwright.sync_api import sync_playwright

    browser_path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        address = server.stdout.readline().strip()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.add_init_script(SOCKET)
            page.goto(address)
            page.get_by_role("button", name="3 Model").click()
            page.get_by_text("Fringes disappear").wait_for()
            page.evaluate(TIMER, [name, 10])
            empty = page.evaluate(EMPTY)
            page.evaluate("() => { slxrdNoted.length = 0 }")
            tools = page.context.new_cdp_session(page)
            tools.send("Performance.enable", {"timeDomain": "threadTicks"})
            before = busy(tools)
            times = page.evaluate(TIMER, [name, moves])
            spent = busy(tools) - before
            notes = page.evaluate("slxrdNoted")
            browser.close()
    finally:
        server.terminate()
        printed = server.stdout.read()
        server.wait()
    seen = json.loads(printed)
    first = min(at for at, _ in notes)
    own = [processor for at, _, processor in seen if at >= first]
    both = sorted([(at, what) for at, what, *_ in [*notes, *seen]])
    return times, both, empty, ((own[-1] - own[0]) / moves, spent / moves)


def busy(tools: Any) -> float:
    """Processor time of the page's main thread so far, in milliseconds."""
    metrics = {metric["name"]: metric["value"] for metric in tools.send("Performance.getMetrics")["metrics"]}
    return 1000.0 * float(metrics["TaskDuration"])


def stages(notes: list[tuple[float, str]]) -> dict[str, float]:
    """Median of each stage in milliseconds."""
    spent: dict[str, list[float]] = {stage: [] for stage in STAGES}
    seen: dict[str, float] = {}
    for at, what in notes:
        if what == "moved":
            seen = {}
        seen.setdefault(what, at)
        if what == "painted":
            for stage, times in spent.items():
                a, b = stage.split(" → ")
                if a in seen and b in seen:
                    times.append(seen[b] - seen[a])
    return {stage: float(np.median(times)) for stage, times in spent.items() if times}


def alone(moves: int) -> float:
    """Median milliseconds of the model and the comparison, without server or browser."""
    from slxrd.fitting.search.initial_guess import first_guess
    from slxrd.ui.session.controller import Session

    session = Session()
    session.open_file("example:cspbbr3-cubes")
    values = first_guess(session.objective(), session.parameters())
    times = []
    for i in range(moves + 10):
        begun = time.perf_counter()
        session.model_curve({**values, "L": values["L"] + 0.01 * i})
        times.append(1000.0 * (time.perf_counter() - begun))
    return float(np.median(times[10:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=100)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve()
        return
    print(f"the model alone: {alone(given.moves):.1f} ms")
    for name in ("L", "sigma_N"):
        times, notes, empty, (server, page) = measured(given.moves, name)
        taken = np.array(times)
        print(
            f"{name}, {given.moves} movements: median {np.median(taken):.0f} ms, 95 % below "
            f"{np.percentile(taken, 95):.0f} ms, longest {taken.max():.0f} ms"
        )
        for stage, spent in stages(notes).items():
            print(f"  {spent:6.1f} ms  {STAGES[stage]}")
        print(f"  {np.median(empty):6.1f} ms  (a frame in which nothing is drawn)")
        print(f"  processor time of a movement: server {server:.1f} ms, page {page:.1f} ms")
    print(f"programs that wanted a processor meanwhile: {os.getloadavg()[0]:.1f}, of {os.cpu_count()}")


if __name__ == "__main__":
    main()
