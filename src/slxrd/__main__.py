"""The program ``slxrd``, and ``python -m slxrd``: signals are handled before anything is imported."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType

#: Exit code after Ctrl-C, as of a shell.
INTERRUPTED = 130
#: Seconds until a signal is handled again whose exception was lost.
AGAIN = 0.02
#: Variables that limit the threads of NumPy's linear algebra, which it reads when it is imported.
OF_LINEAR_ALGEBRA = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
#: Signals that end the program as Ctrl-C does, so that what is finished is written.
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class _Interruption:
    """What a signal does: at first the program ends at once, later what runs is interrupted.

    At first modules are imported, and at the end the interpreter is taken down, where an exception could be
    lost, or printed with all calls that led to it. The second signal ends the program in any case.
    """

    def __init__(self) -> None:
        self.process = os.getpid()
        self.importing = True
        self.ending = False
        self.code = INTERRUPTED
        self.seen = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if os.getpid() != self.process:  # a worker
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        self.code = 128 + number
        if self.ending:
            os._exit(self.code)
        if self.importing or self.seen:
            if not self.seen:
                _print_interrupted()
            os._exit(self.code)
        self.seen = True
        raise KeyboardInterrupt

    def report_lost(self, lost: sys.UnraisableHookArgs) -> None:
        """Handle the signal again if its exception was lost; report other lost exceptions as usual.

        Exceptions are lost where Python removes an object, or compiled code calls Python.
        """
        if not (self.seen and lost.exc_type is KeyboardInterrupt):
            sys.__unraisablehook__(lost)
            return
        from threading import Timer

        self.seen = False
        again = Timer(AGAIN, signal.raise_signal, (self.code - 128,))
        again.daemon = True
        again.start()


def _print_interrupted() -> None:
    try:
        os.write(2, b"slxrd: interrupted; nothing was written\n")
    except OSError:
        return


def _open_closed_streams() -> None:
    """Give closed streams a place to write to; a file opened later would otherwise receive their texts."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115


def _limit_threads() -> None:
    """Calculate linear algebra in one thread unless the environment has a number.

    The matrices of a fit are small: threads of linear algebra wait for each other, and keep the cores from
    the threads of the fit itself. On busy cores that takes up to 25 times as long.
    """
    for name in OF_LINEAR_ALGEBRA:
        os.environ.setdefault(name, "1")


def main() -> None:
    """Run the command line."""
    _limit_threads()
    interruption = _Interruption()
    signal.signal(signal.SIGINT, interruption)
    for number in ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interruption)
    sys.unraisablehook = interruption.report_lost
    _open_closed_streams()
    gc.disable()  # a fifth of the time of imports, which leave little garbage
    from slxrd.ui.cli import main as command_line

    command_line.program(command_line.first_word())
    gc.freeze()
    gc.enable()
    interruption.importing = False
    try:
        command_line.main()
    except SystemExit as done:
        interruption.ending = True  # an exception would be printed by what runs at the exit
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                continue
        if interruption.seen and not isinstance(done.code, str):
            # Python itself would end by the signal if it had interrupted the execution of a text.
            os._exit(interruption.code if done.code == INTERRUPTED else done.code or 0)
        raise
    except Exception:
        if not interruption.seen:
            raise
        # A compiled module that is being imported makes an ImportError of an interruption.
        _print_interrupted()
        os._exit(interruption.code)


if __name__ == "__main__":
    main()
