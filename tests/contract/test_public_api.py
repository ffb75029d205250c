"""The public names and their signatures are those that are recorded: a change of them is a decision."""

from pathlib import Path

from signatures import signatures

RECORDED = Path(__file__).with_name("public_api.txt")


def test_public_signatures_are_recorded() -> None:
    """After a change that is wanted: python tests/helpers/signatures.py > tests/contract/public_api.txt."""
    assert signatures().splitlines() == RECORDED.read_text(encoding="utf-8").splitlines()
