"""Plant a hostile text in every text of a document, and look for it in what is made of the document."""

import copy
import csv
import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

#: Markup, a formula of matplotlib that cannot be read, a formula of spreadsheets, and control characters.
HOSTILE = "=1+1<img src=x onerror=alert(1)>\"'&amp; $\\frac{$ \x1b]0;x\x07\u202e"
#: The same for files that may not contain control characters.
PLAIN = HOSTILE.partition("\x1b")[0].strip()

Place = tuple[Any, ...]


def places_of_texts(document: Any, before: Place = ()) -> Iterator[Place]:
    """Where a document of lists and dictionaries has a text."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        if isinstance(value, str):
            yield (*before, key)
        elif isinstance(value, dict | list):
            yield from places_of_texts(value, (*before, key))


def planted(document: Any, places: list[Place], text: str = HOSTILE) -> Any:
    """Return a copy with a text in place of those at the places."""
    changed = copy.deepcopy(document)
    for *way, last in places:
        inside = changed
        for key in way:
            inside = inside[key]
        inside[last] = text
    return changed


def accepted(
    document: Any, read: Callable[[Any], object], refusal: type[Exception], text: str = HOSTILE
) -> list[Place]:
    """Places of texts where the hostile one is read; elsewhere it is refused in one line."""
    found = []
    for place in places_of_texts(document):
        try:
            read(planted(document, [place], text))
        except refusal as error:
            check_sentence(str(error))
        else:
            found.append(place)
    return found


class _Page(HTMLParser):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(name.startswith("on") for name, _ in attrs), (tag, attrs)
        assert dict(attrs).get("src") != "x", (tag, attrs)


def check_page(page: str) -> None:
    """The markup is text of the page."""
    assert "<img src=x" not in page
    _Page().feed(page)


def check_svg(content: bytes) -> None:
    """The figure is valid and has no element of the markup."""
    for element in ElementTree.fromstring(content).iter():
        assert not any(name.startswith("on") for name in element.attrib), element.attrib
        assert element.attrib.get("src") != "x"


def check_table(text: str) -> None:
    """No cell is a formula."""
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            assert not re.match(r"[=@]|[-+](?![\d.]|inf|nan)", cell), cell


def check_sentence(text: str) -> None:
    """A refusal is one line."""
    assert text
    assert "\n" not in text, text


def check_terminal(text: str) -> None:
    """No control character but the ends of lines."""
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text), repr(text)
