"""What is fuzzed: a target raises where bytes are neither read nor refused in one sentence."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from damaged_files import VALID, read_or_refused

from audit.documents import DOCUMENTS, read_or_refused_document
from audit.mutations import mutated_json
from audit.readers import OPTIONS

#: Inputs that once fell; every one is an ordinary test, and a beginning of the fuzzing.
CORPUS = Path(__file__).parent / "corpus"
#: Documents by the first byte of an input; those of HDF5 and NumPy are left to the audit.
NAMES = tuple(DOCUMENTS)


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp())


def readers(data: bytes) -> None:
    """Read a measured file; the first byte chooses the arguments."""
    if data:
        read_or_refused(data[1:], **OPTIONS[data[0] % len(OPTIONS)])


def documents(data: bytes) -> None:
    """Read a document; the first byte chooses which."""
    if not data:
        return
    file, _, _, read = DOCUMENTS[NAMES[data[0] % len(NAMES)]]
    path = _folder() / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data[1:])
    read_or_refused_document(path, read)


TARGETS: dict[str, Callable[[bytes], None]] = {"readers": readers, "documents": documents}


def beginnings(target: str) -> list[bytes]:
    """Valid inputs of a target, and those that once fell."""
    found = [path.read_bytes() for path in sorted(CORPUS.glob(f"{target}-*"))]
    if target == "readers":
        whole = [bytes([OPTIONS.index(dict(each.options))]) + each.content for each in VALID]
        return found + [data for data in whole if len(data) < 300_000]
    for number, name in enumerate(NAMES):
        for content in DOCUMENTS[name][1]:
            data = content if isinstance(content, bytes) else content.read_bytes()
            found.append(bytes([number]) + data)
    return found


def changed_document(data: bytes, seed: int) -> bytes | None:
    """A JSON document with another value; None for other documents, and where it is no JSON."""
    if not data or not DOCUMENTS[NAMES[data[0] % len(NAMES)]][2]:
        return None
    try:
        return data[:1] + mutated_json(data[1:], random.Random(seed))
    except (ValueError, RecursionError):
        return None
