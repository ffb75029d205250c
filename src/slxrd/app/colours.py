"""Colours of the page, light and dark: those of Okabe and Ito, which the colour-blind can tell apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Colours:
    """What things are drawn with; every one is also told by its shape or by a word.

    Parameters
    ----------
    ground, ink, faint : str
        Behind a picture, its text and axes, and its grid.
    good, bad : str
        Sentences that tell of success, and of mistakes.
    picture : str
        CSS filter for pictures that were drawn dark on white.
    measured, calculated, residual, fringe, bragg, region, mask, baseline, spurious : str
        What is drawn.
    """

    ground: str
    ink: str
    faint: str
    good: str
    bad: str
    picture: str
    measured: str
    calculated: str
    residual: str
    fringe: str
    bragg: str
    region: str
    mask: str
    baseline: str
    spurious: str


LIGHT = Colours(
    ground="#ffffff",
    ink="#1f2328",
    faint="#e3e6e9",
    good="#1a6e50",
    bad="#b3350a",
    picture="none",
    measured="#4d4d4d",
    calculated="#d55e00",
    residual="#0072b2",
    fringe="#0072b2",
    bragg="#000000",
    region="#009e73",
    mask="#999999",
    baseline="#cc79a7",
    spurious="#d55e00",
)
DARK = Colours(
    ground="#16191d",
    ink="#e6e8ea",
    faint="#2c3238",
    good="#5fd3a6",
    bad="#ff9466",
    picture="invert(0.91) hue-rotate(180deg)",
    measured="#b9c0c7",
    calculated="#e69f00",
    residual="#56b4e9",
    fringe="#56b4e9",
    bragg="#ffffff",
    region="#2fc79c",
    mask="#8a8a8a",
    baseline="#e3a0c8",
    spurious="#ff8a3d",
)


def colours(dark: bool) -> Colours:
    """Return those of the dark or the light page."""
    return DARK if dark else LIGHT
