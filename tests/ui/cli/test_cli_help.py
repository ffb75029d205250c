"""The texts of ``--help``: headings, examples, width; and examples that stand for files."""

import pkgutil
import re
import shlex
from pathlib import Path

import pytest
from cli_shell import call
from test_documented_commands import parse

from slxrd.ui.cli import commands
from slxrd.ui.cli.help import HEADINGS, OF_GROUPS
from slxrd.ui.cli.main import _commands_in, program

COMMANDS = sorted(
    name for module in pkgutil.iter_modules(commands.__path__) for name in _commands_in(module.name)
)


def help_of(*words: str) -> str:
    outcome = call(*words, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert not any(line.endswith("...") for line in outcome.out.splitlines()[1:])
    return outcome.out


def test_every_command_is_listed_once_under_a_heading() -> None:
    sections = re.split(r"^(\S.*):$", help_of(), flags=re.M)[1:]
    listed = dict(zip(sections[::2], sections[1::2], strict=True))
    assert [heading for heading in listed if heading in HEADINGS] == list(HEADINGS)
    names = [name for heading in HEADINGS for name in re.findall(r"^  ([a-z-]+) ", listed[heading], re.M)]
    assert sorted(names) == sorted(program().commands) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_ends_with_an_example_that_can_be_typed(name: str) -> None:
    text = help_of(name)
    examples = re.split(r"^Examples?:\n", text, flags=re.M)[-1].replace("\\\n", "").strip().splitlines()
    assert examples
    for line in examples:
        assert shlex.split(line)[:2] == ["slxrd", name]
        parse(line.strip())


def test_options_of_a_fit_stand_under_headings() -> None:
    text = help_of("fit")
    for heading in (*OF_GROUPS.values(), "After the fit", "Output"):
        assert f"\n{heading}:\n" in text
    assert text.index("\nOutput:") < text.index("--verbose") < text.index("--force")


@pytest.mark.parametrize("name", COMMANDS)
def test_plot_and_out_mean_the_same_in_every_command(name: str) -> None:
    text = " ".join(help_of(name).split())
    if "--plot" in text:
        assert "--plot FILE Draw it as .pdf, .svg or .png" in text
    if found := re.search(r"--out ([\w.]+) (\w+)", text):
        assert found[2] == "Write"
        assert ("into a folder" if found[1] == "DIR" else "to a file") in text


@pytest.mark.slow
def test_the_picture_of_a_pattern_has_its_old_option_too(here: Path) -> None:
    assert call("plot", "cubes.csv", "--out", "old.png").code == 0
    assert call("plot", "example:cspbbr3-cubes").code == 0
    assert (
        (here / "old.png").read_bytes()[:4] == (here / "cspbbr3-cubes.csv.png").read_bytes()[:4] == b"\x89PNG"
    )
    assert "leave --out away" in call("plot", "cubes.csv", "--out", "a.png", "--plot", "b.png").refused()


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["info", "{}"],
        ["plot", "{}"],
        ["convert", "{}", "out.csv"],
        ["correct", "{}", "--out", "out.csv", "--mu", "2000", "--thickness", "1um", "--wavelength", "CuKa1"],
        ["background", "{}", "--out", "out.csv"],
        ["peaks", "{}", "--region", "0.9:1.25", "--components", "2"],
        ["merit", "{}", "--quick", "--json", "merit.json"],
        ["plan", "--like", "{}", "--number", "2"],
    ],
    ids=lambda words: words[0],
)
def test_an_example_is_taken_where_a_file_is(here: Path, words: list[str]) -> None:
    outcome = call(*(word.format("example:cspbbr3-cubes") for word in words))
    assert outcome.code == 0, outcome.err


def test_examples_are_read_as_repeats(here: Path) -> None:
    examples = [f"example:{name}" for name in ("cspbbr3-cubes", "cspbbr3-platelets")]
    assert "551 points" in call("noise", *examples, "--region", "0.9:1.25").refused()


@pytest.mark.slow
def test_a_packaged_series_is_taken_where_files_are(here: Path) -> None:
    outcome = call("series", "example:none", "--out", "annealing")
    assert "is not a packaged series; there is cspbbr3-annealing" in outcome.refused()
