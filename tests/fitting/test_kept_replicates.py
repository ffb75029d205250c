"""Replicates of a bootstrap that was killed: kept, used again, and never those of another one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

import slxrd
from slxrd.fitting.minimise.batch import Batch
from slxrd.fitting.uncertainty import kept_replicates

pytestmark = pytest.mark.slow
NUMBER = 150


@pytest.fixture(scope="module")
def fit() -> slxrd.Fit:
    fixed = {"sigma_L": 0.6, "sigma_N": 0.6, "N": 6.0}
    pattern = slxrd.example("cspbbr3-platelets").pattern()
    return slxrd.fit(pattern, regions=[(0.8, 1.3)], fix=fixed, start={"d": 6.0166, "L": 32.0})


@pytest.fixture(scope="module")
def whole(fit: slxrd.Fit) -> Any:
    return slxrd.bootstrap(fit, NUMBER, seed=4)


@pytest.fixture
def killed(fit: slxrd.Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a bootstrap leaves that ended after 100 replicates, without a chance to clear up."""

    def end(done: int, _: int) -> None:
        if done == 100:
            raise SystemError("killed")

    monkeypatch.setattr(kept_replicates, "INTERVAL", 0.0)
    path = tmp_path / "kept"
    with pytest.raises(SystemError, match="killed"):
        slxrd.bootstrap(fit, NUMBER, seed=4, keep=path, report=end)
    return path


def refined(run: Callable[[], Any]) -> tuple[Any, int]:
    """Result of a bootstrap, and how many replicates were refined for it."""
    with mock.patch.object(Batch, "refine", autospec=True, side_effect=Batch.refine) as refine:
        found = run()
    return found, sum(len(call.args[1][0]) for call in refine.call_args_list)


def test_finished_replicates_are_not_made_again(fit: slxrd.Fit, whole: Any, killed: Path) -> None:
    found, made = refined(lambda: slxrd.bootstrap(fit, NUMBER, seed=4, keep=killed))
    assert made == NUMBER - 100
    assert np.array_equal(found.samples, whole.samples)
    assert np.array_equal(found.chi2, whole.chi2)
    assert np.array_equal(found.solution, whole.solution)
    assert not killed.exists()


@pytest.mark.parametrize("other", [{"seed": 5}, {"kind": "flat"}, {"kind": "flat", "level": 0.05}])
def test_another_bootstrap_begins_anew(fit: slxrd.Fit, killed: Path, other: dict[str, Any]) -> None:
    found, made = refined(lambda: slxrd.bootstrap(fit, 60, **{"seed": 4, "keep": killed, **other}))
    assert made == 60
    assert found.done == 60


def test_a_file_that_is_cut_short_gives_its_whole_rows(fit: slxrd.Fit, whole: Any, killed: Path) -> None:
    killed.write_bytes(killed.read_bytes()[:-5])
    found, made = refined(lambda: slxrd.bootstrap(fit, NUMBER, seed=4, keep=killed))
    assert made == NUMBER - 99
    assert np.array_equal(found.samples, whole.samples)


@pytest.mark.parametrize("change", ["byte", "row"])
def test_damaged_rows_and_those_after_them_are_made_again(
    fit: slxrd.Fit, whole: Any, killed: Path, change: str
) -> None:
    content = bytearray(killed.read_bytes())
    width = (len(content) - 32) // 100
    if change == "byte":
        content[32 + 70 * width + 3] ^= 1
    else:
        del content[32 + 70 * width : 32 + 71 * width]
    killed.write_bytes(content)
    found, made = refined(lambda: slxrd.bootstrap(fit, NUMBER, seed=4, keep=killed))
    assert made == NUMBER - 70
    assert np.array_equal(found.samples, whole.samples)


@pytest.mark.parametrize("content", [b"", b"\x00" * 5000])
def test_a_file_of_something_else_is_replaced(
    fit: slxrd.Fit, whole: Any, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "kept"
    path.write_bytes(content)
    found, made = refined(lambda: slxrd.bootstrap(fit, NUMBER, seed=4, keep=path))
    assert made == NUMBER
    assert np.array_equal(found.samples, whole.samples)
