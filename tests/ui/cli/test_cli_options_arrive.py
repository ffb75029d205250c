"""Every option of ``slxrd fit`` reaches what it sets, and the two ways in stay in step."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from cli_shell import call

import slxrd
from slxrd.data import corrections as preparation
from slxrd.data.regions import Region
from slxrd.fitting.request.declaration import FIT_GROUPS
from slxrd.ui.cli import main as cli


class Sources(list[str]):
    """Equal to the patterns that were read from these files."""

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, list)
        return [Path(pattern.source).name for pattern in other] == list(self)


# Option → words, the function it is handed to, the argument, and what must arrive there.
ARRIVES: dict[str, tuple[list[str], str, str, Any]] = {
    "--region": (["--region", "0.9:1.2:0.1"], "fit", "regions", [Region(0.9, 1.2, 0.1)]),
    "--mask": (["--mask", "1:1.1"], "fit", "mask", [(1.0, 1.1)]),
    "--with": (
        ["film.xrdml", "--with", "cubes.csv"],
        "fit",
        "further_scans",
        Sources(["film.xrdml", "cubes.csv"]),
    ),
    "--further-resolutions": (["--further-resolutions", "0.004"], "fit", "further_resolutions", [0.004]),
    "--start": (["--start", "d=5.8"], "fit", "start", {"d": 5.8}),
    "--fix": (["--fix", "N=13", "--fix", "q_zero=0"], "fit", "fix", {"N": 13.0, "q_zero": 0.0}),
    "--free": (["--free", "q_zero"], "fit", "free", ["q_zero"]),
    "--bounds": (["--bounds", "L=30:40"], "fit", "bounds", {"L": (30.0, 40.0)}),
    "--tie": (["--tie", "sigma_N=0.1*N"], "fit", "tie", {"sigma_N": "0.1*N"}),
    "--prior": (["--prior", "L=36:2"], "fit", "prior", {"L": (36.0, 2.0)}),
    "--ligand": (["--ligand", "C18"], "fit", "ligand", "C18"),
    "--budget": (["--budget", "60"], "fit", "budget", 60.0),
    "--order": (["--order", "2"], "fit", "order", 2),
    "--coherent": (["--coherent", "7"], "fit", "coherent", 7),
    "--size-window": (["--size-window", "3"], "fit", "size_window", 3.0),
    "--crystal": (["--crystal", "CsPbBr3:Br"], "fit", "crystal", "CsPbBr3:Br"),
    "--partner": (["--partner", "PbS-100"], "fit", "partner", "PbS-100"),
    "--slab": (["--slab", "oleylamine"], "fit", "slab", "oleylamine"),
    "--stack": (["--stack", "mixed"], "fit", "stack", "mixed"),
    "--weighting": (["--weighting", "volume"], "fit", "weighting", "volume"),
    "--coherent-spread": (["--coherent-spread", "3"], "fit", "coherent_spread", 3.0),
    "--substrate": (["--substrate", "3.905"], "fit", "substrate", "3.905"),
    "--resolution": (["--resolution", "0.01"], "fit", "resolution", 0.01),
    "--noise": (["--noise", "0.05"], "fit", "noise", 0.05),
    "--objective": (["--objective", "log"], "fit", "objective", "log"),
    "--scale": (["--scale", "peak"], "fit", "scale", "peak"),
    "--background": (["--background", "linear"], "fit", "background", "linear"),
    "--systematics": (
        ["--systematics", "unstacked=0.05", "--systematics", "wide_gaps=0"],
        "fit",
        "systematics",
        {"unstacked": 0.05, "wide_gaps": 0.0},
    ),
    "--axis": (["--axis", "q"], "read", "axis", "q"),
    "--wavelength": (["--wavelength", "CuKa1"], "read", "wavelength", "CuKa1"),
    "--trust-axis": (["--trust-axis"], "read", "trust_axis", True),
    "--zero": (["--zero", "angle"], "fit", "zero", "angle"),
    "--columns": (["--columns", "1,2"], "read", "columns", "1,2"),
    "--scan": (["--scan", "1"], "read", "scan", 1),
}
#: Options that are tested by what they write or correct.
OTHERS = {"--monochromator", "--no-lp", "--out", "--json", "--plot", "--force", "--report"}
OTHERS |= {"--bootstrap", "--resample", "--seed", "--maps", "--map", "--map-kind"}  # test_cli_followup
OTHERS |= {"--verbose"}  # tests/fitting/test_printed.py
OTHERS |= {"--posterior"}  # test_cli_posterior
#: Arguments of slxrd.fit that are for programs only.
PYTHON_ONLY = {"pattern", "parameters", "report", *FIT_GROUPS}


def options(command: str) -> dict[str, Any]:
    """Return a command's options by their names."""
    group: Any = cli.program()
    parameters = group.commands[command].params
    return {name: p for p in parameters for name in p.opts if name.startswith("--") and name != "--help"}


def commands() -> list[str]:
    group: Any = cli.program()
    return sorted(group.commands)


class Stop(Exception):
    pass


def spied(monkeypatch: pytest.MonkeyPatch, name: str, *words: str) -> dict[str, Any]:
    """Arguments that a function of slxrd is called with."""
    seen: dict[str, Any] = {}
    signature = inspect.signature(getattr(slxrd, name))

    def spy(*given: Any, **named: Any) -> None:
        bound = signature.bind(*given, **named)
        seen.update(bound.arguments)
        raise Stop

    monkeypatch.setattr(slxrd, name, spy)
    with pytest.raises(Stop):
        call(*words)
    return seen


@pytest.mark.parametrize("option", ARRIVES)
def test_option_arrives(here: Path, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    words, function, argument, expected = ARRIVES[option]
    seen = spied(monkeypatch, function, "fit", "cubes.csv", *words)
    assert seen[argument] == expected


def test_no_option_is_forgotten() -> None:
    assert set(options("fit")) == set(ARRIVES) | OTHERS


def test_every_argument_of_fit_has_its_option() -> None:
    arguments = set(inspect.signature(slxrd.fit).parameters) - PYTHON_ONLY
    assert arguments == {argument for _, function, argument, _ in ARRIVES.values() if function == "fit"}


def test_defaults_are_those_of_the_function(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = {k: p.default for k, p in inspect.signature(slxrd.fit).parameters.items()}
    seen = spied(monkeypatch, "fit", "fit", "cubes.csv")
    for name in set(defaults) - PYTHON_ONLY:
        given = seen[name]
        assert given == defaults[name] or (not given and not defaults[name]), name


def test_every_argument_of_simulate_has_its_option(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["--set", "d=5", "--range", "1:2", "--step", "0.5", "--coherent", "3", "--size-window", "4"]
    words += ["--resolution", "0.01", "--peak", "7", "--background", "2", "--noise", "0.1", "--seed", "9"]
    words += ["--zero", "displacement", "--wavelength", "CuKa", "--raw"]
    words += ["--crystal", "CsPbBr3", "--partner", "PbS-100", "--slab", "0.3", "--stack", "alternating"]
    words += ["--weighting", "volume", "--coherent-spread", "1", "--substrate", "3.905"]
    arguments = set(inspect.signature(slxrd.simulate).parameters)
    seen = spied(monkeypatch, "simulate", "simulate", "new.csv", *words)
    assert seen.pop("q").tolist() == [1.0, 1.5, 2.0]
    assert seen == {
        "values": {"d": 5.0}, "coherent": 3, "size_window": 4.0, "resolution": 0.01, "peak": 7.0,
        "background": 2.0, "noise": 0.1, "seed": 9, "zero": "displacement", "wavelength": "CuKa", "raw": True,
        "crystal": "CsPbBr3", "partner": "PbS-100", "slab": "0.3", "stack": "alternating",
        "weighting": "volume", "coherent_spread": 1.0, "substrate": "3.905",
    }  # fmt: skip
    assert set(seen) | {"q"} == arguments


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "expected"), [([], None), (["--monochromator", "13.3"], 13.3), (["--no-lp"], "not called")]
)
def test_correction(
    here: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], expected: float | str | None
) -> None:
    seen: list[Any] = []

    def spy(pattern: slxrd.Pattern, monochromator: float | None = None) -> slxrd.Pattern:
        seen.append(monochromator)
        return pattern

    monkeypatch.setattr(preparation, "correct_lorentz_polarisation", spy)
    quick = ["--substrate", "none", "--systematics", "none", "--fix", "N=120", "--fix", "sigma_N=5"]
    outcome = call("fit", "film.xrdml", "--coherent", 1, "--region", "1.94:2.05", *quick, *words)
    assert outcome.code == 0
    assert seen == ([] if expected == "not called" else [expected])


def test_options_page_names_every_option() -> None:
    pages = (Path(__file__).parents[3] / "docs").glob("options*.md")
    page = "".join(path.read_text(encoding="utf-8") for path in pages)
    for command in commands():
        for option in options(command):
            assert f"`{option}" in page, f"{option} of slxrd {command} is missing in docs/options*.md"
