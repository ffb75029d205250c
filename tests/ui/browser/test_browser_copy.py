"""Buttons that copy the equivalent command and script, in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CUBES = Path(__file__).parents[3] / "src" / "slxrd" / "io" / "examples" / "cspbbr3-cubes.csv"


def test_command_and_script_are_copied(opened: Any) -> None:
    with opened() as user:
        user.context.grant_permissions(["clipboard-read", "clipboard-write"])
        user.drop(CUBES)
        user.sees("Contents of")
        user.press("5 Save")
        for content in ("slxrd fit cspbbr3-cubes.csv", "import slxrd"):
            user.page.locator("button:text-is('Copy') >> visible=true").first.click()
            user.until(
                lambda content=content: content in user.page.evaluate("navigator.clipboard.readText()"),
                f"“{content}” was not copied",
            )
        assert not user.errors
