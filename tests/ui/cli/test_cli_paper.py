"""``slxrd paper``: what it writes, keeps, and fits in place of the simulated patterns."""

import ast
import json
import os
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from cli_shell import call, contents

import slxrd
from slxrd.ui.paper import run as writer
from slxrd.ui.paper.notebook import notebook
from slxrd.ui.paper.page import REPLACED
from slxrd.ui.paper.samples import SAMPLES

NAME = "CsPbBr3_nanoplatelets"
ONE = ["paper", "--out", "p", "--only", NAME]


@pytest.fixture(scope="module")
def fitted() -> slxrd.Fit:
    """A fit with three parameters refined."""
    fixed = {"sigma_L": 0.6, "sigma_N": 0.6, "N": 6.0}
    start = {"d": 6.0166, "L": 32.0}
    return slxrd.fit(
        slxrd.example("cspbbr3-platelets").pattern(), regions=[(0.8, 1.3)], fix=fixed, start=start
    )


@pytest.fixture
def calls(fitted: slxrd.Fit) -> Any:
    """Calls of ``fit``, which returns the same fit at once."""
    with mock.patch.object(writer, "fit", return_value=fitted) as fit:
        yield fit


def test_the_names_are_those_of_the_paper() -> None:
    annealed = [f"anneal_{name}" for name in ("RT", "50", "75", "100", "125")]
    assert list(SAMPLES) == [*annealed, "CsPbBr3_nanoplatelets", "PbS_nanoplatelets", "PbS_nanocrystals"]
    heads = [SAMPLES[name].content().partition("\n")[0] for name in annealed]
    assert all(head.startswith("# simulated: d = 5.8") for head in heads)
    assert [head.split("L = ")[1].split(",")[0] for head in heads] == ["36.9", "36.45", "36", "35.55", "35.1"]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_notebook_is_python_that_uses_public_functions(name: str) -> None:
    document = json.loads(notebook(SAMPLES[name], quick=False))
    assert (document["nbformat"], document["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in document["cells"]}) == len(document["cells"])
    code = "\n".join("".join(c["source"]) for c in document["cells"] if c["cell_type"] == "code")
    tree = ast.parse(code.replace("%matplotlib inline", ""))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "slxrd"
    }
    assert {"fit", "chi2_maps", "bootstrap"} <= used <= set(slxrd.__all__)
    assert f"regions={SAMPLES[name].options['regions']!r}" in code
    assert "replicates = 100" in code
    assert "replicates = 10 " in notebook(SAMPLES[name], quick=True)


def test_every_program_of_the_authors_is_on_the_page_of_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs" / "paper-files.md").read_text(encoding="utf-8")
    for row in REPLACED:
        assert f"| {' | '.join(row)} |" in page


@pytest.mark.slow
def test_a_set_of_files_and_what_exists_stays(here: Path) -> None:
    done = call(*ONE)
    assert done.code == 0, done.err
    first = contents(here / "p")
    assert set(first) - {".slxrd-lock"} == {
        "README.md", f"{NAME}.ipynb", f"{NAME}_simulated.csv", f"FIT_{NAME}_simulated.csv",
    }  # fmt: skip
    assert "simulated pattern, reduced χ² 0.8" in done.out
    assert first[f"{NAME}_simulated.csv"].startswith(b"# simulated: d = 6.0166, L = 32, ")
    (here / "p" / f"{NAME}.ipynb").write_text("mine", encoding="utf-8")
    again = call(*ONE)
    assert again.out.count("exists and stays") == 4
    assert contents(here / "p") == {**first, f"{NAME}.ipynb": b"mine"}


@pytest.mark.slow
def test_a_pattern_of_the_authors_is_fitted_and_never_written(here: Path, calls: mock.Mock) -> None:
    assert call(*ONE).code == 0
    pattern = slxrd.example("cspbbr3-platelets").pattern()
    rows = zip(pattern.q, pattern.intensity, strict=True)
    text = "".join(f"{q:.4f},{intensity / 1500.0:.6f}\n" for q, intensity in rows)
    own = here / "p" / f"{NAME}.csv"
    own.write_text(text, encoding="utf-8")
    done = call(*ONE)
    assert done.code == 0, done.err
    assert calls.call_args.args[0].source == str(Path("p", f"{NAME}.csv"))
    assert f"FIT_{NAME}.csv: measured pattern" in done.out
    before = contents(here / "p")
    os.utime(own, ns=(own.stat().st_atime_ns, own.stat().st_mtime_ns + 10**10))
    assert f"FIT_{NAME}.csv is older than" in call(*ONE).out
    assert call(*ONE, "--force").code == 0
    assert contents(here / "p") == before
    assert calls.call_count == 3


@pytest.mark.slow
def test_a_pattern_that_cannot_be_read_does_not_stop_the_others(here: Path, calls: mock.Mock) -> None:
    (here / "p").mkdir()
    (here / "p" / "anneal_RT.csv").write_text("nothing", encoding="utf-8")
    done = call(*ONE, "--only", "anneal_RT")
    assert done.code == 2
    assert "! anneal_RT is not fitted: " in done.out
    assert done.err.endswith("slxrd: not fitted: anneal_RT\n")
    assert (here / "p" / f"FIT_{NAME}_simulated.csv").exists()
    assert not list((here / "p").glob("FIT_anneal*"))


def test_an_interruption_keeps_what_is_written(here: Path, calls: mock.Mock) -> None:
    calls.side_effect = KeyboardInterrupt
    done = call(*ONE)
    assert done.code == 130
    assert "the same command goes on" in done.err
    assert set(contents(here / "p")) >= {"README.md", f"{NAME}.ipynb", f"{NAME}_simulated.csv"}
    assert not list((here / "p").glob("FIT*"))
