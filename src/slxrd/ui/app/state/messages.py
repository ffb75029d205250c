"""Messages to the user, and notifications to the parts of the page about what has changed."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from functools import cache
from typing import Literal

from slxrd.errors import SlxrdError
from slxrd.fitting.request.declaration import OPTIONS
from slxrd.ui.session.controller import Cancelled

#: What has changed: session state, parameter values, message, background job, series, what follows a fit, or
#: results of the sample by other methods and the cuts of one.
Topic = Literal["state", "values", "message", "job", "series", "followups", "sample"]
Level = Literal["info", "success", "error"]


#: An option, with its value if that is a number or numbers with colons; and several after one another.
_OPTION = re.compile(r"--(?P<name>[a-z]+(?:-[a-z]+)*)(?:[ =](?P<value>[+-]?\d[\d.:]*(?<![.:])))?")
_OPTIONS = re.compile(
    rf"{_OPTION.pattern}(?: {_OPTION.pattern.replace('?P<name>', '').replace('?P<value>', '')})*"
)


class Messages:
    """The current message, and the subscribers to changes.

    Attributes
    ----------
    message : str
        Text of the last message.
    level : {"info", "success", "error"}
        Kind of the last message.
    """

    def __init__(self) -> None:
        self.message = ""
        self.level: Level = "info"
        self._listeners: list[Callable[[Topic], object]] = []

    def subscribe(self, callback: Callable[[Topic], object]) -> Callable[[], None]:
        """Call a function with the topic of every change, in the thread that made it.

        Returns
        -------
        callable
            Ends the subscription.
        """
        self._listeners.append(callback)

        def unsubscribe() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return unsubscribe

    def notify(self, *topics: Topic) -> None:
        """Call all subscribers with each topic."""
        for topic in topics:
            for callback in tuple(self._listeners):
                callback(topic)

    def show_message(self, text: str, level: Level = "info") -> None:
        """Show a message on the page; an empty text removes it."""
        self.message, self.level = text, level
        self.notify("message")

    def try_action(self, action: Callable[[], object]) -> bool:
        """Call a function; show an error as a message and return whether there was none."""
        try:
            action()
        except SlxrdError as error:
            self.show_message(f"{name_page_fields(str(error))}.", "error")
            return False
        except Cancelled:
            raise
        except Exception as error:
            traceback.print_exc()
            self.show_message(
                f"Internal error of slxrd ({type(error).__name__}: {error}); your work is intact.", "error"
            )
            return False
        return True


def name_page_fields(text: str) -> str:
    """Replace command-line options in a text by the labels of the page's fields, with values after =."""
    labels = _labels()

    def field(found: re.Match[str]) -> str:
        label = labels.get(f"--{found['name']}") or found["name"].replace("-", " ")
        return f"“{label}”" + (f" = {found['value']}" if found["value"] else "")

    def fields(found: re.Match[str]) -> str:
        return ", ".join(map(field, _OPTION.finditer(found[0])))

    return _OPTIONS.sub(fields, text)


@cache
def _labels() -> dict[str, str]:
    """Labels of the fields by the options of the command line; those of lists are names of their entries."""
    of_fields = {option.flag: option.option.label for option in OPTIONS.values()}
    return {**of_fields, "--fix": "fixed", "--free": "refined"}
