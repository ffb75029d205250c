"""Script of the page: after several changes, the browser arranges the page once."""

from __future__ import annotations

#: Bokeh arranges the whole page after each change of a property that may move something: dozens of times for
#: one message of the server, which takes half of the browser's time. This script waits for the changes that
#: arrive together. New plots are not drawn before they are arranged.
LAYOUT_ONCE = """
for (const view of Bokeh.index.roots) {
  if (!view.compute_layout || !view.update_layout) continue
  const compute = view.compute_layout.bind(view)
  let waiting = false, update = false
  const arrange = () => {
    waiting = false
    if (update) view.update_layout()
    update = false
    compute()
  }
  view.compute_layout = () => {
    if (!waiting) setTimeout(arrange, 0)
    waiting = true
  }
  view.invalidate_layout = () => {
    update = true
    view.compute_layout()
  }
}
"""
