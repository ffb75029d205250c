"""Figures in which nothing is drawn, which takes most of the time of a command that writes them."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from matplotlib.figure import Figure

from slxrd.ui.plotting import fit, maps, samples, style


def _empty(*_: object, **__: object) -> Figure:
    picture = Figure(figsize=(1.0, 1.0))
    style.set_caption(picture, "empty")
    return picture


@cache
def _rendered(kind: str) -> bytes:
    buffer = io.BytesIO()
    _empty().savefig(buffer, format=kind)
    return buffer.getvalue()


def _empty_bytes(_: Figure, format: str = "png") -> bytes:
    return _rendered(format)


@contextmanager
def empty_pictures() -> Iterator[None]:
    """Render every figure empty; those of a fit, of samples and of maps are not even laid out.

    For tests that see only that they are written; what they show is tested with the functions that draw.
    """
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(fit, "figure_bytes", _empty_bytes)
        monkeypatch.setattr(fit, "figure", _empty)
        monkeypatch.setattr(samples, "histogram_matrix", _empty)
        monkeypatch.setattr(maps, "chi2_maps_figure", _empty)
        monkeypatch.setattr(maps, "chi2_map_2d_figure", _empty)
        yield
