"""The frame and the first step as plain HTML, which the browser shows until the page's scripts have run."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment, Template

from slxrd._escape import html_text as escape
from slxrd.ui.app.controls.style import RAIL, RAIL_WIDTH, SEGMENTS, variables
from slxrd.ui.app.controls.widgets import TEXT_STYLE
from slxrd.ui.app.plots.theme import Colours
from slxrd.ui.app.views.welcome import HEADING, welcome_html

#: Scripts after what is shown at once, which they would keep the browser from drawing.
_TEMPLATE = """
{% extends base %}
{% block js_resources %}{% endblock %}
{% block contents %}{{ static_frame }}{{ super() }}{{ bokeh_js }}{% endblock %}
"""
#: Removes the plain HTML as soon as the page is there; both have the same words.
_REMOVE = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('[data-root-id] > *')) return
  observer.disconnect()
  document.getElementById('slxrd-static').remove()
}).observe(document.body, {childList: true, subtree: true})
"""
_STYLE = f"""
#slxrd-static {{ position: fixed; inset: 0; display: flex; overflow: hidden; }}
#slxrd-static nav {{
  width: {RAIL_WIDTH}px; box-sizing: border-box; background: var(--slxrd-background);
  border-right: 1px solid var(--slxrd-border);
}}
#slxrd-static nav > b {{ display: block; font-size: 20px; margin: 10px 0 8px 16px; }}
#slxrd-static nav > div {{ margin: 8px; }}
#slxrd-static main {{ flex: 1; display: flex; flex-direction: column; min-width: 0; }}
#slxrd-static header, #slxrd-static footer {{
  flex: none; height: 40px; box-sizing: border-box; padding: 9px 16px; background: var(--slxrd-background);
  border-bottom: 1px solid var(--slxrd-border); font-size: 14px; font-weight: 600;
}}
#slxrd-static footer {{ border-top: 1px solid var(--slxrd-border); font-weight: 400; font-size: 13px; }}
#slxrd-static section {{ flex: 1; min-height: 0; padding: 12px 8px; }}
"""
_RAIL_BUTTONS = """
.bk-btn { display: flex; box-sizing: border-box; font-family: inherit; }
.bk-btn-group { display: flex; flex-direction: column; box-sizing: border-box; }
"""
_DROP_AREA = (
    "<div style='height:76px;display:flex;align-items:center;justify-content:center;border-radius:8px;"
    "margin:10px 316px 12px 0;box-sizing:border-box;border:1.5px dashed var(--slxrd-border)'>"
    "<span class='muted' role='status'>Loading the page …</span></div>"
)
_NO_SCRIPTS = "<noscript>slxrd needs JavaScript: allow it for this address.</noscript>"


@cache
def page_template() -> Template:
    """Return the template of the document, which has the variable ``static_frame``."""
    return Environment(autoescape=False).from_string(_TEMPLATE)


def static_frame_html(file: str | None, steps: Iterable[str], colours: Colours) -> str:
    """Return the frame, and the first step if no file is open, as HTML.

    Parameters
    ----------
    file : str, optional
        Name of the open file.
    steps : iterable of str
        Labels of the steps.
    colours : Colours
        Theme of the page.
    """
    style = ";".join(f"{name}:{value}" for name, value in variables(colours).items())
    buttons = "".join(
        f"<span class='bk-btn{' bk-active' * (i == 0)}'>{each}</span>" for i, each in enumerate(steps)
    )
    rail = _apart(f"{SEGMENTS}{RAIL}{_RAIL_BUTTONS}", f"<div class='bk-btn-group'>{buttons}</div>")
    welcome = "" if file else welcome_html()
    step = f"{HEADING}{_DROP_AREA}{welcome}"
    return (
        f"<style>{_STYLE}</style><div id='slxrd-static' style='{escape(style, quote=True)}'>"
        f"<nav aria-hidden='true'><b>slxrd</b><div>{rail}</div></nav>"
        f"<main><header>{escape(Path(file).name) if file else 'no file open'}</header>"
        f"<section>{_apart(TEXT_STYLE, step)}</section><footer>{_NO_SCRIPTS}</footer></main></div>"
        f"<script>{_REMOVE}</script>"
    )


def _apart(style: str, html: str) -> str:
    """Return HTML with the style of a part of the page, which does not apply to the rest."""
    return f"<div><template shadowrootmode='open'><style>{style}</style>{html}</template></div>"
