"""The documents say what is so."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
from contract_helpers import ROOT

import slxrd
from slxrd.parameters.definitions import TABLE

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = ["python -m pip install . && slxrd demo", 'python -m pip install ".[test]" && python -m pytest']


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        name, _, part = target.partition("#")
        path = page.parent / name if name else page
        assert path.exists(), target
        if part:
            headings = re.findall(r"^#+ (.*)", path.read_text(encoding="utf-8"), re.M)
            assert part in map(anchor, headings), target


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_readme_are_those_that_are_run(command: str) -> None:
    assert f"\n    {command}\n" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_readme_shows_what_is_printed() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"\n    \$ slxrd fit (\S+) .*\n((?:    .*\n|\n)+)", text)
    assert block is not None
    shown = [line[4:].rstrip() for line in block[2].strip("\n").splitlines()]
    printed = str(slxrd.example("cspbbr3-cubes").fit()).splitlines()
    assert shown[0] == f"{block[1]}  [simulated]"
    assert shown[1:] == [line.rstrip() for line in printed[1:]]


def test_default_bounds_are_those_of_the_table() -> None:
    page = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")
    for row in TABLE.values():
        line = re.search(rf"^\| `{row.name}` \| (.*) to (.*) {row.unit} \|$", page, re.M)
        assert line is not None, row.name
        assert [float(number.replace("−", "-")) for number in line.groups()] == [row.lower, row.upper]


def test_statuses_and_keys_are_described() -> None:
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    for status in (
        "determined",
        "ambiguous",
        "at bound",
        "fixed",
        "lower bound",
        "upper bound",
        "undetermined",
    ):
        assert f"| `{status}` |" in page
    from slxrd.fitting.record.write import result_dictionary

    result = result_dictionary(slxrd.example("cumnsb-film").fit())
    for key in (*result, *result["input"], *result["derived"], *result["regions"][0]):
        assert f"`{key}`" in page, key


def test_packages_are_described() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folder = ROOT / "src" / "slxrd"
    names = {path.parent.name for path in folder.glob("*/__init__.py")}
    names |= {path.parent.name for path in folder.glob("*/*/__init__.py")}
    missing = sorted(name for name in names if f"{name}/" not in page)
    assert missing == []


API = "\n".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs" / "api").glob("*.md")))


def test_every_public_name_is_documented() -> None:
    missing = [name for name in slxrd.__all__ if not re.search(rf"^\.\. auto\w+:: slxrd\.{name}$", API, re.M)]
    assert missing == []
    assert set(slxrd.__all__) <= set(dir(slxrd))


@pytest.mark.parametrize("name", re.findall(r"^\.\. auto\w+:: (slxrd[\w.]+)$", API, re.M))
def test_what_is_documented_is_there(name: str) -> None:
    module, _, last = name.rpartition(".")
    documented = getattr(importlib.import_module(module), last)
    assert inspect.getdoc(documented), f"{name} says nothing of itself"
