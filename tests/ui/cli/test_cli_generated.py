"""Command lines and files by the hundred: exit code 0 or 2, never a traceback, nothing written on 2."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cli_shell import Outcome, at_most, call, contents, write_columns
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import slxrd
from slxrd.parameters.parameter_set import TABLE

MANY = settings(
    phases=(Phase.generate,),
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
)
#: Names the third column: one that is the same throughout is not recognised as σ without its name.
HEADER = "# q in 1/Å, intensity, sigma"
VALUES = {"d": 5.84, "L": 36.9, "sigma_L": 1.4, "N": 13.0, "sigma_N": 1.5}

PLAUSIBLE = st.sampled_from(
    ["0", "1", "-1", "0.5", "5.84", "36.9", "1.4", "13", "0.9", "1.1", "1.25", "40", "0.03", "1e-3", "100"]
)
HOSTILE = st.sampled_from(
    [
        "",
        "nan",
        "inf",
        "-inf",
        "1e308",
        "-1e308",
        "1e-308",
        "abc",
        "--",
        "0x10",
        "1,5",
        "½",
        "1e",
        " ",
        "\x00a",
        "é",
    ]
)
NUMBER = st.one_of(PLAUSIBLE, PLAUSIBLE, PLAUSIBLE, HOSTILE)
NAME = st.one_of(st.sampled_from([*TABLE]), st.sampled_from([*TABLE]), st.sampled_from(["", "x", "D", "σ_L"]))
EXPRESSION = st.one_of(
    st.sampled_from(
        ["0.1*N", "2*d", "d**N", "exp(exp(exp(N)))", "1/0", "log(-d)", "d.real", "(" * 300, "N", "L"]
    ),
    st.text(max_size=12),
)


def _joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


def _option(name: str, value: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return value.map(lambda text: [name, text])


COLON, EQUALS = st.just(":"), st.just("=")
REGION = st.one_of(_joined(NUMBER, COLON, NUMBER), _joined(NUMBER, COLON, NUMBER, COLON, NUMBER), NUMBER)
OPTIONS = st.one_of(
    _option("--region", REGION),
    _option("--mask", _joined(NUMBER, COLON, NUMBER)),
    _option("--start", _joined(NAME, EQUALS, NUMBER)),
    _option("--fix", _joined(NAME, EQUALS, NUMBER)),
    _option("--bounds", _joined(NAME, EQUALS, NUMBER, COLON, NUMBER)),
    _option("--tie", _joined(NAME, EQUALS, EXPRESSION)),
    _option("--prior", _joined(NAME, EQUALS, NUMBER, COLON, NUMBER)),
    _option("--ligand", st.sampled_from(["C18", "oleylamine", "C0", "C999", "", "x"])),
    _option("--free", NAME),
    _option("--coherent", NUMBER),
    _option("--size-window", NUMBER),
    _option("--resolution", NUMBER),
    _option("--noise", st.one_of(NUMBER, st.sampled_from(["counting", "file"]))),
    _option("--scale", st.sampled_from(["free", "peak", "x"])),
    _option("--background", st.sampled_from(["none", "constant", "linear", "x"])),
    _option("--objective", st.sampled_from(["linear", "log", "paper2021", "x"])),
    _option("--axis", st.sampled_from(["q", "2theta", "x"])),
    _option("--wavelength", st.one_of(NUMBER, st.just("CuKa1"))),
    _option("--scan", NUMBER),
    _option("--monochromator", NUMBER),
    st.sampled_from(
        [["--no-lp"], ["--trust-axis"], ["--nonsense"], ["-x"], ["another.csv"], ["--json", "a.json"]]
    ),
)
QUICK = ["--region", "0.9:1.25", *(w for k, v in VALUES.items() for w in ("--start", f"{k}={v:g}"))]


def fit(*words: object) -> Outcome:
    """Fit within a time that nothing so small should take."""
    with at_most(20.0):
        return call("fit", *words)


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Stand in a new folder."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(before)


def check(outcome: Outcome, before: dict[str, bytes | None], here: Path) -> None:
    if outcome.code == 2:
        outcome.refused()
        assert contents(here) == before
    else:
        assert outcome.code == 0
        assert outcome.err == ""
        assert contents(here).items() > before.items()


def pattern(here: Path) -> None:
    q = np.arange(0.85, 1.3, 0.005)
    made = slxrd.simulate(q, VALUES, noise=0.02, seed=1)
    write_columns(here / "data.csv", [q, made.intensity, made.sigma], header=HEADER)


@pytest.mark.slow
@MANY
@given(st.lists(OPTIONS, min_size=1, max_size=3), st.sampled_from([True, True, True, False]))
def test_options(options: list[list[str]], with_starts: bool) -> None:
    words = [word for option in options for word in option]
    with folder() as here:
        pattern(here)
        before = contents(here)
        quick = QUICK if with_starts else QUICK[:2]
        if any(option[0] == "--region" for option in options):
            quick = quick[2:]
        check(fit("data.csv", *quick, "--budget", "1", *words, "--json", "result.json"), before, here)


LEVEL = st.one_of(
    st.floats(-1e3, 1e6),
    st.sampled_from([0.0, 1.0, 1e-300, 5e-324, 1e300, 1.7e308, -1e300, 1e-12]),
)


@pytest.mark.slow
@MANY
@given(
    st.lists(LEVEL, min_size=5, max_size=60),
    st.one_of(st.none(), LEVEL),
    st.sampled_from(["linear", "log", "paper2021"]),
    st.sampled_from([["--region", "0.9:1.25"], []]),
    st.sampled_from([[], ["--background", "linear"], ["--scale", "peak"], ["--noise", "counting"]]),
)
def test_intensities(
    levels: list[float], sigma: float | None, objective: str, region: list[str], more: list[str]
) -> None:
    with folder() as here:
        q = np.linspace(0.85, 1.3, len(levels))
        columns = [q, np.array(levels)] + ([] if sigma is None else [np.full(q.size, sigma)])
        header = HEADER if len(columns) == 3 else "# q in 1/Å"
        write_columns(here / "data.csv", columns, header=header)
        before = contents(here)
        words = [*region, *QUICK[2:], "--fix", "q_zero=0", "--objective", objective, "--budget", "1", *more]
        check(fit("data.csv", *words, "--json", "result.json"), before, here)


@pytest.mark.slow
@MANY
@given(st.one_of(st.binary(max_size=300), st.text(alphabet="0123456789.,;-+eE \t\n#naif2θq", max_size=300)))
def test_files(content: bytes | str) -> None:
    with folder() as here:
        data = content if isinstance(content, bytes) else content.encode()
        (here / "data.csv").write_bytes(data)
        before = contents(here)
        check(fit("data.csv", *QUICK, "--json", "result.json"), before, here)


@pytest.mark.slow
@MANY
@given(
    st.lists(st.tuples(NAME, NUMBER), max_size=3), st.lists(st.tuples(st.integers(0, 6), NUMBER), max_size=3)
)
def test_simulations(values: list[tuple[str, str]], settings: list[tuple[int, str]]) -> None:
    names = ["--range", "--step", "--peak", "--background", "--noise", "--seed", "--coherent"]
    given_values = {k: f"{v:g}" for k, v in VALUES.items()} | dict(values)
    words = [w for k, v in given_values.items() for w in ("--set", f"{k}={v}")]
    words += [w for i, v in settings for w in (names[i], v if i else f"0.9:{v}")]
    with folder() as here:
        check(call("simulate", "new.csv", "--range", "0.9:1.2", *words), {}, here)
