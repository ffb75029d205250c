"""Call the command line as a person would: in this process, or as a program of its own."""

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import slxrd
from slxrd.ui.cli import main as cli

EXAMPLES = Path(slxrd.__file__).parent / "io" / "examples"
CUBES = EXAMPLES / "cspbbr3-cubes.csv"
FILM = EXAMPLES / "H1202_o2t_fine_002.xrdml"

#: One region, and starts for everything: the quickest real fit of the cubes.
REGION = ["--region", "0.9:1.25"]
START = [
    word for text in ("d=5.84", "L=36.9", "sigma_L=1.4", "N=13", "sigma_N=1.5") for word in ("--start", text)
]
QUICK = [*REGION, *START]
#: With three parameters refined: for what follows a fit.
FEW = [*REGION, "--resolution", "0.007", "--fix", "sigma_L=1.4", "--fix", "sigma_N=1.5"]
FEW += [word for text in ("d=5.84", "L=36.9", "N=13") for word in ("--start", text)]


@dataclass(frozen=True)
class Outcome:
    """What a call left behind."""

    code: int
    out: str
    err: str

    def refused(self) -> str:
        """The one line of a refusal, after checking that it is one."""
        assert self.code == 2, (self.code, self.out, self.err)
        assert self.out == ""
        assert "Traceback" not in self.err
        assert self.err.startswith("slxrd: "), self.err
        assert self.err.count("\n") == 1, self.err
        assert self.err.endswith("\n")
        return self.err.strip().removeprefix("slxrd: ")


def call(*arguments: object) -> Outcome:
    """Run ``slxrd`` in this process."""
    cli.program()  # or else the program is built anew for each first command of a module
    words = ["slxrd", *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    argv, streams = mock.patch.object(sys, "argv", words), contextlib.ExitStack()
    with argv, streams:
        streams.enter_context(contextlib.redirect_stdout(out))
        streams.enter_context(contextlib.redirect_stderr(err))
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
    return Outcome(code if isinstance(code, int) else -1, out.getvalue(), err.getvalue())


def start(*arguments: object, folder: Path) -> subprocess.Popen[str]:
    """Start ``python -m slxrd`` as a process of its own."""
    words = [sys.executable, "-m", "slxrd", *map(str, arguments)]
    environment = {**os.environ, "PYTHONUTF8": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(words, cwd=folder, env=environment, text=True, encoding="utf-8", **pipes)


def run(*arguments: object, folder: Path) -> Outcome:
    """Run ``python -m slxrd`` to its end."""
    process = start(*arguments, folder=folder)
    out, err = process.communicate(timeout=120)
    return Outcome(process.returncode, out, err)


def contents(folder: Path) -> dict[str, bytes | None]:
    """Everything in a folder: names, and the bytes of files."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail what takes longer, where the system has an alarm clock."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def late(number: int, frame: object) -> None:
        raise AssertionError(f"not done after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """See that what happens inside leaves a folder as it was."""
    before = contents(folder)
    yield
    assert contents(folder) == before


def write_columns(path: Path, columns: Sequence[Sequence[float]], header: str = "# q in 1/Å") -> Path:
    """Write columns as text."""
    rows = ["  ".join(f"{value:.10g}" for value in row) for row in zip(*columns, strict=True)]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path
