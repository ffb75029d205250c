"""Page of the gallery, and the record of its figures."""

from __future__ import annotations

import contextlib
import hashlib
import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from slxrd._documents import read_bytes, read_json
from slxrd._escape import html_text as escape
from slxrd._version import __version__
from slxrd.errors import FileError
from slxrd.fitting.record.write import check_writable, write
from slxrd.ui.gallery.layout import FigureDocument, GalleryDocument
from slxrd.ui.gallery.samples import DrawnFigure, Figure
from slxrd.ui.plotting import style

#: Ratio of image to page pixels: images are shown larger than printed, as the text of a page is.
_PIXELS = style.DPI / 140.0
#: Largest record, in bytes, and longest name of a figure, in characters.
RECORD_LIMIT, LONGEST_FIGURE_NAME = 2_000_000, 100
_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The supporting information, from simulated patterns</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #222; }
img { max-width: 100%; display: block; margin: 0.5em 0; }
h2 { margin-top: 2.5em; border-top: 1px solid #ccc; padding-top: 0.8em; }
table { border-collapse: collapse; margin: 1em 0; display: block; overflow-x: auto; }
th, td { text-align: left; padding: 0.25em 1em 0.25em 0; border-bottom: 1px solid #ddd; vertical-align: top; }
td { white-space: nowrap; }
</style>
<h1>The supporting information, from simulated patterns</h1>
<p>Figures and tables after the supporting information of S. Toso, D. Baranov <i>et al.</i>, ACS Nano 2021,
15, 6243, made by slxrd @version@. <b>Every pattern on this page is simulated</b>, at the values published
there: no measured pattern of a colloidal superlattice is public. S9 shows electron micrographs and has no
equivalent.</p>
"""


@dataclass
class GalleryPage:
    """Page with the figures drawn so far.

    Parameters
    ----------
    folder : Path
        Folder of the page and its images.
    figures : dict
        For each name: title, order, caption, table, and SHA-256 of the images by file.
    """

    folder: Path
    figures: dict[str, FigureDocument] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Path of the page."""
        return self.folder / "gallery.html"

    @property
    def record(self) -> Path:
        """Path of the record."""
        return self.folder / "gallery.json"

    @classmethod
    def open(cls, folder: Path, force: bool) -> GalleryPage:
        """Load the page of an earlier run, if there is one.

        Raises
        ------
        FileError
            If the record is invalid or from another version, and ``force`` is not given.
        """
        page = cls(folder)
        if not page.record.exists():
            return page
        otherwise = "was not written by slxrd gallery; choose another folder"
        try:
            found = read_json(page.record, otherwise, RECORD_LIMIT)
            version, figures = found["slxrd"], dict(found["figures"])
            if not all(_is_entry(name, entry) for name, entry in figures.items()):
                raise FileError(page.record, otherwise)
        except (FileError, ValueError, KeyError, TypeError, AttributeError) as error:
            if force:
                return page
            raise error if isinstance(error, FileError) else FileError(page.record, otherwise) from None
        if version != __version__ and not force:
            raise FileError(page.record, f"was made by slxrd {version}; --force draws everything again")
        page.figures = figures if version == __version__ else {}
        return page

    def has(self, name: str) -> bool:
        """Return whether a figure is on the page and its images are unchanged."""
        if name not in self.figures:
            return False
        files: Mapping[str, str] = self.figures[name]["pictures"]
        return all(_digest(self.folder / file) == digest for file, digest in files.items())

    def check(self, waiting: Iterable[Figure], force: bool) -> None:
        """Check that the figures can be written.

        Raises
        ------
        FileError
            If a file exists and may not be overwritten.
        """
        check_writable([self.folder / file for figure in waiting for file in figure.files], force)
        # With a record, page and record belong to the gallery and are rewritten with every figure.
        check_writable([self.path, self.record], force or self.record.exists())

    def add(self, figure: Figure, drawn: DrawnFigure) -> list[Path]:
        """Write the images of a figure, and update the page; return the paths of the images."""
        digests = {}
        for end, content in drawn.pictures.items():
            file = figure.files[figure.endings.index(end)]
            write(self.folder / file, content)
            digests[file] = hashlib.sha256(content).hexdigest()
        self.figures[figure.name] = {
            "title": figure.title,
            "order": figure.order,
            "caption": f"Simulated. {drawn.caption}" if figure.simulated else drawn.caption,
            "table": [list(row) for row in drawn.table],
            "pictures": digests,
        }
        record: GalleryDocument = {"slxrd": __version__, "figures": self.figures}
        write(self.record, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        write(self.path, self._html())
        return [self.folder / file for file in digests]

    def _html(self) -> str:
        parts = [_HEAD.replace("@version@", __version__)]
        for name, content in sorted(self.figures.items(), key=lambda item: item[1]["order"]):
            parts.append(
                f'<h2 id="{escape(name.replace(" ", "-"))}">{escape(name)}. {escape(content["title"])}</h2>'
            )
            parts += [_image(self.folder / file, content["title"]) for file in content["pictures"]]
            parts.append(f"<p>{escape(content['caption'])}</p>")
            parts.append(_table(content["table"]))
        return "\n".join(part for part in parts if part) + "\n</html>\n"


def _is_entry(name: str, entry: Any) -> bool:
    """Whether a figure of a record has the fields that :meth:`GalleryPage.add` writes."""
    texts = [entry["title"], entry["caption"], *entry["pictures"].values()]
    texts += [cell for row in entry["table"] for cell in row]
    order = entry["order"]
    return (
        len(name) <= LONGEST_FIGURE_NAME
        and isinstance(order, int | float)
        and all(isinstance(text, str) for text in texts)
        and all(Path(file).name == file for file in entry["pictures"])
    )


def _image(path: Path, title: str) -> str:
    """Return an image at its own size, so that all images have the same letter size."""
    width = ""
    with contextlib.suppress(FileError, struct.error):
        pixels, _ = struct.unpack(">II", read_bytes(path)[16:24])  # width and height in a PNG header
        width = f' width="{round(pixels / _PIXELS)}"'
    return f'<img src="{escape(quote(path.name))}"{width} alt="{escape(title)}">'


def _table(rows: list[list[str]]) -> str:
    if not rows:
        return ""
    head, *body = rows
    lines = ["<table>", "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body]
    return "\n".join([*lines, "</table>"])


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(read_bytes(path)).hexdigest()
    except FileError:
        return ""
