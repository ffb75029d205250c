"""Unsaved work of a server that was killed is offered by the next one."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[3] / "src" / "slxrd" / "io" / "examples"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the state folder is set as on Linux")
@pytest.mark.slow
def test_work_is_recovered_after_a_kill(browser: Any, visit: Any, start_server: Any, tmp_path: Path) -> None:
    process, address = start_server(tmp_path)
    user = visit(address)
    user.drop(EXAMPLES / "cspbbr3-cubes.csv")
    user.sees("Contents of cspbbr3-cubes.csv")
    user.press("2 Regions")
    field = user.region_field()
    field.fill("0.95:1.2")
    field.press("Enter")
    for _ in range(600):
        found = [path for path in tmp_path.rglob("autosaved/*/*.json") if '"regions"' in path.read_text()]
        if found:
            break
        time.sleep(0.1)
    assert found
    process.kill()
    process.communicate()
    user.context.close()

    process, address = start_server(tmp_path)
    user = visit(address)
    user.sees("Unsaved work of an earlier run was found")
    user.page.get_by_text("Recover it").click()
    user.sees("Contents of cspbbr3-cubes.csv")
    user.press("2 Regions")
    assert user.region_field().input_value().startswith("0.95:1.2")
    assert not user.page.get_by_text("Unsaved work of an earlier run").is_visible()
    user.context.close()
    process.terminate()
    out, _ = process.communicate(timeout=60)
    assert "wrote the unsaved session to" in out
    assert user.errors == []
