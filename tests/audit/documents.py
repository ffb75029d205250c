"""Rows of the documents beside the measured files: results, sessions, series, tables, crystals and stacks."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from cli_shell import call
from hostile_archives import WAYS, hostile
from right_arguments import CIF

import slxrd
from audit import names
from audit.hdf5 import examined_by_one_process
from audit.mutations import mutated_bytes, mutated_json
from audit.rows import Attempt, Row, Wrong
from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.batch import Refined
from slxrd.fitting.uncertainty.kept_replicates import KeptReplicates
from slxrd.instrument.calibration.file import read_resolution
from slxrd.studies.lowangle.against_fit import fitted_parameters
from slxrd.studies.maps.blocks.refinement import Solutions
from slxrd.studies.maps.files.results import read_map, write_map
from slxrd.studies.maps.files.stacks import Choice, open_stack
from slxrd.studies.maps.files.store import BlockStore
from slxrd.studies.series.files import Naming, find_series
from slxrd.studies.series.output import printed_series
from slxrd.studies.series.run import _Store
from slxrd.ui.app.state.autosave_folder import _page as page_of
from slxrd.ui.app.state.autosave_folder import _shown
from slxrd.ui.gallery.page import GalleryPage
from slxrd.ui.report.page import _samples_text

FILES = Path(__file__).parents[1] / "files"
OLD = FILES / "v0.1"
#: Of so many HDF5 files one is examined as by a user, in a new process.
EXAMINED = 100
#: A longer message is no sentence.
LONGEST_MESSAGE = 1500
GALLERY: dict[str, Any] = {
    "slxrd": slxrd.__version__,
    "figures": {"S2": {"title": "t", "order": 1.0, "caption": "c", "table": [["a", "b"]], "pictures": {}}},
}


def _load(path: Path) -> None:
    saved = slxrd.load(path)
    str(saved)
    for estimate in (*saved.parameters.values(), *saved.derived.values()):
        for number in (estimate.value, estimate.error):
            if number is not None and not math.isfinite(number):
                raise Wrong(f"{estimate} is read as a result")


def _session(path: Path) -> None:
    opened = slxrd.Session.open(path)
    again = path.with_name("again.json")
    opened.save(again, force=True)
    if slxrd.Session.open(again).state.request() != opened.state.request():
        raise Wrong("a session is another after it was saved and opened")


def _stored_pattern(path: Path) -> None:
    found = _Store(path.parent.parent, [path.stem], force=False).load([path.stem], "alone", {0: KEY})
    if found and not isinstance(found[0], dict):
        raise Wrong("the stored result is no object")


def _stack(path: Path) -> None:
    with contextlib.ExitStack() as opened:
        found = open_stack([path], Choice(), opened, slxrd.read)
        found.rows(0, min(found.count, 100))


def _map(path: Path) -> None:
    str(read_map(path))


def _page(path: Path) -> None:
    values, _ = _shown(page_of(path.with_name("session.json")))
    if not all(math.isfinite(value) for value in values.values()):
        raise Wrong("a slider has a value that is not finite")


def _replicates(path: Path) -> None:
    found = KeptReplicates(path, [[1.0]], REPLICATES.values.shape[1]).read(10)
    if found is not None and not np.array_equal(found.values, REPLICATES.values[: len(found.values)]):
        raise Wrong("damaged replicates are used")


def _replicates_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        kept = KeptReplicates(Path(folder, "kept"), [[1.0]], REPLICATES.values.shape[1])
        kept.write([REPLICATES], now=True)
        return kept.path.read_bytes()


def _block_file() -> bytes:
    content = io.BytesIO()
    np.savez(content, **vars(BLOCK))
    return content.getvalue()


def _block(path: Path) -> None:
    BlockStore(path.parent).load("refined", 0, BLOCK)


REPLICATES = Refined(
    np.arange(12.0).reshape(4, 3), np.ones(4), np.ones(4, dtype=bool), np.zeros(4, dtype=int)
)
BLOCK = Solutions.empty(3, 5)
PAGE: dict[str, Any] = {"file": "a.csv", "fitted": True, "values": {"d": 5.84, "L": 36.9}, "solution": 0}
STORED = OLD / "series" / "joint" / "patterns" / "film-25C.json"
KEY: str = json.loads(STORED.read_text(encoding="utf-8"))["key"]
#: For each document: name of the file, valid contents, whether it is JSON, and what reads it.
DOCUMENTS: dict[str, tuple[str, list[Path | bytes], bool, Callable[[Path], object]]] = {
    "result.json": (
        "result.json",
        [
            FILES / "results" / "schema-1" / "result.json", OLD / "fits" / "own" / "result.json",
            OLD / "fits" / "raw" / "result.json", FILES / "results" / "schema-3" / "result.json",
            FILES / "results" / "schema-4" / "result.json",
        ],
        True, _load,
    ),
    "session": (
        "session.json",
        [
            *sorted((OLD / "sessions").glob("*.json")), FILES / "results" / "schema-4" / "fitted.json",
            FILES / "results" / "schema-4" / "chosen.json",
        ],
        True, _session,
    ),
    "series.json": (
        "series.json", [OLD / "series" / n / "series.json" for n in ("joint", "independent")], True,
        printed_series,
    ),
    "pattern of a series": ("patterns/film-25C.json", [STORED], True, _stored_pattern),
    "gallery.json": (
        "gallery.json", [json.dumps(GALLERY).encode()], True,
        lambda path: GalleryPage.open(path.parent, force=False),
    ),
    "bootstrap.json": (
        "bootstrap.json", [OLD / "fits" / "faint" / "bootstrap.json"], True,
        lambda path: _samples_text("bootstrap", path),
    ),
    "crystal": ("own.toml", [OLD / "fits" / "own.toml"], False, slxrd.crystal),
    "CIF": ("a.cif", [CIF.encode()], False, lambda path: slxrd.crystal_from_cif(path, (0, 0, 1))),
    "resolution": ("resolution.toml", [OLD / "fits" / "resolution.toml"], False, read_resolution),
    "table of a series": (
        "table.csv", [b"file,temperature (\xc2\xb0C)\nfilm-25C.csv,25\nfilm-50C.csv,50\n"], False,
        lambda path: find_series([], slxrd.read, Naming(table=path)),
    ),
    "result for low angles": (
        "result.json",
        [OLD / "fits" / "own" / "result.json", FILES / "results" / "schema-4" / "result.json"],
        True, fitted_parameters,
    ),
    "page of an autosave": ("session.page.json", [json.dumps(PAGE).encode()], True, _page),
    "replicates of a bootstrap": ("replicates", [_replicates_file()], False, _replicates),
    "block of a map": ("refined-000000.npz", [_block_file()], False, _block),
}  # fmt: skip


def rows() -> list[Row]:
    """One row for each document, and for the binary files of maps."""
    found = [_row(name) for name in DOCUMENTS]
    found.append(Row("document", "results for a sample table", _of_sample))
    with contextlib.suppress(ImportError):
        import h5py  # noqa: F401

        found += [Row("document", "stack.h5", _of_hdf5), Row("document", "result of a map", _of_map)]
    return [*found, Row("document", "stack.npz", _of_npz), Row("document", "stack.npy", _of_npy)]


def _row(name: str) -> Row:
    file, valid, is_json, read = DOCUMENTS[name]

    def prepare(folder: Path) -> Attempt:
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        for pattern in (OLD / "series" / "grown").glob("*.csv"):
            (folder / pattern.name).write_bytes(pattern.read_bytes())
        contents = [each if isinstance(each, bytes) else each.read_bytes() for each in valid]

        def attempt(number: int, chance: random.Random) -> None:
            mutate = mutated_json if is_json else mutated_bytes
            path.write_bytes(mutate(chance.choice(contents), chance))
            read_or_refused_document(path, read)

        return attempt

    return Row("document", name, prepare)


def read_or_refused_document(path: Path, read: Callable[[Path], object]) -> None:
    """Read a document; what refuses it must be one sentence."""
    try:
        read(path)
    except SlxrdError as error:
        text = str(error)
        if not text or "\n" in text or len(text) > LONGEST_MESSAGE + len(str(path)):
            raise Wrong(f"the message is no sentence: {text[:300]!r}") from None


def _binary(path: Path, read: Callable[[Path], object]) -> Attempt:
    """Try a binary file that exists already."""
    valid = path.read_bytes()

    def attempt(number: int, chance: random.Random) -> None:
        path.write_bytes(mutated_bytes(valid, chance))
        with contextlib.nullcontext() if number % EXAMINED == 0 else examined_by_one_process():
            read_or_refused_document(path, read)

    return attempt


def _of_sample(folder: Path) -> Attempt:
    """Try what other methods measured, written by their commands, in a table of one sample."""
    contents = []
    for command in ("periods", "orientation", "saed", "directions"):
        here = folder / command
        here.mkdir()
        os.chdir(here)
        tried = names.COMMANDS[command]
        assert tried.write is not None
        tried.write(here / f"file{tried.suffix}")
        call(*tried.words, f"file{tried.suffix}")
        contents.append((here / "out" / f"{command}.json").read_bytes())
    path = folder / "other.json"

    def attempt(number: int, chance: random.Random) -> None:
        path.write_bytes(mutated_json(contents[number % len(contents)], chance))
        read_or_refused_document(path, lambda each: str(slxrd.sample_table([each])))

    return attempt


def _arrays() -> dict[str, np.ndarray]:
    q = np.linspace(0.9, 1.3, 20)
    return {"q": q, "intensity": np.arange(120).reshape(2, 3, 20).astype(np.uint16)}


def _of_hdf5(folder: Path) -> Attempt:
    import h5py

    path = folder / "stack.h5"
    with h5py.File(path, "w") as file:
        for name, values in _arrays().items():
            file.create_dataset(f"entry/data/{name}", data=values)
    return _binary(path, _stack)


def _of_npz(folder: Path) -> Attempt:
    path = folder / "stack.npz"
    np.savez(path, **_arrays())
    valid, damaged = path.read_bytes(), _binary(path, _stack)

    def attempt(number: int, chance: random.Random) -> None:
        if chance.random() < 0.9:
            damaged(number, chance)
            return
        path.write_bytes(hostile(valid, chance.choice(list(WAYS)), chance.randrange(2)))
        read_or_refused_document(path, _stack)

    return attempt


def _of_npy(folder: Path) -> Attempt:
    np.save(folder / "stack.npy", _arrays()["intensity"])
    np.save(folder / "q.npy", _arrays()["q"])

    def read(path: Path) -> None:
        with contextlib.ExitStack() as opened:
            found = open_stack([path], Choice(q=str(folder / "q.npy")), opened, slxrd.read)
            found.rows(0, min(found.count, 100))

    return _binary(folder / "stack.npy", read)


def _of_map(folder: Path) -> Attempt:
    from simulated_raster import OPTIONS, Q, raster

    path = folder / "map.h5"
    found = slxrd.fit_map(Q, raster().intensity[4:5, 1:3], check=1, workers=1, systematics="none", **OPTIONS)
    write_map(path, found)
    return _binary(path, _map)
