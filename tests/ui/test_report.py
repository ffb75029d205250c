"""The report: everything is in it, nothing comes from elsewhere, and no text becomes markup."""

import html
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from example_fits import example_fit

import slxrd
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.record.write import result_dictionary
from slxrd.fitting.result.summary import format_estimate
from slxrd.parameters.definitions import symbol_of
from slxrd.ui.report.page import FollowUpSection, report_html, saved_followup
from slxrd.ui.symbols_html import symbol_html, text_html

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>{{ 7*7 }}&amp;\".csv"


class Page(HTMLParser):
    """What a browser would see: tags, attributes, text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words = ""
        self.feed(page)
        self.text = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words += data + ("" if self.tags and self.tags[-1] in ("i", "b") else " ")


@cache
def weak(systematics: str = "default") -> slxrd.Fit:
    """Few counts, so that solutions lie apart."""
    values = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
    q = [0.9 + 0.003 * i for i in range(117)]
    pattern = slxrd.simulate(q, values, noise="counting", peak=40.0, seed=5)
    return slxrd.fit(pattern, regions=[(0.9, 1.25)], systematics=systematics)


def hostile() -> SavedFit:
    """A fit whose every text is an attempt."""
    document = result_dictionary(weak(), command=f"slxrd demo {HOSTILE}")
    document["input"] |= {
        "file": HOSTILE,
        "history": [HOSTILE],
        "metadata": {HOSTILE: HOSTILE},
        "noise": HOSTILE,
    }
    document |= {"notes": [HOSTILE], "why_stopped": HOSTILE, "slxrd": HOSTILE, "versions": {HOSTILE: HOSTILE}}
    document["regions"][0]["name"] = HOSTILE
    document["parameters"]["d"] |= {"unit": HOSTILE, "why": HOSTILE}
    return SavedFit.from_dictionary(document)


@pytest.mark.slow
def test_no_text_becomes_markup() -> None:
    harmless, page = Page(report_html(weak())), report_html(hostile())
    seen = Page(page)
    assert "script" not in seen.tags
    assert seen.tags.count("img") == harmless.tags.count("img") == 1
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert "{{ 7*7 }}" in seen.text
    assert seen.text.count("<script>alert('x')</script>") >= 10
    assert "<script" not in page
    assert html.escape(HOSTILE) in page.replace("&#39;", "&#x27;").replace("&#34;", "&quot;")


@pytest.mark.slow
def test_nothing_comes_from_elsewhere() -> None:
    page = report_html(weak())
    seen = Page(page)
    linked = [value for name, value in seen.attributes if name in ("src", "href", "data", "action", "srcset")]
    assert linked
    assert all(value.startswith("data:image/png;base64,") for value in linked)
    assert not set(seen.tags) & {"link", "script", "iframe", "object", "embed", "base", "form"}
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in dict(seen.attributes)["content"] or any(
        "default-src 'none'" in value for _, value in seen.attributes
    )


@pytest.mark.slow
def test_everything_is_reported() -> None:
    fit = weak()
    seen = Page(report_html(fit)).text
    for name, estimate in {**fit.parameters, **fit.derived}.items():
        assert f"{Page(symbol_html(symbol_of(name))).text} {format_estimate(estimate)}" in seen, name
    assert "simulated, not measured" in seen
    for note in fit.notes:
        assert Page(text_html(note)).text in seen
    assert len(fit.solutions) > 1
    for solution in fit.solutions:
        assert f"{solution.chi2:.2f} {solution.delta_chi2:.2f} {solution.probability:.2g}" in seen
    i, j = fit.names.index("d"), fit.names.index("L")
    assert f"{fit.correlation[i, j]:+.2f}".replace("-", "−") in seen
    assert "M = 2C" in seen
    assert f"slxrd {slxrd.__version__}" in seen


@pytest.mark.slow
def test_an_ambiguous_parameter_is_not_quoted() -> None:
    fit = weak("none")
    assert fit.parameters["L"].status == "ambiguous"
    seen = Page(report_html(fit)).text
    assert "L is ambiguous: with 95 % probability it is" in seen
    assert "Do not quote only one of these values." in seen
    low, high = fit.parameters["L"].interval_95[0]
    assert f"{low:.1f}"[:4] in seen
    assert f"{high:.1f}"[:4] in seen


@pytest.mark.slow
def test_what_is_not_determined_has_no_number() -> None:
    fit = example_fit("pbs-spheres")
    assert fit.parameters["L"].status == "undetermined"
    seen = Page(report_html(fit)).text
    assert "L is not determined: the pattern shows no fringes." in seen
    values = fit.solutions[0].values
    assert f"{values['L']:.5g}"[:4] not in seen
    assert f"{values['d']:.6g}"[:5] in seen


@pytest.mark.slow
def test_the_same_fit_gives_the_same_page() -> None:
    saved = SavedFit.from_dictionary(result_dictionary(weak()))
    assert report_html(weak()) == report_html(saved) == report_html(saved)


@pytest.mark.slow
def test_what_followed_is_in_it_where_it_was_asked_for(tmp_path: Path) -> None:
    for name in ("bootstrap.png", "corner.png", "map-L-N.png"):
        (tmp_path / name).write_bytes(b"\x89PNG " + name.encode())
    (tmp_path / "bootstrap.json").write_text(
        '{"seed": 4, "done": 9, "asked": 9, "quantities": {"L": {"mean": 36.5, "std": 0.25}}}'
    )
    command = "slxrd fit a.csv --bootstrap 9 --map L,N --seed 4 --out r"
    saved = SavedFit.from_dictionary(result_dictionary(weak(), command))
    found = saved_followup(saved, tmp_path)
    assert [name for name, _ in found.pictures] == ["bootstrap.png", "map-L-N.png"]
    seen = Page(report_html(saved, followed=found))
    assert seen.tags.count("img") == 3
    assert "bootstrap (seed 4): 9 of 9" in seen.text
    assert "L 36.5 0.25" in seen.text
    assert "χ² over L and N" in seen.text
    assert "4 (bootstrap and posterior)" in seen.text
    assert saved_followup(SavedFit.from_dictionary(result_dictionary(weak())), tmp_path) == FollowUpSection(
        "", []
    )
    (tmp_path / "bootstrap.json").write_text("{}")
    assert saved_followup(saved, tmp_path).text == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cspbbr3-cubes", "cumnsb-film"])
def test_reports_of_examples_have_the_command_that_repeats_them(name: str) -> None:
    fit = example_fit(name)
    seen = Page(report_html(fit)).text
    assert "slxrd fit " in seen
    assert "slxrd.io.examples" in seen
    assert str(fit.pattern.metadata["sha256"]) in seen
    assert ("simulated, not measured" in seen) == (name == "cspbbr3-cubes")
    for step in fit.pattern.history:
        assert " ".join(str(step).split()) in seen
