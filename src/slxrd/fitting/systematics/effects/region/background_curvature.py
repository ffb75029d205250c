"""Smooth background one degree above the polynomial of the fit."""

from __future__ import annotations

from slxrd.fitting.systematics.columns.backgrounds import background_effect
from slxrd.fitting.systematics.effect import EFFECTS

EFFECTS.register(
    "background_curvature",
    background_effect("background_curvature", "background one degree above that of the fit", 1),
)
