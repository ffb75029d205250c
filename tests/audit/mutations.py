"""Mutations of valid files: of bytes, of archive members, and of the values of JSON documents."""

from __future__ import annotations

import copy
import json
import math
import random
import struct
from collections.abc import Sequence
from typing import Any

from damaged_files import WORDS, members, with_member

#: Values that do not belong where they are put.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63 - 1, 2**70, 10**400, 1.5, -1.5, 1e-300, 1e308, -1e308, math.nan,
    math.inf, "", "x", "nan", "<img src=x onerror=alert(1)>", "$\\frac{$", "=1+1", "\x1b[2J", "\x00",
    "a" * 2000, [], {}, [[]], [None], [1.0, 2.0], {"a": 1}, {"value": None}, [["x", 1]], "../../x",
    "/dev/zero",
)  # fmt: skip


def number_as_bytes(chance: random.Random) -> bytes:
    """A number as binary files hold it."""
    kind = chance.choice(("<I", "<i", "<h", "<f", "<d", "small"))
    if kind == "small":
        return struct.pack("<I", chance.randrange(300))
    if kind in ("<f", "<d"):
        value = chance.choice((0.0, -1.0, 1e30, math.nan, math.inf, chance.uniform(-1e3, 1e3)))
        return struct.pack(kind, value)
    size = {"<I": (0, 2**32), "<i": (-(2**31), 2**31), "<h": (-(2**15), 2**15)}[kind]
    return struct.pack(kind, chance.randrange(*size))


def mutated_bytes(data: bytes, chance: random.Random, words: Sequence[bytes] = ()) -> bytes:
    """Bytes with one to four changes."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        place = chance.randrange(len(data) + 1) if chance.random() < 0.5 else chance.randrange(2500)
        place = min(place, len(data))
        length = chance.choice((0, 1, 4, chance.randrange(60), chance.randrange(2000)))
        kind = chance.randrange(6)
        if kind == 0:
            put = chance.choice([*WORDS, *words])
        elif kind == 1:
            put, length = number_as_bytes(chance), chance.choice((4, 8, 0))
        elif kind == 2:
            put = chance.randbytes(chance.randrange(1, 8))
        elif kind == 3:  # repeat a part
            put = data[place : place + length] * chance.randrange(2, 5)
        elif kind == 4:  # a part in another place
            other = chance.randrange(len(data) + 1)
            put = data[other : other + length]
        else:
            data = data[:place] if chance.random() < 0.3 else data
            put = b""
        data = data[:place] + put + data[place + length :]
    return data


def mutated_file(data: bytes, chance: random.Random, words: Sequence[bytes] = ()) -> bytes:
    """A mutated file; of an archive also one of its members."""
    if data.startswith(b"PK") and chance.random() < 0.8:
        name = chance.choice(members(data))
        return with_member(data, name, lambda content: mutated_bytes(content, chance, words))
    return mutated_bytes(data, chance, words)


def mutated_json(data: bytes, chance: random.Random) -> bytes:
    """A JSON document with one to three values replaced, removed, added or moved; or with other bytes."""
    if chance.random() < 0.25:
        return mutated_bytes(data, chance, (b"{", b"}", b"[", b"]", b"null", b"1e999", b'"schema": 1,'))
    document = json.loads(data)
    for _ in range(chance.choice((1, 1, 2, 3))):
        document = _changed(document, chance)
    return json.dumps(document, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def _changed(document: Any, chance: random.Random) -> Any:
    """A document in which one value, at any depth, is another."""
    inside = _containers(document)
    if not inside:
        return copy.deepcopy(chance.choice(VALUES))
    # The depth is random, so that long tables of numbers do not take all changes.
    depth = chance.choice(sorted({level for level, _ in inside}))
    where = chance.choice([each for level, each in inside if level == depth])
    keys = list(where) if isinstance(where, dict) else list(range(len(where)))
    key = chance.choice(keys)
    kind = chance.randrange(5)
    if kind == 0:
        del where[key]
    elif kind == 1:
        other = chance.choice(inside)[1]
        where[key] = copy.deepcopy(other)
    elif kind == 2 and isinstance(where, dict):
        where[chance.choice(("x", "", "a" * 1500, "L", "schema"))] = copy.deepcopy(chance.choice(VALUES))
    elif kind == 3 and isinstance(where[key], float):
        where[key] = chance.choice((-1, 0, 1e-9, 1e9, 1e150, -1e150)) * (where[key] or 1)
    else:
        where[key] = copy.deepcopy(chance.choice(VALUES))
    return document


def _containers(document: Any) -> list[tuple[int, Any]]:
    """All lists and objects that contain something, with their depth."""
    found, level, depth = [], [document], 0
    while level:
        inside = [each for each in level if isinstance(each, dict | list) and each]
        found += [(depth, each) for each in inside]
        level = [v for each in inside for v in (each.values() if isinstance(each, dict) else each)]
        depth += 1
    return found
