"""Draw the badges of the README: ``python docs/badges.py`` writes them to docs/images, by pyproject.toml."""

from __future__ import annotations

import html
import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "images"
#: Width in pixels of a letter of Verdana at 11 pixels, on average, and of the margin beside a text.
_LETTER, _MARGIN = 6.7, 6.0
_BADGE = """<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="20"
role="img" aria-label="{label}: {value}">
<title>{label}: {value}</title>
<clipPath id="r"><rect width="{width:.0f}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="{left:.0f}" height="20" fill="#444"/>
<rect x="{left:.0f}" width="{right:.0f}" height="20" fill="#0b63a5"/></g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{at_label:.1f}" y="14">{label}</text><text x="{at_value:.1f}" y="14">{value}</text></g>
</svg>
"""


def badge(label: str, value: str) -> str:
    """Return the SVG of a badge."""
    left, right = (2.0 * _MARGIN + _LETTER * len(text) for text in (label, value))
    return _BADGE.format(
        label=html.escape(label), value=html.escape(value), width=left + right, left=left, right=right,
        at_label=left / 2.0, at_value=left + right / 2.0,
    )  # fmt: skip


def badges(project: dict[str, Any]) -> dict[str, str]:
    """Return the badges of a project by the names of their files."""
    python = project["requires-python"].removeprefix(">=")
    return {
        "badge-version.svg": badge("slxrd", project["version"]),
        "badge-python.svg": badge("Python", f"{python} or later"),
        "badge-licence.svg": badge("licence", project["license"]),
        "badge-paper.svg": badge("model", "ACS Nano 2021, 15, 6243"),
    }


def main() -> None:
    """Write them."""
    file = Path(__file__).parents[1] / "pyproject.toml"
    for name, drawn in badges(tomllib.loads(file.read_text(encoding="utf-8"))["project"]).items():
        (FOLDER / name).write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
