"""The pictures of the documents are those that the program draws now.

Those that a command of a page writes are compared where the command runs: test_documented_commands.py.
"""

import re

import pytest
from document_pictures import FOLDER, PICTURES, TYPED
from documented import PAGES

from slxrd import style

NAMED = {
    name for page in PAGES for name in re.findall(r"images/([\w-]+)\.png\)", page.read_text(encoding="utf-8"))
}


def test_every_picture_is_drawn_by_the_script() -> None:
    drawn = {*PICTURES, *(f"{name}-simulated" for name in TYPED.values())}
    assert {name for name in NAMED if not name.startswith("app-")} == drawn
    assert {path.stem for path in FOLDER.glob("*.png")} == NAMED


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_would_be_drawn_again(name: str) -> None:
    kept = (FOLDER / f"{name}.caption.txt").read_text(encoding="utf-8")
    assert kept == f"{style.caption(PICTURES[name]())}\n", "run tests/ui/cli/document_pictures.py"
