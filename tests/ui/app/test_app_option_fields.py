"""Fields of the page show and read every value that an option can have."""

import json

import pytest
from hypothesis import given, settings
from session_states import states

pytest.importorskip("panel")

from slxrd.fitting.record.state import State, is_default
from slxrd.fitting.request.declaration import fit_options
from slxrd.ui.app.controls.option_fields import field_text, field_value, option_field

FIELDS = {name: option for name, option in fit_options().items() if option.option.label}


@pytest.mark.slow
@given(states())
@settings(deadline=None, max_examples=30)
def test_what_a_field_shows_is_read_back(state: State) -> None:
    for name, value in state.request()["choices"].items():
        if name in FIELDS:
            read = field_value(FIELDS[name], field_text(FIELDS[name], value))
            assert json.loads(json.dumps(read)) == value


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_takes_its_default(name: str) -> None:
    option = FIELDS[name]
    field = option_field(option)
    assert field.label == option.option.label
    field.value = field_text(option, option.default)
    assert is_default(name, field_value(option, field.value))
