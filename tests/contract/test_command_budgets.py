"""Budgets of the commands: each command has one, and more than twice of it is an error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract_helpers import ROOT

from slxrd.ui.cli import main as cli

pytestmark = pytest.mark.slow  # the benchmarks import much
RECORDED = json.loads((ROOT / "benchmarks" / "command_budgets.json").read_text(encoding="utf-8"))


@pytest.fixture
def budgets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The benchmark as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    before = set(sys.modules)
    import command_budgets

    yield command_budgets
    for name in set(sys.modules) - before:  # names such as report are those of other modules, too
        if Path(getattr(sys.modules[name], "__file__", None) or "").parent == ROOT / "benchmarks":
            del sys.modules[name]


def test_every_command_has_a_budget(budgets: Any) -> None:
    assert set(budgets.COMMANDS) | set(budgets.ELSEWHERE) == set(cli.program().commands)
    assert set(RECORDED) == set(budgets.COMMANDS)
    assert all((ROOT / file).exists() for file in budgets.ELSEWHERE.values())
    assert all(budget["ratio"] > 0.0 and 20 < budget["memory"] < 500 for budget in RECORDED.values())


def test_more_than_twice_is_an_error(budgets: Any) -> None:
    recorded = {"fit": {"ratio": 2.0, "memory": 100.0}}
    assert budgets.too_large({"fit": {"ratio": 4.0, "memory": 200.0}}, recorded) == []
    (slow,) = budgets.too_large({"fit": {"ratio": 4.1, "memory": 200.0}}, recorded)
    assert slow == "fit: 4.1 times the reference, of which 2 is recorded"
    (large,) = budgets.too_large({"fit": {"ratio": 1.0, "memory": 201.0}}, recorded)
    assert large == "fit: 201 MB, of which 100 is recorded"
    (missing,) = budgets.too_large({"new": {"ratio": 1.0, "memory": 50.0}}, {})
    assert missing.startswith("new: nothing is recorded")


def test_a_command_is_measured_again_before_it_fails(budgets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = [(9.0, 90.0), (5.0, 95.0), (1.5, 99.0)]
    monkeypatch.setattr(budgets, "measure", lambda command: measured.pop(0))
    found = budgets.check(["fit"], {"fit": {"ratio": 1.0, "memory": 80.0}})
    assert found == {"fit": {"ratio": 1.5, "memory": 90}}
    assert measured == []
