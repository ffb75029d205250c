"""Fields whose content is the text of an option on the command line: numbers, pairs of numbers, choices."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import panel as pn

from slxrd.ui.app.controls.widgets import row

_WIDE: dict[str, Any] = {"sizing_mode": "stretch_width", "min_width": 0}


def number_field(
    label: str, description: str, placeholder: str = "", **options: Any
) -> pn.widgets.FloatInput:
    """Make a field for a number, which may be empty."""
    return pn.widgets.FloatInput(
        label=label,
        description=description,
        placeholder=placeholder,
        value=None,
        format="0.[000000]",
        **_WIDE,
        **options,
    )


def number_text(value: float | None) -> str:
    """Return a number as it is typed; empty for None."""
    return "" if value is None else f"{value:.12g}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


class OptionText:
    """Widgets for one option.

    Parameters
    ----------
    widgets : sequence of panel.widgets.Widget
        The widgets, side by side.

    Attributes
    ----------
    view : panel.viewable.Viewable
        The widgets.
    """

    def __init__(self, widgets: Sequence[Any]) -> None:
        self.widgets = list(widgets)
        self.view = widgets[0] if len(widgets) == 1 else row(*widgets)

    def watch(self, changed: Callable[[], object]) -> None:
        """Call a function after each change of a widget."""
        for widget in self.widgets:
            widget.param.watch(lambda _: changed(), "value")

    @abstractmethod
    def read(self) -> str | bool | None:
        """Return the text, or whether it is ticked; None if it is not complete."""

    @abstractmethod
    def show(self, text: Any) -> None:
        """Show a text; empty for the default."""

    def show_found(self, texts: Sequence[str]) -> None:
        """Show in empty widgets the values that are used."""
        for widget, text in zip(self.widgets, texts, strict=True):
            widget.placeholder = text

    def disable(self, disabled: bool) -> None:
        """Allow no change, or allow it again."""
        for widget in self.widgets:
            widget.disabled = disabled


class WidgetText(OptionText):
    """A widget whose value is the text: of words, of a choice, of a file, or a tick.

    Parameters
    ----------
    widget : panel.widgets.Widget
        The widget.
    empty : str or bool
        Its value for the default.
    """

    def __init__(self, widget: Any, empty: str | bool = "") -> None:
        super().__init__([widget])
        self._empty = empty

    def read(self) -> str | bool:
        """Return the value."""
        value = self.widgets[0].value
        return value if isinstance(value, bool) else (value or "").strip()

    def show(self, text: Any) -> None:
        """Show a value."""
        self.widgets[0].value = text or self._empty


class NumberText(OptionText):
    """One number."""

    def read(self) -> str:
        """Return the number as text."""
        return number_text(self.widgets[0].value)

    def show(self, text: Any) -> None:
        """Show the number of a text."""
        self.widgets[0].value = _number(text)


class NumberOrWord(OptionText):
    """A number, or a word in its place that is ticked.

    Parameters
    ----------
    number, tick : panel.widgets.Widget
        The widgets.
    word : str
        The word.
    """

    def __init__(self, number: Any, tick: Any, word: str) -> None:
        super().__init__([number, tick])
        self._word = word

    def read(self) -> str:
        """Return the word, or the number as text."""
        number, tick = self.widgets
        return self._word if tick.value else number_text(number.value)

    def show(self, text: Any) -> None:
        """Show the number, or the tick."""
        number, tick = self.widgets
        tick.value, number.value = text == self._word, _number(text)
        number.disabled = tick.value


class PairText(OptionText):
    """Two numbers, which a comma parts in the text.

    A number that is typed alone is completed by the value that is used of the other, which is shown in its
    empty field. If one is cleared, both are.

    Parameters
    ----------
    widgets : sequence of panel.widgets.Widget
        The fields of the numbers.
    same : bool
        Whether one number in the text stands for both, and completes itself if no other is known.
    """

    def __init__(self, widgets: Sequence[Any], *, same: bool = False) -> None:
        super().__init__(widgets)
        self._same = same
        self._shown: list[float | None] = [None, None]
        self._found: list[float | None] = [None, None]

    def read(self) -> str | None:
        """Return both numbers; empty if one was cleared, None if only one is known."""
        typed = [widget.value for widget in self.widgets]
        cleared = any(old is not None and new is None for old, new in zip(self._shown, typed, strict=True))
        if cleared or typed == [None, None]:
            return ""
        known = [new if new is not None else found for new, found in zip(typed, self._found, strict=True)]
        if self._same and None in known:
            known = [next(each for each in typed if each is not None)] * 2
        if None in known:
            return None
        first, second = map(number_text, known)
        return first if self._same and first == second else f"{first},{second}"

    def show(self, text: Any) -> None:
        """Show the numbers of a text."""
        numbers = [_number(part) for part in (text or "").split(",")]
        self._shown = numbers * 2 if len(numbers) == 1 else numbers[:2]
        for widget, number in zip(self.widgets, self._shown, strict=True):
            widget.value = number

    def show_found(self, texts: Sequence[str]) -> None:
        """Show in empty fields the values that are used, or that one is asked for."""
        super().show_found(texts)
        self._found = [_number(text) for text in texts]
