"""Fields for options that have one entry for each of several names: bounds, priors, ties, effects."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import panel as pn
import param

from slxrd._escape import html_text as escape
from slxrd.fitting.request.effects import DEFAULT_EFFECTS, NO_EFFECTS
from slxrd.ui.app.controls.style import QUIET
from slxrd.ui.app.controls.widgets import button, text

#: ``0.1*N``, ``N`` and ``0.1*N+2``.
_LINEAR = re.compile(
    r"\s*(?:(?P<factor>[+-]?\d[\d.]*(?:e[+-]?\d+)?)\s*\*\s*)?(?P<name>[A-Za-z]\w*)"
    r"\s*(?P<offset>[+-]\s*\d[\d.]*(?:e[+-]?\d+)?)?\s*",
    re.IGNORECASE,
)
#: Entry of the list of parameters with which a tie is any expression.
_FORMULA = "formula"
#: Parameter that others are usually tied to.
_USUAL = "N"


class NamedRows(pn.viewable.Viewer):
    """A row for each name: the name, its fields, and a button that deletes it.

    Parameters
    ----------
    label, help : str
        Heading, and the tooltip of the button that adds a row.
    names : mapping of str to str
        Labels of the names that can be chosen, and the names.
    """

    value = param.Parameter(default=None, doc="The option as plain data, or None.")
    label = param.String()
    #: What a row is.
    item: ClassVar[str] = "parameter"
    name_width: ClassVar[int] = 96

    def __init__(self, label: str, help: str, names: Mapping[str, str]) -> None:
        super().__init__(label=label)
        self.names = dict(names)
        self._shown: dict[str, Any] = {}
        self._new = False
        self._list = pn.Column(sizing_mode="stretch_width", margin=0)
        self._add = button(f"Add: {label}", self.add, margin=(2, 10), description=help)
        self._view = pn.Column(
            text(f"<small>{escape(label)}</small>"),
            *self._above(),
            self._list,
            self._add,
            sizing_mode="stretch_width",
            margin=0,
        )
        self.param.watch(lambda _: self._show(), "value")

    def __panel__(self) -> pn.Column:
        """Return what is shown."""
        return self._view

    @property
    def rows(self) -> list[pn.Row]:
        """The rows, each with its fields."""
        return list(self._list.objects)

    def _above(self) -> list[Any]:
        return []

    @abstractmethod
    def _fields(self, number: int, content: Any) -> list[Any]:
        """Make the fields of a row; ``content`` is None for a new one."""

    @abstractmethod
    def _content(self, fields: list[Any]) -> Any:
        """Return the entry of a row, or None while a field is empty."""

    def _entries(self) -> dict[str, Any]:
        return dict(self.value) if isinstance(self.value, Mapping) else {}

    def _show(self) -> None:
        if self._entries() != self._shown:
            self._new = False
            self._rebuild()

    def add(self) -> None:
        """Add a row, unless another one is not complete."""
        self._new = len(self._entries()) < len(self.names)
        self._rebuild()

    def _rebuild(self) -> None:
        self._shown = self._entries()
        rows = [*self._shown.items(), *([(None, None)] if self._new else [])]
        self._list.objects = [self._row(i, *row) for i, row in enumerate(rows)]
        self._add.disabled = self._new

    def _row(self, number: int, name: str | None, content: Any) -> pn.Row:
        taken = set(self._shown) - {name}
        options = {label: each for label, each in self.names.items() if each not in taken}
        if name is not None and name not in options.values():
            options[name] = name
        choice = pn.widgets.Select(
            label=f"{self.item} {number + 1}",
            options=options,
            value=name if name is not None else next(iter(options.values()), None),
            width=self.name_width,
            margin=(0, 2, 0, 8),
        )
        fields = self._fields(number, content)
        for each in (choice, *fields):
            each.param.watch(lambda _: self._changed(name, choice, fields), "value")
        delete = button(
            "×",
            lambda: self.delete(name),
            width=32,
            margin=(18, 0, 0, 2),
            description=f"Delete {self.item} {number + 1}.",
            stylesheets=[QUIET],
        )
        return pn.Row(choice, *fields, delete, sizing_mode="stretch_width", margin=0)

    def _changed(self, name: str | None, choice: Any, fields: list[Any]) -> None:
        content = self._content(fields)
        if content is None:
            return
        new = {key: each for key, each in self._shown.items() if key != name}
        # At its place, or at the end if it is new.
        order = [choice.value if key == name else key for key in self._shown]
        new[choice.value] = content
        self._set(
            {key: new[key] for key in dict.fromkeys([*order, choice.value])}, rebuild=choice.value != name
        )

    def delete(self, name: str | None) -> None:
        """Delete the row of a name; None is the one that is not complete."""
        self._new = False
        self._set({key: each for key, each in self._shown.items() if key != name}, rebuild=True)

    def _set(self, entries: dict[str, Any], *, rebuild: bool) -> None:
        if rebuild:
            self._new = False
        self._shown = entries
        self.value = entries or None
        if rebuild or self._entries() != entries:
            self._rebuild()


class PairRows(NamedRows):
    """Two numbers for each parameter: the ends of its bounds, or mean and σ of its prior.

    Parameters
    ----------
    heads : (str, str)
        Labels of the numbers.
    """

    def __init__(self, label: str, help: str, names: Mapping[str, str], heads: tuple[str, str]) -> None:
        self._heads = heads
        super().__init__(label, help, names)

    def _fields(self, number: int, content: Any) -> list[Any]:
        values = content or (None, None)
        return [number_field(head, value, 88) for head, value in zip(self._heads, values, strict=True)]

    def _content(self, fields: list[Any]) -> Any:
        values = [field.value for field in fields]
        return None if None in values else values


class TieRows(NamedRows):
    """A parameter that follows another: factor × other + offset, or any formula."""

    def _fields(self, number: int, content: Any) -> list[Any]:
        found = _LINEAR.fullmatch(content) if content else None
        if content and (found is None or found["name"] not in self.names.values()):
            other = _FORMULA
        else:
            other = found["name"] if found else _USUAL
        # Without a factor, a new row is not complete.
        factor = number_field("= factor", float(found["factor"] or 1.0) if found else None, 68)
        offset = number_field("plus", float(((found and found["offset"]) or "0").replace(" ", "")), 60)
        choice = pn.widgets.Select(
            label="× of", options={**self.names, "formula": _FORMULA}, value=other, width=72, margin=(0, 2)
        )
        formula = pn.widgets.TextInput(
            label="= formula", value=content or "", placeholder="0.1*N", width=136, margin=(0, 2)
        )

        def show(_: object = None) -> None:
            typed = choice.value == _FORMULA
            formula.visible, factor.visible, offset.visible = typed, not typed, not typed

        choice.param.watch(show, "value")
        show()
        return [factor, formula, choice, offset]

    def _content(self, fields: list[Any]) -> Any:
        factor, formula, choice, offset = fields
        if choice.value == _FORMULA:
            return formula.value.strip() or None
        if factor.value is None or offset.value is None:
            return None
        scaled = choice.value if factor.value == 1.0 else f"{factor.value:.12g}*{choice.value}"
        return scaled if offset.value == 0.0 else f"{scaled}{offset.value:+.12g}"


class ValueRows(NamedRows):
    """A number for each name."""

    head: ClassVar[str] = "value"

    def _fields(self, number: int, content: Any) -> list[Any]:
        return [number_field(self.head, content, 112)]

    def _content(self, fields: list[Any]) -> Any:
        return fields[0].value


class EffectRows(ValueRows):
    """Systematic effects: all as usual, none, or other standard deviations of some."""

    item = "effect"
    name_width = 204
    head = "standard deviation"

    def _above(self) -> list[Any]:
        self._all = pn.widgets.Select(
            label="in the errors",
            options={"all effects": DEFAULT_EFFECTS, "no effect": NO_EFFECTS},
            width=160,
            description="Include systematic effects of sample and instrument in the errors.",
        )
        self._all.param.watch(lambda event: self._chosen(event.new), "value")
        return [self._all]

    def _chosen(self, choice: str) -> None:
        if choice == NO_EFFECTS and self.value != NO_EFFECTS:
            self.value = NO_EFFECTS
        elif choice == DEFAULT_EFFECTS and self.value == NO_EFFECTS:
            self.value = None

    def _show(self) -> None:
        self._all.value = NO_EFFECTS if self.value == NO_EFFECTS else DEFAULT_EFFECTS
        self._list.visible = self._add.visible = self.value != NO_EFFECTS
        super()._show()


def number_field(label: str, value: float | None, width: int) -> pn.widgets.FloatInput:
    """Make a field of a row for a number."""
    return pn.widgets.FloatInput(
        label=label, value=value, width=width, margin=(0, 2), format="0.[000000]", step=0.1
    )
