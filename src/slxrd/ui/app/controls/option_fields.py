"""Fields of the page for declared options: label, choices and help come from the declaration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import panel as pn

from slxrd.fitting.request.kinds import Choice
from slxrd.fitting.request.option import Declared
from slxrd.fitting.request.physical import CrystalName
from slxrd.sample.library.crystals import crystal_names
from slxrd.ui.app.controls.widgets import NARROW


def option_field(option: Declared) -> Any:
    """Make the field of an option: a list of its choices, or a text."""
    settings: dict[str, Any] = {"label": option.option.label, "description": option.option.help}
    settings |= {"sizing_mode": "stretch_width"} if option.kind.repeatable else {"width": NARROW}
    if isinstance(option.kind, Choice):
        labels = option.option.choice_labels
        choices = {labels.get(name, name): name for name in option.kind.choices}
        if option.default is None:  # a list of choices cannot contain None
            choices = {"default": "", **choices}
        return pn.widgets.Select(options=choices, **settings)
    settings["placeholder"] = option.option.placeholder
    if isinstance(option.kind, CrystalName):
        return pn.widgets.AutocompleteInput(
            options=list(crystal_names()), restrict=False, min_characters=0, case_sensitive=False, **settings
        )
    return pn.widgets.TextInput(**settings)


def field_value(option: Declared, typed: str) -> Any:
    """Convert the content of a field to plain data; None for the default.

    Raises
    ------
    SlxrdError
        If it cannot be read.
    """
    text = typed.strip()
    if not text:
        return None
    if isinstance(option.kind, Choice):
        return text
    parts = [part.strip() for part in text.split(",") if part.strip()] if option.kind.repeatable else [text]
    return option.kind.parse(parts, option.name)


def field_text(option: Declared, value: Any) -> str:
    """Return the content of the field for a value of an option."""
    if value is None:
        return ""
    if isinstance(value, Mapping) and not option.kind.repeatable:  # a measured line, which is not typed
        return str(dict(value))
    return ", ".join(option.kind.texts(option.name, value))
