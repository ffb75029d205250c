"""Fuzz one target: ``python -m fuzz readers --seconds 60``, with tests and tests/helpers on the path.

The inputs that reach more code are kept in build/fuzz, so that the next run begins with them. An input that
falls is written there too, as crash-…, and the exit code is not 0: ``python -m fuzz readers FILE`` tries it.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["slxrd"]):
    from fuzz.targets import TARGETS, beginnings, changed_document

FOLDER = Path(__file__).resolve().parents[2] / "build" / "fuzz"
#: Largest input and memory; some 300 MB are the libraries and the counters of the fuzzer.
LARGEST, MEMORY = 300_000, 800


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """Change a value of a JSON document, or any bytes."""
    changed = changed_document(data, seed) if seed % 2 else None
    if changed is not None and len(changed) <= most:
        return changed
    return bytes(atheris.Mutate(data, most))


def main() -> None:
    """Run the fuzzer, which ends the process."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("file", nargs="?", type=Path, help="try this input only")
    parser.add_argument("--seconds", type=int, default=1800)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.file is not None:
        TARGETS[given.target](given.file.read_bytes())
        return
    corpus = FOLDER / given.target
    corpus.mkdir(parents=True, exist_ok=True)
    for data in beginnings(given.target):
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    words = [
        sys.argv[0], str(corpus), f"-max_total_time={given.seconds}", f"-seed={given.seed}", "-timeout=20",
        f"-rss_limit_mb={MEMORY}", f"-max_len={LARGEST}", f"-artifact_prefix={FOLDER}/",
        "-print_final_stats=1",
    ]  # fmt: skip
    mutator = {"custom_mutator": mutate} if given.target == "documents" else {}
    atheris.Setup(words, TARGETS[given.target], **mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
