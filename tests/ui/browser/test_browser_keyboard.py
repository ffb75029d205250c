"""The page by the keyboard and for a screen reader: names of all controls, steps, and the drawer of notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

#: Number of the controls that are shown, and those that have no name for a screen reader.
_WITHOUT_NAME = """() => {
  const found = []
  let controls = 0
  const words = node => node.nodeType === Node.TEXT_NODE ? node.data
    : [...node.childNodes, ...node.shadowRoot?.childNodes ?? []].map(words).join('')
  const visit = root => {
    for (const each of root.querySelectorAll('button, input, select, textarea, a[href]')) {
      const box = each.getBoundingClientRect()
      if (!box.width || !box.height || each.type === 'hidden' || each.type === 'file') continue
      if (each.matches('.bk-spin-btn')) continue  // for the mouse: its field has the arrow keys
      controls += 1
      const labels = each.labels ? [...each.labels].map(label => label.textContent) : []
      const beside = each.type === 'checkbox' ? each.nextElementSibling : null
      const name = [
        beside?.textContent, each.getAttribute('aria-label'), each.title, words(each), each.placeholder,
        ...labels]
      const group = each.closest('[aria-label], [aria-labelledby], [role=group], label')
      if (!name.some(text => text && text.trim()) && !group) found.push(each.outerHTML.slice(0, 200))
    }
    for (const each of root.querySelectorAll('*')) if (each.shadowRoot) visit(each.shadowRoot)
  }
  visit(document)
  return [controls, found]
}"""


@pytest.fixture(scope="module")
def empty(opened: Any) -> Iterator[Any]:
    """The page without a file."""
    with opened() as user:
        yield user


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        ("1 Open", "What this page does"),
        ("2 Regions", "Regions and masks as text"),
        ("3 Model", "Bounds, ties, priors"),
        ("4 Fit", "Not fitted yet."),
        ("5 Save", "The same fit without this page"),
        ("6 Series", "Values of the variable"),
        ("7 Image", "Set where the detector stands"),
    ],
)
def test_every_control_of_a_step_has_a_name(empty: Any, step: str, shown: str) -> None:
    user = empty
    user.press(step)
    user.sees(shown)
    for _ in range(50):  # the browser may still make the rest
        controls, found = user.page.evaluate(_WITHOUT_NAME)
        if controls >= 10 and not found:
            break
        user.page.wait_for_timeout(200)
    assert controls >= 10
    assert found == []


def test_a_step_and_the_notes_are_opened_with_the_keyboard(fitted_user: Any) -> None:
    user = fitted_user
    user.press("4 Fit")
    notes = user.page.get_by_role("button", name="Notes and warnings")
    notes.focus()
    user.page.keyboard.press("Enter")
    user.page.get_by_role("heading", name="Notes and warnings").wait_for()
    save = user.page.get_by_role("button", name="5 Save", exact=True)
    save.focus()
    user.page.keyboard.press("Enter")
    user.sees("The same fit without this page")
    user.page.keyboard.press("Tab")
    assert user.page.evaluate("() => document.activeElement !== document.body")
