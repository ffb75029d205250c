"""One run at a time in an output folder.

The lock is one of the operating system on an open file, so that it ends with the process that has it, however
that ends. A file that such a process leaves behind is no lock.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from slxrd._files import short_name
from slxrd.errors import FileError

#: Name of the file of a lock in a folder.
LOCK = ".slxrd-lock"
#: Errors of a lock that another process has.
_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        # Locked bytes cannot be read: one far behind the text is.
        os.lseek(file, 2**30, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def locked(output: Path, *, file: bool = False) -> Iterator[None]:
    """Keep other runs from an output until the end of the block.

    Parameters
    ----------
    output : Path
        Folder, made if it does not exist, or, with ``file``, a file.
    file : bool
        Whether it is a file.

    Raises
    ------
    FileError
        If another run has it, or the lock file cannot be written.
    """
    folder = output.parent if file else output
    name = short_name(f".{output.name}", LOCK) if file else LOCK
    made = not folder.exists()
    path = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = _opened(path)
    except OSError as error:
        raise FileError(output, f"cannot be written ({error.strerror})") from None
    if handle is None:
        raise FileError(
            output, f"another run{_owner(path)} writes there; wait for it, or name another output"
        )
    try:
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, f"{os.getpid()} {socket.gethostname()}\n".encode())
        yield
    finally:
        if sys.platform == "win32":
            os.close(handle)
        with contextlib.suppress(OSError):
            path.unlink()
        if sys.platform != "win32":
            os.close(handle)
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _opened(path: Path) -> int | None:
    """Open and lock a file; None if another process has it."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(file)
        except OSError as error:
            if error.errno not in _TAKEN:
                return file  # a file system without locks
            os.close(file)
            return None
        # The run before may have removed the file after it was opened here.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), path.stat()):
                return file
        os.close(file)


def _owner(path: Path) -> str:
    try:
        process, host = path.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return ""
    return f" (process {process} on {host})"
