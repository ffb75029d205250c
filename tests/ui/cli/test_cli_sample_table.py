"""``slxrd sample-table``: files, printed text and errors."""

import json
import shutil
from pathlib import Path

from cli_shell import call, untouched

FIT = Path(__file__).resolve().parents[2] / "files" / "results" / "schema-1" / "result.json"


def test_table_and_files(here: Path) -> None:
    shutil.copy(FIT, here / "fit.json")
    done = call("sample-table", "fit.json", "--out", "table.csv", "--json", "table.json")
    assert done.code == 0, done.err
    assert "Λ out of plane" in done.out
    assert "θ:2θ fit: cubes.csv  [simulated]" in done.out
    assert (here / "table.csv").read_text(encoding="utf-8").startswith("quantity,method,value,error")
    document = json.loads((here / "table.json").read_text(encoding="utf-8"))
    assert document["rows"][0]["quantity"] == "Λ out of plane"
    printed = json.loads(call("sample-table", "fit.json", "--json", "-").out)
    assert printed["rows"] == document["rows"]


def test_mistakes_are_one_sentence(here: Path) -> None:
    shutil.copy(FIT, here / "fit.json")
    with untouched(here):
        for words, message in (
            (["none.json"], "none.json: does not exist"),
            (["fit.json", "fit.json"], "occurs twice"),
            (["fit.json", "--out", "table.txt"], "ends with .csv"),
            (["fit.json", "--json", "fit.json", "--force"], "would overwrite"),
        ):
            assert message in call("sample-table", *words).refused(), words
