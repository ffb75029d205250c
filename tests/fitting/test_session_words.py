"""States as commands and scripts: what is typed means what was chosen."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from session_states import states

import slxrd
from slxrd.errors import SlxrdError
from slxrd.fitting.record.command_line import command_line, from_command, parse_command, script
from slxrd.fitting.record.document import from_document, to_document
from slxrd.fitting.record.state import State, arguments_of
from slxrd.fitting.record.validation import check


@pytest.mark.slow
@given(states())
@settings(deadline=None, max_examples=40)
def test_the_command_is_read_back(state: State) -> None:
    check(state)
    assert from_command(command_line(state)) == state


@pytest.mark.slow
@given(states())
@settings(deadline=None, max_examples=40)
def test_plain_data_are_read_back(state: State) -> None:
    choices = json.loads(json.dumps(state.request(), allow_nan=False))
    assert State(**choices) == state
    assert State(**choices).key == state.key


@pytest.mark.slow
@given(states(), st.lists(st.text()))
@settings(deadline=None, max_examples=40)
def test_the_document_is_read_back(state: State, log: list[str]) -> None:
    text = to_document(state, tuple(log))
    found = from_document(json.loads(text), Path("session.json"))
    assert found.state == state
    assert list(found.log) == log


@pytest.mark.slow
@given(states(), states())
@settings(deadline=None, max_examples=40)
def test_keys_identify_states(one: State, other: State) -> None:
    assert (one.key == other.key) == (one == other)


@pytest.mark.slow
@given(states())
@settings(deadline=None, max_examples=40)
def test_the_script_reads_corrects_and_fits_as_chosen(state: State) -> None:
    """The script is run, with functions in the place of slxrd's that write down what they are given."""
    calls: list[tuple[str, Any]] = []

    class Pattern:
        axis = "2theta"

    class Spy:
        __name__ = "slxrd"

        def __getattr__(self, name: str) -> Any:
            def called(*given: Any, **named: Any) -> Pattern:
                calls.append((name, (*given[name != "read" :], named)))
                return Pattern()

            return called

    text = script(state).replace("import slxrd\n", "").replace("print(result)", "")
    exec(compile(text, "script", "exec"), {"slxrd": Spy()})
    assert calls[0] == ("read", (state.file, dict(state.reading)))
    angle, counting = state.preparation.get("monochromator"), state.choices.get("noise") == "counting"
    expected: list[tuple[str, Any]] = [("counting_statistics", ({},))] if counting else []
    if not state.preparation.get("no_lp"):
        expected.append(("correct_lorentz_polarisation", ({},) if angle is None else (angle, {})))
    assert calls[1:-1] == expected
    assert calls[-1] == ("fit", (arguments_of(state.choices),))


def test_examples_have_paths_in_commands_and_names_in_scripts() -> None:
    state = State("example:cumnsb-film")
    path = Path(shlex.split(command_line(state))[2])
    assert path.is_file()
    namespace: dict[str, Any] = {}
    exec(script(state).partition("result =")[0], namespace)
    assert namespace["pattern"].metadata["sha256"] == slxrd.read(path).metadata["sha256"]


def test_outputs_are_passed_over() -> None:
    command = (
        "slxrd fit a.csv --out r --json=- --maps --map L,N --seed 3 --force --region 0.9:1.3 --bootstrap 9"
    )
    assert from_command(command) == State("a.csv", choices={"regions": [(0.9, 1.3)]})


@pytest.mark.parametrize("command", ["", "slxrd demo", "slxrd fit", "slxrd fit a --new 3", "slxrd fit 'a"])
def test_other_commands_are_no_states(command: str) -> None:
    assert from_command(command) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a", "--region"], "--region: its value is missing"),
        (["a", "--coherent", "x"], "--coherent x: must be a whole number"),
        (["a", "--new"], "unknown option --new"),
        (["a", "--start", "L"], "write NAME=VALUE"),
        (["a", "--out", "b"], "--out is for slxrd fit"),
        (
            ["a", "--noise", "x"],
            "--noise x: must be a positive fraction of the maximum such as 0.03, counting, file",
        ),
    ],
)
def test_bad_words_are_named(words: list[str], said: str) -> None:
    with pytest.raises(SlxrdError, match=said):
        parse_command(words, outputs=False)


def test_a_measured_line_is_for_the_script() -> None:
    line = {"U": 0.01, "V": 0.0, "W": 0.02, "lorentzian": 0.3, "wavelength": 1.54}
    state = State("a.csv", choices={"resolution": line})
    check(state)
    with pytest.raises(SlxrdError, match="resolution"):
        command_line(state)
    assert "Broadening(U=0.01, V=0.0, W=0.02, lorentzian=0.3, wavelength=1.54)" in script(state)


def test_a_state_cannot_be_changed() -> None:
    state = State("a.csv", choices={"start": {"L": 36.0}})
    with pytest.raises(TypeError, match="frozen"):
        state.choices["start"]["L"] = 3.0
    with pytest.raises(TypeError, match="frozen"):
        state.choices.update(noise=0.1)
