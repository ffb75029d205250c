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

few_and_many = pytest.mark.parametrize(
    "few", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["few", "many"]
)
each_format = pytest.mark.parametrize("valid", VALID, ids=str)


def try_all(few: bool, many: int, check: Callable[..., None], **strategies: st.SearchStrategy[Any]) -> None:
    """Call a check with generated arguments, so many times or a few times."""
    limits = settings(
        max_examples=6 if few else many,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    limits(given(**strategies)(check))()


def with_or_without(valid: Valid) -> st.SearchStrategy[Any]:
    """Arguments of the reader; without them it looks for the radiation or the axis in the file."""
    return st.sampled_from([valid.options, {}])


@each_format
def test_valid_files_are_read(valid: Valid) -> None:
    (pattern,) = read_or_refused(valid.content, valid.bytes_per_point, **valid.options)
    assert pattern.axis == valid.options.get("axis", "2theta")


def test_numbers_of_valid_files() -> None:
    contents = {valid.name: valid.content for valid in VALID}
    (columns,) = read_or_refused(contents["columns.txt"])
    assert columns.intensity.tolist() == [float(i * i) for i in range(1, 30)]
    (scan,) = read_or_refused(contents["H1202_o2t_fine_002.xrdml"])
    assert len(scan) == 299


@pytest.mark.slow
@each_format
def test_bytes_replaced(valid: Valid) -> None:
    def check(where: float | int, length: int, put: bytes, options: dict[str, Any]) -> None:
        read_or_refused(replaced(valid.content, where, length, put), valid.bytes_per_point, **options)

    length = st.integers(0, 60) | st.integers(0, 200)
    put = contents_to_put(valid)
    try_all(
        False,
        valid.examples,
        check,
        where=valid.places,
        length=length,
        put=put,
        options=with_or_without(valid),
    )


@few_and_many
@pytest.mark.parametrize("valid", [valid for valid in VALID if valid.bytes_per_point], ids=str)
def test_a_number_overwritten(valid: Valid, few: bool) -> None:
    """The length stays, so that all that follows is in its place."""

    def check(where: int, put: bytes, options: dict[str, Any]) -> None:
        read_or_refused(replaced(valid.content, where, len(put), put), valid.bytes_per_point, **options)

    put = contents_to_put(valid)
    try_all(few, valid.examples, check, where=valid.places, put=put, options=with_or_without(valid))


@pytest.mark.slow
@pytest.mark.parametrize("valid", [valid for valid in VALID if valid.is_archive], ids=str)
def test_a_member_of_an_archive_damaged(valid: Valid) -> None:
    def check(member: str, where: float | int, length: int, put: bytes, options: dict[str, Any]) -> None:
        changed = with_member(valid.content, member, lambda content: replaced(content, where, length, put))
        read_or_refused(changed, **options)

    names, length = st.sampled_from(members(valid.content)), st.integers(0, 60)
    try_all(
        False,
        valid.examples,
        check,
        member=names,
        where=valid.places,
        length=length,
        put=contents_to_put(valid),
        options=with_or_without(valid),
    )


@few_and_many
@each_format
def test_truncated_files_are_refused(valid: Valid, few: bool) -> None:
    data = valid.content if valid.is_archive or valid.bytes_per_point else valid.content.rstrip()

    def check(length: int) -> None:
        cut = data[:length]
        if cut.rstrip(b"\0"):  # zeros at the end of a binary file may be padding
            found = read_or_refused(cut, **valid.options)
            assert valid.complete_at is None or found == []

    longest = len(data) - max(valid.complete_at or 0, 1)
    try_all(few, valid.examples, check, length=st.integers(0, longest) | st.just(longest))


@pytest.mark.slow
@pytest.mark.parametrize(
    "start", BEGINNINGS, ids=lambda start: start[:12].decode("latin-1").strip() or "nothing"
)
def test_random_content(start: bytes) -> None:
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
    many = 150 if start else 600  # without a mark it may be of any format
    try_all(False, many, check, zeros=st.sampled_from([0, 0, 100, 900]), rest=rest, options=options)


@few_and_many
def test_random_columns(few: bool) -> None:
    def check(text: str, columns: str) -> None:
        read_or_refused(b"a b c\n" + text.encode(), wavelength="CuKa", columns=columns)

    choices = st.sampled_from(["1,2", "1,3,2", "a,b", "q=2,intensity=1", "99,1"])
    try_all(
        few,
        150,
        check,
        text=st.text(alphabet='0123456789.,;+-eE \t\nab#"\x1a', max_size=300),
        columns=choices,
    )


@few_and_many
def test_random_choices_of_columns(few: bool) -> None:
    def check(columns: str) -> None:
        read_or_refused(b"q I\n1 2\n2 3\n3 4\n4 5\n5 6\n", columns=columns)

    alphabet = "0123456789=,q2thetaintensityσ -\n"
    try_all(few, 150, check, columns=st.text(alphabet=alphabet, max_size=30) | st.text(max_size=30))


@pytest.mark.slow
@pytest.mark.parametrize(
    "start", BEGINNINGS, ids=lambda start: start[:12].decode("latin-1").strip() or "nothing"
)
def test_large_meaningless_files_are_refused(start: bytes) -> None:
    """Their time is in the benchmarks: here one that grows with the square of the size would never end."""
    for rest in (b"1 " * 200_000, b"x\n" * 200_000, b"Z9" * 200_000, b"@" * 400_000, bytes(400_000)):
        assert read_or_refused(start + rest) == []
    assert read_or_refused(start + bytes(20_000_000)) == []
