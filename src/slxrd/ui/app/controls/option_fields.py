"""Fields of the page for declared options: label, choices and help come from the declaration."""

from __future__ import annotations

from typing import Any

import panel as pn

from slxrd.fitting.request.effects import Effects
from slxrd.fitting.request.kinds import Choice, Number, NumberOrText, Whole
from slxrd.fitting.request.named import Expressions, NameList, Pairs, Values
from slxrd.fitting.request.option import Declared
from slxrd.fitting.request.physical import CrystalName, NoiseLevel, Resolution, SubstrateName
from slxrd.fitting.systematics.effect import EFFECTS
from slxrd.parameters.definitions import TABLE
from slxrd.sample.library.crystals import crystal_names
from slxrd.sample.library.ligands import BULK, CHAINS
from slxrd.sample.library.substrates import SUBSTRATES
from slxrd.ui.app.controls.name_choice import NameChoice
from slxrd.ui.app.controls.named_rows import EffectRows, NamedRows, PairRows, TieRows, ValueRows
from slxrd.ui.app.controls.source_fields import NoiseField, ResolutionField
from slxrd.ui.app.controls.widgets import NARROW

#: Labels of the two numbers of an option.
_HEADS = {"bounds": ("from", "to"), "prior": ("mean", "σ")}
#: Kinds whose fields hold plain data; those of others hold text.
_PLAIN = (Whole, Number, NameList, Pairs, Values, Expressions, Effects, NoiseLevel, Resolution)


def option_field(option: Declared) -> Any:
    """Make the field of an option: of a number, of a choice, rows of names and numbers, or a text.

    The field of a text with known values, such as those of a library, lists them.
    """
    label, help = option.option.label, option.option.help
    kind = option.kind
    parameters = {info.symbol: name for name, info in TABLE.items()}
    if isinstance(kind, Pairs):
        return PairRows(label, help, parameters, _HEADS.get(option.name, ("first", "second")))
    if isinstance(kind, Values):
        return ValueRows(label, help, parameters)
    if isinstance(kind, NameList):
        return NameChoice(label, kind.known)
    if isinstance(kind, Expressions):
        return TieRows(label, help, parameters)
    if isinstance(kind, Effects):
        return EffectRows(label, help, {effect.label: name for name, effect in EFFECTS.items()})
    if isinstance(kind, NoiseLevel):
        return NoiseField(label, help)
    if isinstance(kind, Resolution):
        return ResolutionField(label, help)
    settings: dict[str, Any] = {"label": label, "description": help, "width": NARROW}
    if isinstance(kind, Choice):
        labels = option.option.choice_labels
        choices = {labels.get(name, name): name for name in kind.choices}
        if option.default is None:  # a list of choices cannot contain None
            choices = {"default": "", **choices}
        return pn.widgets.Select(options=choices, **settings)
    settings["placeholder"] = option.option.placeholder
    if isinstance(kind, Whole):
        return pn.widgets.IntInput(value=None, start=kind.least, **settings)
    if isinstance(kind, Number):
        return pn.widgets.FloatInput(value=None, format="0.[000000]", **settings)
    listed = _listed(option)
    if listed:
        return pn.widgets.AutocompleteInput(
            options=listed, restrict=False, min_characters=0, case_sensitive=False, **settings
        )
    return pn.widgets.TextInput(**settings)


def _listed(option: Declared) -> list[str]:
    """Return the values that the field of a text lists."""
    if isinstance(option.kind, CrystalName):
        return list(crystal_names())
    if isinstance(option.kind, SubstrateName):
        return ["none", *SUBSTRATES]
    if option.name == "ligand":
        return [*CHAINS]
    return [*BULK] if isinstance(option.kind, NumberOrText) and option.name == "slab" else []


def field_value(option: Declared, given: Any) -> Any:
    """Convert the content of a field to plain data; None for the default.

    Raises
    ------
    SlxrdError
        If it cannot be read.
    """
    if not isinstance(given, str) or isinstance(option.kind, _PLAIN):
        return given
    text = given.strip()
    if not text:
        return None
    return text if isinstance(option.kind, Choice) else option.kind.parse([text], option.name)


def field_content(option: Declared, value: Any) -> Any:
    """Return the content of the field for a value of an option."""
    if isinstance(option.kind, _PLAIN):
        return value
    return "" if value is None else ", ".join(option.kind.texts(option.name, value))


def set_names(field: Any, names: dict[str, str]) -> None:
    """Offer the parameters of a model, by label, in a field that has rows of them."""
    if isinstance(field, NamedRows) and not isinstance(field, EffectRows):
        field.names = names
