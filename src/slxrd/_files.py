"""Writing of files: complete or not at all, and never over an existing one without permission."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from slxrd.errors import FileError, SlxrdError

#: Longest name of a file, in bytes, with room for a number before the ending.
LONGEST_NAME = 230
#: Formats of pictures, by the names of their files.
PICTURES = (".png", ".svg", ".pdf")


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths are of one file that exists; a path that no file can have is of none."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def check_writable(paths: Iterable[Path], force: bool) -> None:
    """Check that files can be written.

    Raises
    ------
    FileError
        If one exists and ``force`` is not given, or its folder cannot be written to.
    """
    for path in paths:
        if path.is_dir():
            raise FileError(path, "is a directory; name a file")
        if path.exists() and not force:
            raise FileError(
                path, "exists; choose another name, or overwrite it with --force (Python: force=True)"
            )
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        if not folder.is_dir():
            raise FileError(path, f"cannot be written: {folder} is not a directory")
        if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
            raise FileError(path, "cannot be written; check the permissions of its folder")


def check_picture(path: Path) -> None:
    """Check that the suffix of a picture is that of a supported format.

    Raises
    ------
    SlxrdError
        If the suffix is another one, or missing.
    """
    if path.suffix.lower() not in PICTURES:
        raise SlxrdError(f"{path}: pictures are written as .png, .svg or .pdf")


def short_name(name: str, ending: str) -> str:
    """Return a name of a file with an ending, cut where file systems would not take it.

    Parameters
    ----------
    name : str
        Name without the ending.
    ending : str
        Ending of the file.
    """
    encoded, longest = os.fsencode(name), LONGEST_NAME - len(os.fsencode(ending))
    return (name if len(encoded) <= longest else encoded[:longest].decode(errors="ignore")) + ending


def caption_path(picture: Path) -> Path:
    """Return the file of the caption beside that of a picture: ``fit.caption.txt`` beside ``fit.pdf``."""
    return picture.with_name(short_name(picture.stem, ".caption.txt"))


def write(path: Path, content: bytes | str) -> None:
    """Write a temporary file in the same folder, and rename it when it is complete.

    Bytes of names that are not UTF-8 are written by the codes that JSON reads.

    Raises
    ------
    FileError
        If it cannot be written; no partial file remains.
    """
    write_together([(path, content)])


def write_together(contents: Iterable[tuple[Path, bytes | str]]) -> None:
    """Write several files: all are complete before the first receives its name.

    A symbolic link stays one, and the file that it leads to is written.

    Parameters
    ----------
    contents : iterable of (Path, bytes or str)
        Files and their contents; a text as in :func:`write`.

    Raises
    ------
    FileError
        If one cannot be written; then none is.
    """
    complete: list[tuple[str, Path, Path]] = []
    path = Path()
    try:
        for path, content in contents:
            target = Path(os.path.realpath(path)) if path.is_symlink() else path
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(prefix=".slxrd-", dir=target.parent)
            complete.append((beside, target, path))
            with os.fdopen(handle, "wb") as file:
                file.write(content.encode(errors="backslashreplace") if isinstance(content, str) else content)
            mask = os.umask(0)
            os.umask(mask)
            Path(beside).chmod(0o666 & ~mask)
        for beside, target, given in complete:
            path = given
            Path(beside).replace(target)
    except OSError as error:
        raise FileError(path, f"cannot be written ({error.strerror})") from None
    finally:
        for beside, _, _ in complete:
            Path(beside).unlink(missing_ok=True)
