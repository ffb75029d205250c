"""The workflow, .ci/run and the noxfile name the same tasks; the project's files agree on the tests."""

import ast
import re
import tomllib

from contract_helpers import ROOT


def nox_tasks() -> set[str]:
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any("nox.session" in ast.unparse(d) for d in node.decorator_list)
    }


def test_the_noxfile_has_all_tasks() -> None:
    assert nox_tasks() == {
        "lint", "types", "contracts", "tests", "core", "demo", "page", "docs", "commands", "versions",
        "benchmarks", "sanitize", "wheels", "audit", "fuzz", "minimum", "release", "places", "budgets",
    }  # fmt: skip


def test_ci_runs_every_task() -> None:
    """The tests run by the command of the README, which is that of the task."""
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8").replace('"versions-$version"', "versions-3.13")
    lines = re.findall(r"^ *(?:task|nox [^#\n]*-s) ([\w. -]+?)(?: --.*| \|\|.*)?$", text, re.M)
    called = {re.sub(r"-3\.\d+$", "", name) for line in lines for name in line.split()}
    assert called | {"tests"} == nox_tasks() - LONG


#: Tasks that are not run before every change: they take long, or measure what runs beside them too.
LONG = {"audit", "benchmarks", "fuzz", "minimum", "places", "release"}


def test_the_workflow_runs_every_task() -> None:
    text = (ROOT / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8")
    called = {name.strip() for names in re.findall(r"task: \[(.*)\]", text) for name in names.split(",")}
    for line in re.findall(r"run: nox -s (.*?)(?: -- .*)?\n", text):
        plain = re.sub(r"-?\$\{\{.*?\}\}", "", line)
        called |= set(plain.split())
    assert called == nox_tasks() - {"wheels"}  # release makes them, too


def test_the_workflow_runs_every_system_and_version() -> None:
    text = (ROOT / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8")
    assert "os: [ubuntu-latest, macos-latest, windows-latest]" in text
    versions = re.search(r"python: \[(.*)\]", text)
    assert versions is not None
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    assigned = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)}  # fmt: skip
    assert [v.strip(' "') for v in versions[1].split(",")] == list(ast.literal_eval(assigned["VERSIONS"]))


def test_hooks_are_local() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"repo: (\S+)", text) == ["local"]


def test_contributing_names_the_tests() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert '    python -m pytest -m "not slow"\n' in text
    markers = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert any(line.startswith("slow:") for line in markers["tool"]["pytest"]["ini_options"]["markers"])
