"""Files of sessions: a result, or the request if there is no result yet."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import slxrd
from slxrd._documents import check_readable, read_json, read_text
from slxrd._escape import csv_cell
from slxrd.errors import FileError, SlxrdError
from slxrd.fitting.record.command_line import EXAMPLE
from slxrd.fitting.record.kept_fit import KeptFit, as_document, from_documents
from slxrd.fitting.record.kept_sample import SampleResult
from slxrd.fitting.record.kept_sample import as_documents as sample_documents
from slxrd.fitting.record.kept_sample import from_documents as sample_results
from slxrd.fitting.record.migrations import SCHEMA, migrated
from slxrd.fitting.record.state import State
from slxrd.fitting.record.validation import check
from slxrd.fitting.record.write import CURVES, to_json

#: Largest measured file that is stored in a document, in bytes, before it is packed.
CONTENT_LIMIT = 200_000_000
#: Largest table of curves beside a result, in bytes.
TABLE_LIMIT = 40_000_000


@dataclass(frozen=True)
class Found:
    """Contents of the file of a session.

    Parameters
    ----------
    state : State
        State of the session.
    log : tuple of str
        Steps that led to the state.
    content : bytes or None
        Content of the measured file, if it has no path.
    fits : tuple of KeptFit
        Fits made in the session.
    sample : tuple of SampleResult
        Results of the sample by other methods.
    """

    state: State
    log: tuple[str, ...]
    content: bytes | None
    fits: tuple[KeptFit, ...]
    sample: tuple[SampleResult, ...]


def to_document(
    state: State,
    log: tuple[str, ...] = (),
    content: bytes | None = None,
    fits: Sequence[KeptFit] = (),
    sample: Sequence[SampleResult] = (),
) -> str:
    """Write a session as JSON.

    Parameters
    ----------
    state : State
        State of the session.
    log : tuple of str
        The steps that led to it.
    content : bytes, optional
        Content of a measured file that has no path.
    fits : sequence of KeptFit
        Fits made in the session.
    sample : sequence of SampleResult
        Results of the sample by other methods.

    Raises
    ------
    SlxrdError
        If it would be too large to be opened again.
    """
    base = {"slxrd": slxrd.__version__, "schema": SCHEMA} if state.result is None else dict(state.result)
    document = {**base, "asked": state.request(), "log": list(log)}
    if fits:
        document["fits"] = [as_document(kept) for kept in fits]
    if sample:
        document["sample"] = sample_documents(sample)
    if content is not None:
        document["content"] = _packed(content)
    text = to_json(document)
    if 2 * len(document.get("content", "")) > len(text):
        advice = "open the measured file by its path (slxrd app FILE), so that it is not stored"
    else:
        advice = "remove fits that are no longer needed, or choose smaller regions"
    check_readable(text, "the session", advice)
    return text


@lru_cache(maxsize=2)  # the page writes the same file with every change
def _packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode()


def read_document(path: str | Path) -> dict[str, Any]:
    """Read a result or session, and convert it to the present layout.

    Parameters
    ----------
    path : path-like
        The file.

    Raises
    ------
    FileError
        If it cannot be read, is not a result or session, or was written by a later version.
    """
    path = Path(path)
    if path.is_dir():
        raise FileError(path, "is a directory; name the file, result.json")
    document = migrated(
        read_json(path, "is no result of slxrd; give a result.json, or a saved session"), path
    )
    regions = document.get("regions")
    if isinstance(regions, list) and all(isinstance(region, dict) for region in regions):
        _with_curves([r for r in regions if r.get("curves", 0) is None], path.with_name("fit.csv"))
    return document


def _with_curves(regions: list[dict[str, Any]], table: Path) -> None:
    """Add curves from the CSV beside a result, if it has the same number of points in each region."""
    if not regions or not table.is_file():
        return
    found: dict[str, list[list[float]]] = {}
    try:
        for row in csv.DictReader(io.StringIO(read_text(table, TABLE_LIMIT), newline="")):
            found.setdefault(row["region"], []).append([float(row[name]) for name in CURVES])
        for region in regions:
            name = str(region["name"])
            own = found.get(csv_cell(name)) or found.get(name, [])  # the name itself in earlier versions
            if len(own) == region["n_points"]:
                region["curves"] = dict(zip(CURVES, map(list, zip(*own, strict=True)), strict=True))
    except (ValueError, KeyError, TypeError, csv.Error):
        return  # It is not that of this result.


def from_document(document: Mapping[str, Any], path: Path) -> Found:
    """Convert the document of a session to its state.

    Parameters
    ----------
    document : mapping
        Document in the present layout.
    path : Path
        Its file; the measured file is also searched for beside it.

    Raises
    ------
    FileError
        If it is damaged or contains no request.
    """
    request, result = document.get("asked"), dict(document) if "parameters" in document else None
    if request is None and result is None:
        raise FileError(path, "has no valid request of a fit; the file is damaged")
    try:
        request = request or {}  # A fit of a pattern without a file can be shown, but not repeated.
        for name in ("log", "content", "fits", "sample"):
            if result is not None:
                result.pop(name, None)
        state = State(**request)
        check(state, files=False)
        content = None
        if "content" in document:
            content = _unpacked(document["content"])
            if hashlib.sha256(content).hexdigest() != state.sha256:
                raise SlxrdError("the measured file in it is not the one that was fitted")
        log = tuple(str(word) for word in document.get("log", ()))
    except (SlxrdError, KeyError, TypeError, ValueError, AttributeError, OverflowError, zlib.error) as error:
        raise FileError(path, f"is damaged ({error}); save it again") from None
    if content is None:
        state = replace(state, file=_found(state, path))
    kept = _fits(document, state, path), _sample(document, path)
    return Found(replace(state, result=result), log, content, *kept)


def _fits(document: Mapping[str, Any], state: State, path: Path) -> tuple[KeptFit, ...]:
    """Return the kept fits of a document, whose results may be in an earlier layout than the document."""
    try:
        items = document.get("fits", [])
        return from_documents([{**item, "result": migrated(item["result"], path)} for item in items], state)
    except (SlxrdError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise FileError(path, f"is damaged: its kept fits are not valid ({error}); save it again") from None


def _sample(document: Mapping[str, Any], path: Path) -> tuple[SampleResult, ...]:
    try:
        return sample_results(document.get("sample", []))
    except (SlxrdError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileError(
            path, f"is damaged: its results of the sample are not valid ({error}); save it again"
        ) from None


def _unpacked(text: str) -> bytes:
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(base64.b64decode(text, validate=True), CONTENT_LIMIT)
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise SlxrdError("the measured file in it is cut short, or too large")
    return content


def _found(state: State, path: Path) -> str | None:
    """Find the measured file at its path, beside the document or in the folder above, by its content."""
    if state.file is None or state.file.startswith(EXAMPLE) or state.sha256 is None:
        return state.file
    folder = path.absolute().parent
    places = [Path(state.file)]
    for above in (folder, folder.parent):
        places += [above / state.file, above / Path(state.file).name]
    for place in places:
        try:
            if place.is_file() and _digest(place) == state.sha256:
                return str(place)
        except (OSError, ValueError):
            continue
    return state.file


def _digest(file: Path) -> str:
    """Return the SHA-256 of a file, which may be large; a document can name any."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
