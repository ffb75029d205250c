"""Every command that the documents print can be typed as it stands there."""

import re
from pathlib import Path

import pytest
from documented import PAGES, ROOT, Block, Reader, blocks

FOUND = {page: list(blocks(page)) for page in PAGES}
TO_RUN = [page for page, found in FOUND.items() if any(not block.slow for block in found)]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.slow
@pytest.mark.parametrize("page", TO_RUN, ids=name)
def test_the_commands_of_a_page_run(page: Path, tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    for block in FOUND[page]:
        if not block.slow:
            reader.follow(block)


def test_no_command_is_overlooked() -> None:
    for page in PAGES:
        if page.name == "options.md":
            continue
        text = re.sub(r"\\\n\s*", "", page.read_text(encoding="utf-8"))
        typed = set(re.findall(r"^    (?:\$ )?(slxrd \w+ .*)$", text, re.M))
        assert typed <= {command for block in FOUND[page] for command in block.commands}, page.name


def test_a_wrong_command_is_noticed(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    with pytest.raises(AssertionError, match="No such option: --regoin"):
        reader.follow(Block(ROOT / "README.md", 1, "console", "slxrd fit film.xrdml --regoin 1:2"))
