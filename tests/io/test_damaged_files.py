"""Damaged, truncated and random files of all formats: a sound pattern or one clear error."""

from collections.abc import Callable
from typing import Any

import pytest
from damaged_files import (
    BEGINNINGS,
    VALID,
    Valid,
    contents_to_put,
    members,
    read_or_refused,
    replaced,
    with_member,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

few_and_many = pytest.mark.parametrize("examples", [6, pytest.param(150, marks=pytest.mark.slow)])
each_format = pytest.mark.parametrize("valid", VALID, ids=str)


def try_all(examples: int, check: Callable[..., None], **strategies: st.SearchStrategy[Any]) -> None:
    """Call a check with generated arguments, so many times."""
    limits = settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
    )
    limits(given(**strategies)(check))()


@each_format
def test_valid_files_are_read(valid: Valid) -> None:
    assert len(read_or_refused(valid.content, valid.bytes_per_point, **valid.options)) >= 1


@few_and_many
@each_format
def test_bytes_replaced(valid: Valid, examples: int) -> None:
    def check(where: float | int, length: int, put: bytes, options: dict[str, Any]) -> None:
        read_or_refused(replaced(valid.content, where, length, put), valid.bytes_per_point, **options)

    options = st.sampled_from([valid.options, {}])
    put = contents_to_put(valid)
    try_all(examples, check, where=valid.places, length=st.integers(0, 60), put=put, options=options)


@few_and_many
@pytest.mark.parametrize("valid", [valid for valid in VALID if valid.bytes_per_point], ids=str)
def test_a_number_overwritten(valid: Valid, examples: int) -> None:
    """The length stays, so that all that follows is in its place."""

    def check(where: int, put: bytes) -> None:
        read_or_refused(replaced(valid.content, where, len(put), put), valid.bytes_per_point, **valid.options)

    try_all(examples, check, where=valid.places, put=contents_to_put(valid))


@pytest.mark.slow
@few_and_many
@pytest.mark.parametrize("valid", [valid for valid in VALID if valid.is_archive], ids=str)
def test_a_member_of_an_archive_damaged(valid: Valid, examples: int) -> None:
    def check(member: str, where: float | int, length: int, put: bytes) -> None:
        changed = with_member(valid.content, member, lambda content: replaced(content, where, length, put))
        read_or_refused(changed, **valid.options)

    names = st.sampled_from(members(valid.content))
    put = contents_to_put(valid)
    try_all(examples, check, member=names, where=valid.places, length=st.integers(0, 60), put=put)


@few_and_many
@pytest.mark.parametrize("valid", [valid for valid in VALID if valid.complete_at is not None], ids=str)
def test_truncated_files_are_refused(valid: Valid, examples: int) -> None:
    data = valid.content if valid.is_archive or valid.bytes_per_point else valid.content.rstrip()

    def check(where: float) -> None:
        cut = data[: int(where * (len(data) - (valid.complete_at or 0)))]
        if cut.rstrip(b"\0"):  # zeros at the end of a binary file may be padding
            assert read_or_refused(cut, **valid.options) == []

    try_all(examples, check, where=st.floats(0.0, 1.0, exclude_max=True))


@pytest.mark.slow
@few_and_many
@pytest.mark.parametrize(
    "start", BEGINNINGS, ids=lambda start: start[:12].decode("latin-1").strip() or "nothing"
)
def test_random_content(start: bytes, examples: int) -> None:
    def check(zeros: int, rest: bytes, options: dict[str, Any]) -> None:
        read_or_refused(start + bytes(zeros) + rest, **options)

    texts = st.text(alphabet="0123456789.,;+-eEdD \t\n\r#x\x1a\u00a0θ²", max_size=300) | st.text(max_size=200)
    rest = st.binary(max_size=2000) | texts.map(str.encode)
    options = st.sampled_from(
        [
            {},
            {"wavelength": "CuKa"},
            {"axis": "q"},
            {"axis": "2theta", "wavelength": 1.54},
            {"trust_axis": True},
        ]
    )
    try_all(examples, check, zeros=st.sampled_from([0, 0, 100, 900]), rest=rest, options=options)


@few_and_many
def test_random_columns(examples: int) -> None:
    def check(text: str, columns: str) -> None:
        read_or_refused(b"a b c\n" + text.encode(), wavelength="CuKa", columns=columns)

    choices = st.sampled_from(["1,2", "1,3,2", "a,b", "q=2,intensity=1", "99,1"])
    try_all(
        examples,
        check,
        text=st.text(alphabet='0123456789.,;+-eE \t\nab#"\x1a', max_size=300),
        columns=choices,
    )


@few_and_many
def test_random_choices_of_columns(examples: int) -> None:
    def check(columns: str) -> None:
        read_or_refused(b"q I\n1 2\n2 3\n3 4\n4 5\n5 6\n", columns=columns)

    alphabet = "0123456789=,q2thetaintensityσ -\n"
    try_all(examples, check, columns=st.text(alphabet=alphabet, max_size=30) | st.text(max_size=30))


@pytest.mark.slow
@pytest.mark.parametrize(
    "start", BEGINNINGS, ids=lambda start: start[:12].decode("latin-1").strip() or "nothing"
)
def test_large_meaningless_files_are_refused(start: bytes) -> None:
    """Their time is in the benchmarks: here one that grows with the square of the size would never end."""
    for rest in (b"1 " * 200_000, b"x\n" * 200_000, b"Z9" * 200_000, b"@" * 400_000, bytes(400_000)):
        assert read_or_refused(start + rest) == []
    assert read_or_refused(start + bytes(20_000_000)) == []
