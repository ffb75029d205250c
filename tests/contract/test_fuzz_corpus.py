"""Inputs that once fell under the fuzzer, and those that it begins with: read, or refused in one sentence."""

import pytest

from fuzz.targets import CORPUS, TARGETS, beginnings, changed_document


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda path: path.name)
def test_what_once_fell_is_read_or_refused(path, monkeypatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    TARGETS[path.name.partition("-")[0]](path.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_the_fuzzer_begins_with_valid_inputs(target: str) -> None:
    inputs = beginnings(target)
    assert len(inputs) > 15
    for data in inputs:
        TARGETS[target](data)


def test_documents_are_changed_in_their_values() -> None:
    changed = [changed_document(data, 3) for data in beginnings("documents")]
    assert sum(data is not None for data in changed) > 15
