"""The page in a browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slxrd.fitting.examples import EXAMPLES as CATALOGUE

EXAMPLES = Path(__file__).parents[3] / "src" / "slxrd" / "io" / "examples"


def _download(user: Any, label: str, folder: Path) -> Path:
    with user.page.expect_download() as waiting:
        user.press(label)
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


@pytest.mark.slow
def test_from_a_dropped_file_to_a_saved_report(user: Any, tmp_path: Path) -> None:
    user.drop(EXAMPLES / "cspbbr3-cubes.csv")
    user.sees("Contents of cspbbr3-cubes.csv")
    user.press("2 Regions")
    user.sees("Automatic regions: 0.")
    user.press("add a region")
    field = user.region_field()
    user.draws(90, 300, lambda: re.fullmatch(r"0\.8\d*:1\.[23]\d*", field.input_value()))
    field.fill("0.88:1.28, 1.98:2.33:0.1")
    field.press("Enter")

    user.press("3 Model")
    user.sees("Fringes disappear")
    before = user.column("calculated", "calculated")
    handle = user.page.get_by_role("slider").nth(1)
    handle.focus()
    slider, number = user.slider("L"), user.labelled("L =", exact=True)
    for _ in range(20):
        handle.press("ArrowRight")
    user.sees_another_curve(before)
    # No key press is lost; the first one moves to the nearest step of the slider.
    last = slider["value"] + 18.9 * slider["step"]
    user.page.wait_for_function("([field, last]) => field.value > last", arg=[number.element_handle(), last])
    assert 19.0 <= (user.slider("L")["value"] - slider["value"]) / slider["step"] <= 20.001

    user.press("4 Fit")
    user.press("Find all solutions")
    user.sees("reduced χ²")
    user.press("5 Save")
    report = _download(user, "Report (.html)", tmp_path).read_text(encoding="utf-8")
    assert "cspbbr3-cubes.csv" in report
    result = json.loads(_download(user, "Numbers (result.json)", tmp_path).read_text(encoding="utf-8"))
    truth = CATALOGUE["cspbbr3-cubes"].truth
    for name in ("d", "L", "sigma_L", "N"):
        estimate = result["parameters"][name]
        assert abs(estimate["value"] - truth[name]) < 5.0 * estimate["error"]
    curves = _download(user, "Curves (fit.csv)", tmp_path).read_text(encoding="utf-8")
    assert curves.startswith("q,measured")
    assert _download(user, "Figure (.png)", tmp_path).read_bytes().startswith(b"\x89PNG")
    assert "<svg" in _download(user, "Figure (.svg)", tmp_path).read_text(encoding="utf-8")
    assert "slxrd fit" in user.labelled("command line").input_value()


@pytest.mark.slow
def test_a_saved_session_opens_again_on_another_page(
    fitted_user: Any, visit: Any, server: str, tmp_path: Path
) -> None:
    fitted_user.press("5 Save")
    session = _download(fitted_user, "Session (.json)", tmp_path)
    user = visit(server)
    user.sees("Also open")
    user.drop(session)
    user.sees("The saved session is open again")
    user.press("4 Fit")
    user.sees("χ² no longer changes")
    user.press("3 Model")
    user.sees("Fringes disappear")  # the measured data came with the session
    user.context.close()
    assert user.errors == []


def test_undo_and_redo(fitted_user: Any) -> None:
    user = fitted_user
    user.press("4 Fit")
    user.press("↶ Undo")
    user.sees("Not fitted yet.")
    user.press("↷ Redo")
    user.sees("Notes")
    user.press("3 Model")
    number = user.labelled("L =", exact=True)
    fitted = number.input_value()
    number.fill("40")
    number.press("Enter")
    user.sees("Sliders were moved")  # the field itself changes before the change is recorded
    user.press("↶ Undo")
    user.page.wait_for_function(
        "([field, old]) => field.value === old", arg=[number.element_handle(), fitted]
    )


@pytest.mark.slow
def test_selecting_a_solution_shows_its_curve(user: Any) -> None:
    user.drop(EXAMPLES / "cspbbr3-cubes.csv")
    user.sees("Contents of")
    user.press("2 Regions")
    field = user.region_field()
    field.fill("1.04:1.14")  # too narrow to distinguish the solutions
    field.press("Enter")
    user.press("4 Fit")
    user.press("Find all solutions")
    user.sees("Do not quote a single L")
    best = user.column("calculated", "calculated")
    user.labelled("Solutions: choose one").select_option(index=1)
    user.sees_another_curve(best)
    user.sees("solution 2: values without errors")
    user.page.get_by_role("status").filter(has_text=re.compile(r"Solution 2 of \d+ is shown")).wait_for()
    user.sees("Solution 2: χ²")


@pytest.fixture(scope="module")
def example(opened: Any) -> Iterator[Any]:
    """The page with the example, which the tests try to change in vain."""
    with opened() as user:
        user.press("Open the example")
        user.sees("Contents of example:cspbbr3-cubes")
        yield user


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20),
        ("words.txt", b"this is no diffractogram\n"),
        ("session.json", b'{"something": "else"}'),
    ],
)
def test_a_wrong_file_shows_a_message_and_changes_nothing(example: Any, name: str, content: bytes) -> None:
    example.drop({"name": name, "mimeType": "application/octet-stream", "buffer": content})
    example.page.get_by_role("status").filter(has_text=re.compile(f"! .*{re.escape(name)}")).wait_for()
    example.sees("Contents of example:cspbbr3-cubes")


def test_a_region_without_data_is_refused(example: Any) -> None:
    user = example
    user.press("2 Regions")
    field = user.region_field()
    given = "0.88:1.28, 1.98:2.33:0.1"
    user.page.wait_for_function("([field, old]) => field.value === old", arg=[field.element_handle(), given])
    field.fill("5:6")
    field.press("Enter")
    user.sees("lies outside")
    user.page.wait_for_function("([field, old]) => field.value === old", arg=[field.element_handle(), given])


def test_a_bootstrap_is_cancelled_and_the_fit_stays(fitted_user: Any) -> None:
    user = fitted_user
    user.press("4 Fit")
    user.page.get_by_text("Uncertainty: bootstrap").click()
    user.labelled("replicates").fill("100000")
    user.labelled("replicates").press("Enter")
    user.press("Bootstrap")
    user.sees("Running: the bootstrap")
    user.press("Cancel")
    user.page.get_by_role("status").filter(has_text=re.compile("Done|cancelled")).wait_for()
    user.sees("Notes")


def test_a_tab_closed_during_a_fit_loses_nothing(user: Any) -> None:
    user.drop(EXAMPLES / "pbs-spheres.csv")
    user.sees("Contents of")
    user.press("4 Fit")
    user.press("Find all solutions")
    user.sees("Running: the fit")
    address = user.page.url
    assert "token" not in address
    user.page.close()
    user.page = user.context.new_page()
    user.page.goto(address)
    user.press("4 Fit")
    user.sees("Notes")


def test_two_pages_at_once(user: Any, browser: Any, server: str) -> None:
    other = user.context.new_page()
    other.goto(server)
    other.get_by_text("1 Open a diffractogram").wait_for()
    user.press("Open the example")
    user.sees("Contents of example:cspbbr3-cubes")
    assert other.get_by_text("Contents of").count() == 0  # an address without a session starts a new one
    shared = user.context.new_page()
    shared.goto(user.page.url)
    shared.get_by_text("Contents of example:cspbbr3-cubes").wait_for()
    shared.get_by_role("button", name="↶ Undo").click()
    shared.get_by_role("button", name="↶ Undo").click()
    user.page.get_by_text("Contents of").wait_for(state="hidden")


def test_a_lost_connection_shows_a_message(browser: Any, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "slxrd", "app", str(EXAMPLES / "cspbbr3-cubes.csv"), "--no-browser"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    page = browser.new_page()
    page.goto(next(line.split()[-1] for line in process.stdout if "http://" in line))
    page.get_by_text("Contents of").wait_for(timeout=60_000)
    page.get_by_role("button", name="2 Regions").click()
    page.get_by_text("Regions and masks as text").click()
    field = page.get_by_label("regions in Å⁻¹")
    field.fill("0.9:1.3")
    field.press("Enter")
    page.get_by_text("Automatic regions: ").wait_for(state="hidden")
    process.terminate()
    printed = process.communicate(timeout=30)[0]
    page.get_by_role("alert").filter(has_text="The connection to slxrd is lost").wait_for(timeout=60_000)
    page.close()
    assert "cspbbr3-cubes-session.json" in printed
    kept = json.loads((tmp_path / "cspbbr3-cubes-session.json").read_text(encoding="utf-8"))
    assert "0.9" in json.dumps(kept)


@pytest.mark.parametrize("query", ["", "?token=", "?token=guess"])
def test_without_the_token_access_is_refused(server: str, query: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(server.split("?")[0] + query)
    with refused.value as answer:
        assert answer.code == 403
        assert "slxrd app" in answer.read().decode()
