"""Fields of the page show and read every value that an option can have."""

import json

import pytest
from hypothesis import given, settings
from session_states import states

pytest.importorskip("panel")

import panel as pn

from slxrd.fitting.record.state import State, is_default
from slxrd.fitting.request.declaration import fit_options
from slxrd.ui.app.controls.named_rows import NamedRows
from slxrd.ui.app.controls.option_fields import field_content, field_value, option_field

FIELDS = {name: option for name, option in fit_options().items() if option.option.label}


@pytest.mark.slow
@given(states())
@settings(deadline=None, max_examples=30)
def test_what_a_field_shows_is_read_back(state: State) -> None:
    for name, value in state.request()["choices"].items():
        if name in FIELDS:
            field = option_field(FIELDS[name])
            field.value = field_content(FIELDS[name], value)
            read = field_value(FIELDS[name], field.value)
            assert json.loads(json.dumps(read)) == value


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_takes_its_default(name: str) -> None:
    option = FIELDS[name]
    field = option_field(option)
    assert field.label == option.option.label
    field.value = field_content(option, option.default)
    assert is_default(name, field_value(option, field.value))


def _rows(field: NamedRows) -> list[list[pn.widgets.Widget]]:
    """The fields of each row, without the button that deletes it."""
    return [[each for each in row if not isinstance(each, pn.widgets.Button)] for row in field.rows]


def test_bounds_are_set_in_fields() -> None:
    field = option_field(FIELDS["bounds"])
    field.add()
    name, low, _ = _rows(field)[0]
    name.value, low.value = "L", 20.0
    assert field.value is None  # it is not complete
    _rows(field)[0][-1].value = 60.0
    assert field_value(FIELDS["bounds"], field.value) == {"L": [20.0, 60.0]}
    field.add()
    assert "L" not in _rows(field)[1][0].options.values()
    _rows(field)[0][1].value = 25.0
    assert field.value == {"L": [25.0, 60.0]}
    field.delete("L")
    assert field.value is None


@pytest.mark.parametrize("expression", ["N", "0.1*N", "0.1*N+2", "0.5*N-1", "N**0.5", "-2*d", "unknown*3"])
def test_a_tie_is_shown_and_kept(expression: str) -> None:
    field = option_field(FIELDS["tie"])
    field.value = {"sigma_N": expression}
    assert field._content(_rows(field)[0][1:]) == expression
    _rows(field)[0][0].value = "sigma_L"
    assert field.value == {"sigma_L": expression}


def test_a_tie_is_set_in_fields() -> None:
    field = option_field(FIELDS["tie"])
    field.add()
    name, factor, _, other, _ = _rows(field)[0]
    name.value, other.value, factor.value = "sigma_L", "N", 0.11
    assert field.value == {"sigma_L": "0.11*N"}


def test_effects_are_chosen_from_a_list() -> None:
    field = option_field(FIELDS["systematics"])
    field.add()
    row = _rows(field)[0]
    row[0].value = "wide_gaps"
    _rows(field)[0][1].value = 0.01
    assert field.value == {"wide_gaps": 0.01}
    field.value = "none"
    assert not field.rows
    field.value = None
    assert field_value(FIELDS["systematics"], field.value) is None


@pytest.mark.parametrize("noise", [None, 0.05, "counting", "counting+0.05", "0.03+0.02", "file-or-0.03"])
def test_the_source_of_sigma_is_shown_and_kept(noise: object) -> None:
    field = option_field(FIELDS["noise"])
    field.value = noise
    assert field._read() == noise
