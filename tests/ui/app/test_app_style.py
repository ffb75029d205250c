"""Colours of the page."""

from __future__ import annotations

import pytest

pytest.importorskip("bokeh")
pytest.importorskip("panel")

from slxrd.ui.app.controls.style import variables
from slxrd.ui.app.plots.theme import DARK, LIGHT, Colours

#: Least contrast of text, by WCAG 2.2, level AA.
AA = 4.5


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_is_that_of_the_standard() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("text", ["text", "muted", "accent", "success", "error"])
@pytest.mark.parametrize("surface", ["background", "frame", "accent_soft"])
def test_texts_can_be_read(theme: Colours, text: str, surface: str) -> None:
    assert _contrast(getattr(theme, text), getattr(theme, surface)) >= AA


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_buttons_can_be_read(theme: Colours) -> None:
    assert _contrast(theme.on_accent, theme.accent) >= AA


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_every_variable_of_the_style_is_defined(theme: Colours) -> None:
    import re

    from slxrd.ui.app.controls import style, widgets

    text = "".join(v for m in (style, widgets) for v in vars(m).values() if isinstance(v, str))
    used = set(re.findall(r"var\((--slxrd-[a-z-]+)\)", text))
    assert used <= set(variables(theme))
    assert "--slxrd-accent" in used
