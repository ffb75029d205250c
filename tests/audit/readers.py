"""Rows of the readers of measured files: mutated files of every format."""

from __future__ import annotations

import random
from pathlib import Path

from damaged_files import BEGINNINGS, VALID, Valid, read_or_refused
from hostile_archives import WAYS, hostile

from audit.mutations import mutated_bytes, mutated_file
from audit.rows import Attempt, Row

#: Arguments with which a file is read.
OPTIONS = (
    {},
    {"wavelength": "CuKa"},
    {"axis": "q"},
    {"axis": "2theta", "wavelength": 1.54},
    {"trust_axis": True},
)


def rows() -> list[Row]:
    """One row for each valid file, and one for beginnings of files with anything behind them."""

    def row(valid: Valid) -> Row:
        def prepare(_: Path) -> Attempt:
            def attempt(number: int, chance: random.Random) -> None:
                data = mutated_file(valid.content, chance, valid.words)
                options = valid.options if chance.random() < 0.7 else chance.choice(OPTIONS)
                read_or_refused(data, valid.bytes_per_point, **options)

            return attempt

        return Row("reader", valid.name, prepare)

    others = [Row("reader", "beginnings", _beginnings), Row("reader", "hostile archives", _archives)]
    return [*map(row, VALID), *others]


def _archives(_: Path) -> Attempt:
    archives = [valid for valid in VALID if valid.is_archive and len(valid.content) < 100_000]

    def attempt(number: int, chance: random.Random) -> None:
        valid = chance.choice(archives)
        data = hostile(valid.content, chance.choice(list(WAYS)), chance.randrange(100))
        if chance.random() < 0.5:
            data = mutated_bytes(data, chance)
        read_or_refused(data, **valid.options)

    return attempt


def _beginnings(_: Path) -> Attempt:
    def attempt(number: int, chance: random.Random) -> None:
        alphabet = "0123456789.,;+-eEdD \t\n\r#x\x1a\u00a0θ²"
        text = "".join(chance.choices(alphabet, k=chance.randrange(300))).encode()
        rest = chance.choice(
            (text, chance.randbytes(chance.randrange(2000)), bytes(chance.randrange(900)) + text)
        )
        read_or_refused(chance.choice(BEGINNINGS) + rest, **chance.choice(OPTIONS))

    return attempt
