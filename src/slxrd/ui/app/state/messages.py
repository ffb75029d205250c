"""What is said on a page, and who is told of changes."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from typing import Literal

from slxrd.errors import SlxrdError
from slxrd.ui.session.controller import Cancelled

#: What has changed: the session's state, the sliders' values, a message, the work being done, or the series.
Topic = Literal["state", "values", "message", "work", "series"]
Mood = Literal["info", "good", "error"]


class Telling:
    """Tells those who listen what has changed, and says in a sentence what cannot be done.

    Attributes
    ----------
    message, mood : str
        The last thing that was said, and how it was meant.
    """

    def __init__(self) -> None:
        self.message = ""
        self.mood: Mood = "info"
        self._listeners: list[Callable[[Topic], object]] = []

    def subscribe(self, callback: Callable[[Topic], object]) -> Callable[[], None]:
        """Have a function called after every change, in the thread that made it; return what ends that."""
        self._listeners.append(callback)

        def unsubscribe() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return unsubscribe

    def tell(self, *topics: Topic) -> None:
        """Tell the listeners what has changed."""
        for topic in topics:
            for callback in tuple(self._listeners):
                callback(topic)

    def say(self, text: str, mood: Mood = "info") -> None:
        """Show a sentence on the page."""
        self.message, self.mood = text, mood
        self.tell("message")

    def attempt(self, action: Callable[[], object]) -> bool:
        """Do something; where it fails, say so in a sentence and leave everything as it was."""
        try:
            action()
        except SlxrdError as error:
            self.say(f"{in_words_of_the_page(str(error))}.", "error")
            return False
        except Cancelled:
            raise
        except Exception as error:
            traceback.print_exc()
            self.say(f"slxrd itself failed ({type(error).__name__}: {error}); your work is intact.", "error")
            return False
        return True


def in_words_of_the_page(told: str) -> str:
    """Name the fields of the page where the command line's options are named."""
    return re.sub(r"--([a-z]+(?:-[a-z]+)*)", lambda found: f"“{found[1].replace('-', ' ')}”", told)
