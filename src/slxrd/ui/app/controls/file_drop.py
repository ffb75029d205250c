"""The area on which files and folders are dropped."""

from __future__ import annotations

from collections.abc import Callable

import panel as pn

#: Largest file, in bytes.
LARGEST_FILE = 200_000_000

_DROP = """
:host { --surface-background: var(--slxrd-background); }
label { display: none; }
.filepond--root:not(#_) { height: 76px !important; margin: 0; overflow: hidden; }
.filepond--list-scroller:not(#_) { display: none; }
.filepond--drop-label:not(#_) {
  background: transparent; height: 76px; min-height: 0;
  transform: none !important; opacity: 1 !important; visibility: visible !important;
}
.filepond--drop-label label { display: block; }
.filepond--panel-root:not(#_) {
  background-color: var(--slxrd-background); border: 1.5px dashed var(--slxrd-accent); border-radius: 8px;
}
.filepond--drop-label, .filepond--drop-label label { color: var(--slxrd-text); font-size: 14px; }
.filepond--label-action { color: var(--slxrd-accent); }
"""


def file_dropper() -> pn.widgets.FileDropper:
    """Make an area for files and folders; the files of a folder arrive one by one."""
    return pn.widgets.FileDropper(
        height=76,
        sizing_mode="stretch_width",
        margin=(0, 8),
        stylesheets=[_DROP],
        chunk_size=5_000_000,
        max_file_size=f"{LARGEST_FILE // 1_000_000}MB",
        multiple=True,
        label="file",
    )


def take_dropped(area: pn.widgets.FileDropper, take: Callable[[str, bytes], object]) -> None:
    """Pass on the name and the content of each file that has arrived.

    Parameters
    ----------
    area : panel.widgets.FileDropper
        The area.
    take : callable
        Called with the name and the content.
    """
    for name, content in list((area.value or {}).items()):
        data = content.encode() if isinstance(content, str) else bytes(content)
        del area.value[name]  # Panel keeps and sends again what is not taken
        take(str(name), data)
