"""Every command that the documents print can be typed as it stands there.

Here all are parsed, and those that take little time run; the task ``commands`` runs all (``documented.py``).
"""

import contextlib
import re
import shlex
from pathlib import Path

import pytest
from document_pictures import FOLDER, typed
from document_pictures import TYPED as TYPED_PICTURES
from documented import PAGES, ROOT, Block, Reader, blocks, printed_by, shown
from typer.exceptions import Exit, TyperException

from slxrd.ui.cli.main import program

FOUND = {page: list(blocks(page)) for page in PAGES}
TO_RUN = [page for page, found in FOUND.items() if any(block.quick for block in found)]
TYPED = sorted({command for found in FOUND.values() for block in found for command in block.commands})


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.slow
@pytest.mark.parametrize("page", TO_RUN, ids=name)
def test_the_commands_of_a_page_run(page: Path, tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    for block in FOUND[page]:
        if block.quick:
            reader.follow(block)


def parse(command: str) -> None:
    """Parse a command without running it."""
    word, *arguments = shlex.split(command, comments=True)
    assert word == "slxrd", command
    with contextlib.suppress(Exit), program().make_context("slxrd", list(arguments)) as context:
        name, function, rest = program().resolve_command(context, arguments)
        assert function is not None, command
        function.make_context(name, rest, parent=context)


@pytest.mark.parametrize("command", TYPED)
def test_a_command_is_parsed(command: str) -> None:
    parse(command)


def test_no_command_is_overlooked() -> None:
    for page in PAGES:
        if page.name.startswith("options"):
            continue
        text = re.sub(r"\\\n\s*", "", page.read_text(encoding="utf-8"))
        typed = set(re.findall(r"^    (?:\$ )?(slxrd [\w-]+ .*)$", text, re.M))
        assert typed <= {command for block in FOUND[page] for command in block.commands}, page.name


SHOWN = [block for found in FOUND.values() for block in found if shown(block)]


@pytest.mark.slow
@pytest.mark.parametrize("block", SHOWN, ids=str)
def test_a_page_shows_what_a_command_prints(block: Block, tmp_path: Path) -> None:
    assert shown(block) == printed_by(block, tmp_path)
    if block.page.name in TYPED_PICTURES:
        kept = FOLDER / f"{TYPED_PICTURES[block.page.name]}-simulated.caption.txt"
        drawn = typed(block.page, tmp_path)
        assert drawn[".png"].startswith(b"\x89PNG")
        assert drawn[".caption.txt"] == kept.read_bytes(), "run tests/ui/cli/document_pictures.py"


def test_every_page_with_a_picture_of_a_command_shows_its_output() -> None:
    assert {block.page.name for block in SHOWN} >= set(TYPED_PICTURES)


def test_the_readme_shows_a_fit() -> None:
    assert any(block.page.name == "README.md" for block in SHOWN)


def test_a_wrong_command_is_noticed(tmp_path: Path) -> None:
    command = "slxrd fit film.xrdml --regoin 1:2"
    with pytest.raises(TyperException, match="--regoin"):
        parse(command)
    reader = Reader(tmp_path)
    with pytest.raises(AssertionError, match="No such option: --regoin"):
        reader.follow(Block(ROOT / "README.md", 1, "console", command))
