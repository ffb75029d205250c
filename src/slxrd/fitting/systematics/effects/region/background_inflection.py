"""Smooth background two degrees above the polynomial of the fit."""

from __future__ import annotations

from slxrd.fitting.systematics.columns.backgrounds import background_effect
from slxrd.fitting.systematics.effect import EFFECTS

EFFECTS.register(
    "background_inflection",
    background_effect("background_inflection", "background two degrees above that of the fit", 2),
)
