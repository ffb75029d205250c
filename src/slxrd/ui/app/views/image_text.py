"""Texts of the image step: what was read, which geometry is used, and the legend."""

from __future__ import annotations

from pathlib import Path

from slxrd._escape import html_text as escape
from slxrd.ui.app.state.image import ShownImage
from slxrd.ui.app.state.image_picture import Picture
from slxrd.ui.app.state.messages import name_page_fields

ABOUT = (
    "<h2>7 Image</h2><p>A detector image of GIWAXS, GISAXS or transmission. Set where the detector stands, "
    "and drag a cut on the map; its curve becomes the pattern of the fit.</p>"
)
HINT = "<p class='muted'>An image (TIFF, EDF, CBF, HDF5, .gfrm, …), a .poni file, a mask</p>"
EMPTY = (
    "<h2>No image is open</h2><p>Drop one on the left, or type its path. You can then</p><ul>"
    "<li>drag a cut on its map, and fit the curve of the cut;</li>"
    "<li>measure the periods of the superlattice (GISAXS);</li>"
    "<li>measure which planes lie parallel to the substrate, and their tilt (GIWAXS);</li>"
    "<li>fit cuts in several directions together with the θ:2θ scan, also cuts from files.</li></ul>"
    "<p>All values of the sample are put into one table.</p>"
)
INSTALL = (
    "<p><b>Detector images need fabio and pyFAI.</b> Install them with <code>python -m pip install "
    '"slxrd[images]"</code>, and start <code>slxrd app</code> again.</p>'
)
#: Beginnings of the steps of an image's history that are shown.
_SHOWN = ("left out", "frame", "sum", "value of one photon")


def legend_html(picture: Picture, shown: ShownImage) -> str:
    """Return what the hatched areas are, and what is drawn."""
    simulated = any(step.startswith("simulated") for step in shown.image.history)
    parts = [
        "▨ left out" if picture.downwards else "▨ not measured",
        *(["simulated"] if simulated else []),
        *([f"each point is the mean of {picture.block} × {picture.block}"] if picture.block > 1 else []),
    ]
    return f"<div style='font-size:12px'>{' · '.join(parts)}</div>"


def facts_html(shown: ShownImage | None) -> str:
    """Return what was read, which geometry is used, and what is doubtful."""
    if shown is None:
        return ""
    image = shown.image
    rows, columns = image.shape
    lines = [f"<b>{escape(Path(image.name).name)}</b>: {rows} × {columns} pixels"]
    lines += [escape(step) for step in image.history if step.startswith(_SHOWN)]
    lines.append(f"geometry: {'not known' if shown.geometry is None else shown.geometry}")
    zero = 0 if shown.pattern is None else int((shown.pattern.intensity <= 0.0).sum())
    lines += [f"{zero} points of the cut without counts are not drawn"] if zero else []
    doubts = "".join(f"<p><b>! {escape(name_page_fields(doubt))}</b></p>" for doubt in shown.doubts)
    return f"<p>{'<br>'.join(lines)}</p>{doubts}"
