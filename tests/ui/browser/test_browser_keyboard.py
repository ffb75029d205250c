"""The page by the keyboard and for a screen reader: names of all controls, steps, and the drawer of notes."""

from __future__ import annotations

from typing import Any

import pytest

#: Number of the controls that are shown, and those that have no name for a screen reader.
_WITHOUT_NAME = """() => {
  const found = []
  let controls = 0
  const visit = root => {
    for (const each of root.querySelectorAll('button, input, select, textarea, a[href]')) {
      const box = each.getBoundingClientRect()
      if (!box.width || !box.height || each.type === 'hidden' || each.type === 'file') continue
      controls += 1
      const labels = each.labels ? [...each.labels].map(label => label.textContent) : []
      const name = [
        each.getAttribute('aria-label'), each.title, each.textContent, each.placeholder, ...labels]
      const group = each.closest('[aria-label], [aria-labelledby], [role=group], label')
      if (!name.some(text => text && text.trim()) && !group) found.push(each.outerHTML.slice(0, 200))
    }
    for (const each of root.querySelectorAll('*')) if (each.shadowRoot) visit(each.shadowRoot)
  }
  visit(document)
  return [controls, found]
}"""


@pytest.mark.parametrize("step", ["1 Open", "2 Regions", "3 Model", "4 Fit", "5 Save", "6 Series", "7 Image"])
def test_every_control_of_a_step_has_a_name(user: Any, step: str) -> None:
    user.press(step)
    user.page.wait_for_function("() => !document.body.innerText.includes('Preparing the steps')")
    controls, found = user.page.evaluate(_WITHOUT_NAME)
    assert controls > 10
    assert found == []


def test_a_step_and_the_notes_are_opened_with_the_keyboard(user: Any) -> None:
    user.fitted()
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
