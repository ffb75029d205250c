"""Types of gallery.json, from which its JSON schema is made."""

from __future__ import annotations

from typing import Annotated, TypedDict


class FigureDocument(TypedDict):
    """A figure of the gallery."""

    title: str
    order: Annotated[float, "place on the page"]
    caption: str
    table: Annotated[list[list[str]], "rows of cells, the first of which is the header"]
    pictures: Annotated[dict[str, str], "SHA-256 of each image by its file"]


class GalleryDocument(TypedDict):
    """The figures that slxrd gallery has drawn into a folder."""

    slxrd: Annotated[str, "version of slxrd that wrote it"]
    figures: dict[str, FigureDocument]
