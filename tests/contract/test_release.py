"""What a release states agrees with the package: version, licence, authors, dependencies."""

import json
import re
import runpy
import tomllib
from typing import Any

import pytest
from contract_helpers import ROOT
from licences import HEAD, licence, needed

import slxrd

yaml = pytest.importorskip("yaml")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def parsed(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_the_citation_is_complete_and_of_this_version() -> None:
    citation = parsed("CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == slxrd.__version__ == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["title"] == PROJECT["name"]
    assert citation["message"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", citation["date-released"])
    assert [author["name"] for author in citation["authors"]] == [a["name"] for a in PROJECT["authors"]]
    page = (ROOT / "docs" / "cite.md").read_text(encoding="utf-8")
    bib = (ROOT / "paper" / "paper.bib").read_text(encoding="utf-8")
    for reference in citation["references"]:
        assert reference["doi"] in page
        assert reference["doi"] in bib
        assert {"title", "journal", "year", "volume", "start", "end", "authors"} <= set(reference)


def test_the_metadata_of_zenodo_are_those_of_the_citation() -> None:
    record = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    citation = parsed("CITATION.cff")
    assert record["version"] == slxrd.__version__
    assert record["license"] == citation["license"]
    assert record["keywords"] == citation["keywords"]
    assert [author["name"] for author in record["creators"]] == [a["name"] for a in citation["authors"]]
    cited = {each["identifier"] for each in record["related_identifiers"]}
    assert cited == {reference["doi"] for reference in citation["references"]}


def test_the_conda_recipe_needs_what_the_package_needs() -> None:
    recipe = parsed("recipe/recipe.yaml")
    assert recipe["context"]["version"] == slxrd.__version__
    run = {each.replace("matplotlib-base", "matplotlib") for each in recipe["requirements"]["run"]}
    python = f"python {PROJECT['requires-python']}"
    assert run == {python, *(each.replace(">=", " >=") for each in PROJECT["dependencies"])}
    assert recipe["about"]["license"] == PROJECT["license"]


def test_the_conda_recipe_names_the_c_library_of_each_system() -> None:
    """rattler-build has no default for it; versions are those of the released wheels."""
    assert "${{ stdlib('c') }}" in parsed("recipe/recipe.yaml")["requirements"]["build"]
    variants = parsed("recipe/variants.yaml")
    assert {each["if"] for each in variants["c_stdlib"]} == {"linux", "osx", "win"}
    targets = [target for target, _ in runpy.run_path(str(ROOT / "hatch_build.py"))["RELEASED"].values()]
    versions = {each["if"]: each["then"] for each in variants["c_stdlib_version"]}
    assert all(target.endswith(versions["linux"]) for target in targets if "linux" in target)
    assert all(target.endswith(versions["osx"]) for target in targets if "macos" in target)


def test_the_licences_of_all_dependencies_are_listed() -> None:
    """``python tests/helpers/licences.py > docs/licences.md`` renews the list."""
    page = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    assert page.startswith(HEAD)
    rows = re.findall(r"^\| ([\w-]+) \| (.+) \| (.+) \|$", page.removeprefix(HEAD), re.M)
    assert {name: group for name, group, _ in rows} == needed()
    for name, _, text in rows:
        assert text != "not stated"
        found = licence(name)  # of another version, it may be stated in other words
        assert found is None or kind(found) == kind(text), name


def kind(text: str) -> set[str]:
    """Families of licences in a text."""
    words = text.replace("Mozilla Public License", "MPL").replace("Apache Software", "Apache")
    return {name for name in ("MIT", "BSD", "Apache", "MPL", "LGPL") if name in words}


def test_the_paper_cites_what_it_lists_and_has_its_figure() -> None:
    paper = (ROOT / "paper" / "paper.md").read_text(encoding="utf-8")
    bib = (ROOT / "paper" / "paper.bib").read_text(encoding="utf-8")
    assert set(re.findall(r"@(\w+\d{4})", paper)) == set(re.findall(r"^@\w+\{(\w+),", bib, re.M))
    for name in re.findall(r"\]\((\w+\.png)\)", paper):
        assert (ROOT / "paper" / name).read_bytes().startswith(b"\x89PNG")


def test_no_registry_is_named() -> None:
    """No file names the host of a package registry."""
    hosts = ("py" + "pi.org", "conda" + ".anaconda", "conda" + "-forge")
    for name in ("recipe/recipe.yaml", "Containerfile", "noxfile.py", "docs/releases.md", ".zenodo.json"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not [host for host in hosts if host in text], name
