"""What is seen before a file is open: what the page does, and what its letters mean."""

from __future__ import annotations

from slxrd.app.parts import table

_ABOUT = """
<h2>What this page does</h2>
<p>Nanocrystals that are stacked face to face diffract as a superlattice: the fringes on their Bragg peaks
tell how thick the crystals are, how wide the gaps between them, and how well both are kept. slxrd reads that
off an ordinary diffractogram.</p>
"""
_STEPS = (
    ("1 Open", "Drop the diffractometer's file on the left, or take an example to try it."),
    ("2 Look", "See the pattern; draw a region around each Bragg peak with its fringes."),
    ("3 Play", "Move sliders, and see what each parameter does to the curve."),
    ("4 Fit", "One button finds all solutions with their errors, and says how far to trust them."),
    ("5 Keep", "Take away report, numbers and figures, and the session to go on with later."),
    ("6 Series", "Many patterns of one sample: a folder of files, heated or aged."),
)
_LETTERS = (
    ("d", "distance of the atomic planes in a crystal"),
    ("N, σ_N", "number of planes of a crystal: its mean, and how it varies from crystal to crystal"),
    ("L, σ_L", "distance from the last plane of a crystal to the first of the next, and how it varies"),
    ("Λ", "period of the superlattice, (N−1)·d + L"),
    ("q₀", "zero error of the diffractometer"),
)


def welcome_html() -> str:
    """Return it as HTML."""
    return (
        f"{_ABOUT}{table(('', ''), [(_fixed(step), told) for step, told in _STEPS])}"
        "<p>Your files stay on this machine. Every step can be undone.</p>"
        f"<h3>Letters</h3>{table(('', ''), [(_fixed(letter), told) for letter, told in _LETTERS])}"
    )


def _fixed(told: str) -> str:
    return told.replace(" ", "\u00a0")
