"""The documents say what is so."""

import re
from pathlib import Path

import pytest
from contract_helpers import ROOT
from example_fits import example_fit

import slxrd
from slxrd.io.formats import formats
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


def test_default_bounds_are_those_of_the_table() -> None:
    page = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")
    for row in TABLE.values():
        line = re.search(rf"^\| `{row.name}` \| (.*) to (.*) {row.unit} \|$", page, re.M)
        assert line is not None, row.name
        assert [float(number.replace("−", "-")) for number in line.groups()] == [row.lower, row.upper]


@pytest.mark.slow
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

    result = result_dictionary(example_fit("cumnsb-film"))
    for key in (*result, *result["input"], *result["derived"], *result["regions"][0]):
        assert f"`{key}`" in page, key


def test_packages_are_described() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folder = ROOT / "src" / "slxrd"
    names = {f"{path.parent.name}/" for path in folder.rglob("__init__.py") if path.parent != folder}
    names |= {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    missing = sorted(name for name in names if not re.search(rf"\b{name}", page))
    assert missing == []


API = "\n".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs" / "api").glob("*.md")))


#: Modules that a reader imports beside slxrd itself.
PUBLIC_MODULES = {"style"}


def test_every_public_name_is_documented() -> None:
    documented = re.findall(r"^\.\. auto\w+:: (slxrd[\w.]+)$", API, re.M)
    assert sorted(documented) == sorted(f"slxrd.{name}" for name in (*slxrd.__all__, *PUBLIC_MODULES))
    assert set(slxrd.__all__) <= set(dir(slxrd))


#: Groups of entry points, which are named like modules.
ENTRY_POINTS = {
    "backgrounds",
    "disorder",
    "formats",
    "gap_distributions",
    "gap_profiles",
    "resolutions",
    "samplers",
    "systematics",
}
PROSE = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PROSE, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_documents_use_public_names_only(page: Path) -> None:
    """What a reader would type is an attribute of slxrd; only the page on the layout names modules."""
    text = page.read_text(encoding="utf-8")
    imported = re.findall(r"^ *(?:from slxrd[\w.]* (import)|import slxrd\.(\w+))", text, re.M)
    assert {name for found in imported for name in found if name} <= PUBLIC_MODULES
    names = {
        *re.findall(r"(?<![\w./`])slxrd\.([A-Za-z_]\w*)", text),
        *re.findall(r"`slxrd\.([A-Za-z_]\w*)", text),
    }
    assert names - ENTRY_POINTS - PUBLIC_MODULES <= {*slxrd.__all__, "__all__", "__version__"}


def test_every_file_format_is_described() -> None:
    page = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    missing = [suffix for found in formats() for suffix in found.suffixes if suffix not in page]
    assert missing == []
